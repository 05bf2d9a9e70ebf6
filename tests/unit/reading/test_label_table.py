from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.reading.label_table import FrameNames, LabelTable, codes_of

FORMAT = {"__name__": "vm_$VAR", "for": "$QUERY_KEY"}


def table_of(*series: dict[str, str]) -> LabelTable:
    return LabelTable.of(series, FORMAT, FrameNames())


def test_a_label_that_a_series_lacks_is_none() -> None:
    table = table_of(
        {"__name__": "vm_y", "for": "cpu", "host": "a"}, {"__name__": "vm_z", "zone": "b"}
    )
    assert table.names == ("var", "query_key", "host", "zone")
    assert table.rows == [("y", "cpu", "a", None), ("z", None, None, "b")]


def test_without_query_keys_there_is_no_column_of_them() -> None:
    assert table_of({"__name__": "vm_y", "host": "a"}).names == ("var", "host")


def test_one_series_of_another_format_leaves_all_labels_as_they_are_stored() -> None:
    table = table_of({"__name__": "vm_y", "for": "cpu"}, {"__name__": "up", "job": "x"}, {"a": "b"})
    assert not table.is_of_format
    assert table.names == ("__name__", "a", "for", "job")
    assert table.rows[0] == ("vm_y", None, "cpu", None)
    assert table.rows[2] == (None, "b", None, None)


@pytest.mark.parametrize(("label", "keyword"), [("var", "var_level"), ("query_key", "query_key_")])
def test_a_label_called_as_a_role_is_refused(label: str, keyword: str) -> None:
    with pytest.raises(FrameError, match=f"a label '{label}'.*another name with {keyword}"):
        table_of({"__name__": "vm_y", "for": "cpu", label: "a"})


def test_a_role_may_have_another_name() -> None:
    labels = {"__name__": "vm_y", "for": "cpu", "var": "a"}
    table = LabelTable.of([labels], FORMAT, FrameNames(var="metric"))
    assert table.names == ("metric", "query_key", "var")


def test_series_vary_in_some_names() -> None:
    table = table_of(
        {"__name__": "vm_y", "for": "cpu", "host": "a"}, {"__name__": "vm_y", "for": "cpu"}
    )
    assert table.varying() == ["host"]
    assert table.order() == [1, 0]
    assert table.without(["query_key"]).rows == [("y", "a"), ("y", None)]


def test_labels_that_differ_after_a_nul_are_two() -> None:
    codes, texts = codes_of(["a\0b", None, "a\0c", "a\0b"])
    assert (codes.tolist(), texts) == ([0, -1, 1, 0], ["a\0b", "a\0c"])


def test_codes_are_as_short_as_they_can_be() -> None:
    codes = codes_of(["a", None, "b"]).repeat(np.array([2, 1, 3]))
    assert codes.codes.tolist() == [0, 0, -1, 1, 1, 1]
    assert codes.codes.dtype == np.int8
    many = codes_of([str(i) for i in range(200)]).repeat(np.ones(200, np.int64))
    assert many.codes.max() == 199
