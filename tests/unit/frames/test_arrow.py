from __future__ import annotations

import re
import sys

import pandas as pd
import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.frames.arrow import frame_from_arrow

pa = pytest.importorskip("pyarrow")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("int64", [2**62 + 1, None]),
        ("uint64", [2**64 - 1, None]),
        ("float", [0.5, None]),
        ("bool", [True, None]),
        ("large_string", ["a", None]),
    ],
)
def test_a_column_keeps_the_type_and_the_digits_that_it_has_in_arrow(
    kind: str, values: list[object]
) -> None:
    frame = frame_from_arrow(pa.table({"y": pa.array(values, kind)}))
    assert frame.dtypes["y"] == pd.ArrowDtype(pa.array([], kind).type)
    assert frame["y"][0] == values[0]
    assert frame["y"].isna().tolist() == [False, True]


def test_numbers_are_not_copied() -> None:
    column = pa.array([1.5, 2.5])
    frame = frame_from_arrow(pa.table({"y": column}))
    taken = pa.chunked_array(pa.array(frame["y"]))
    assert taken.chunk(0).buffers()[1].address == column.buffers()[1].address


def test_a_dictionary_becomes_a_categorical() -> None:
    hosts = pa.array(["a", None, "b", "a"]).dictionary_encode()
    column = frame_from_arrow(pa.table({"host": hosts}))["host"]
    assert isinstance(column.dtype, pd.CategoricalDtype)
    assert column.tolist()[2:] == ["b", "a"]
    assert column.isna().tolist() == [False, True, False, False]


def test_a_dictionary_may_have_indices_of_any_width() -> None:
    for width in (pa.int8(), pa.uint32(), pa.int64()):
        hosts = pa.DictionaryArray.from_arrays(pa.array([1, 0], width), pa.array(["a", "b"]))
        assert frame_from_arrow(pa.table({"host": hosts}))["host"].tolist() == ["b", "a"]


def test_a_column_of_nulls_holds_missing_numbers() -> None:
    column = frame_from_arrow(pa.table({"y": pa.nulls(2)}))["y"]
    assert column.dtype == "double[pyarrow]"
    assert column.isna().all()


def test_views_of_text_and_of_bytes_are_read() -> None:
    try:
        pa.array(["a"], pa.string_view()).cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        pytest.skip("this pyarrow has no way out of views")
    table = pa.table(
        {"host": pa.array(["a"], pa.string_view()), "raw": pa.array([b"b"], pa.binary_view())}
    )
    frame = frame_from_arrow(table)
    assert frame["host"].tolist() == ["a"]
    assert frame["raw"].tolist() == [b"b"]


def test_empty_pieces_are_left_out_and_an_empty_table_is_an_empty_frame() -> None:
    hosts = pa.array(["a", "b"]).dictionary_encode()
    pieces = pa.chunked_array([hosts[:0], hosts[:1], hosts[1:1], hosts[1:]])
    assert frame_from_arrow(pa.table({"host": pieces}))["host"].tolist() == ["a", "b"]
    empty = frame_from_arrow(pa.table({"host": hosts, "y": [1.0, 2.0]})[:0])
    assert empty.shape == (0, 2)
    assert empty.columns.tolist() == ["host", "y"]


def test_whatever_exports_arrow_is_a_table() -> None:
    class Foreign:
        def __init__(self, table: object) -> None:
            self._table = table

        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return self._table.__arrow_c_stream__(requested_schema)  # type: ignore[attr-defined]

    frame = frame_from_arrow(Foreign(pa.table({"y": [1.5]})))
    assert frame["y"].tolist() == [1.5]


def test_what_arrow_cannot_read_is_refused_with_its_reason() -> None:
    said = re.escape("frame: the int cannot be read through Arrow (")
    advice = re.escape(
        "); convert its columns to types that Arrow has, such as 64-bit numbers and text"
    )
    with pytest.raises(FrameError, match=f"^{said}.+{advice}$"):
        frame_from_arrow(5)


def test_without_pyarrow_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"y": [0.5]})
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = "frame: a Table is read through Arrow, and pyarrow is not installed; pip install 'vm"
    with pytest.raises(FrameError, match=message):
        frame_from_arrow(table)
