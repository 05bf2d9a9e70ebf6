from __future__ import annotations

from vm_df_writer.frames.roles.proposals import Proposal, shown_values

PROPOSAL = Proposal(["host"], ["y", "rack"])


def test_a_column_that_becomes_a_label_is_no_value_any_more() -> None:
    said = "label_columns=['host', 'rack'], value_columns=['y']"
    assert PROPOSAL.with_label("rack") == said


def test_a_column_that_becomes_a_value_is_no_label_any_more() -> None:
    assert PROPOSAL.with_value("host") == "label_columns=[], value_columns=['y', 'rack', 'host']"


def test_a_column_that_has_the_role_already_is_named_once() -> None:
    assert PROPOSAL.with_label("host") == "label_columns=['host'], value_columns=['y', 'rack']"
    assert PROPOSAL.with_value("y") == "label_columns=['host'], value_columns=['rack', 'y']"


def test_columns_that_are_left_out_have_no_role() -> None:
    assert PROPOSAL.without("host", "rack") == "label_columns=[], value_columns=['y']"
    assert PROPOSAL.without() == "label_columns=['host'], value_columns=['y', 'rack']"


def test_names_are_shown_as_code() -> None:
    assert (
        Proposal([7], [("a", "b")]).with_label() == "label_columns=[7], value_columns=[('a', 'b')]"
    )


def test_three_values_are_shown_and_more_only_hinted_at() -> None:
    assert shown_values([]) == ""
    assert shown_values([1, "a", None]) == "1, 'a', None"
    assert shown_values(range(4)) == "0, 1, 2, ..."


def test_a_long_value_is_cut() -> None:
    assert shown_values(["x" * 58]) == repr("x" * 58)
    cut = shown_values(["x" * 59])
    assert len(cut) == 60
    assert cut == "'" + "x" * 56 + "..."
