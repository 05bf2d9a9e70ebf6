from __future__ import annotations

from vm_df_writer.display.series_names import describe_labels, describe_rows

A, B = ("host", "a"), ("host", "b")
X, Z = ("zone", "x"), ("zone", "z")


def test_labels_are_named_in_their_order() -> None:
    assert describe_labels((A, X)) == "host=a, zone=x"
    assert describe_labels(()) == ""


def test_what_all_rows_share_is_not_repeated() -> None:
    assert describe_rows([(A, X), (A, Z)]) == ["x", "z"]


def test_rows_that_differ_in_several_labels_name_them() -> None:
    assert describe_rows([(A, X), (B, Z)]) == ["host=a, zone=x", "host=b, zone=z"]


def test_a_row_that_lacks_the_one_label_is_empty() -> None:
    assert describe_rows([(A, X), (X,)]) == ["a", ""]


def test_a_row_alone_has_its_value_or_all_its_labels() -> None:
    assert describe_rows([(A,)]) == ["a"]
    assert describe_rows([(A, X)]) == ["host=a, zone=x"]
    assert describe_rows([()]) == [""]
    assert describe_rows([]) == []
