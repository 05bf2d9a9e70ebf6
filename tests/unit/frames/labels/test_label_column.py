from __future__ import annotations

import datetime as dt
import re
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.frame_samples import minutes, read, stored
from vm_df_writer.errors import LabelError
from vm_df_writer.frames.labels.arrow_texts import ArrowTexts
from vm_df_writer.frames.labels.label_column import (
    LabelColumn,
    constant_label,
    label_from_codes,
    label_from_column,
    labels_from_rows_per_time,
)

needs_arrow = pytest.mark.skipif(find_spec("pyarrow") is None, reason="needs pyarrow")


def texts_of(label: LabelColumn) -> list[str | None]:
    assert label.codes is not None
    return [None if code < 0 else label.texts[code] for code in label.codes.tolist()]


def texts_in(held: list[Any], dtype: Any = object) -> list[str | None]:
    return texts_of(label_from_column("host", pd.Series(held, dtype=dtype), "column 'host'"))


@pytest.mark.parametrize("value", [b"a", ["a"], ("a",), {"a": 1}, 1j, object()])
def test_other_values_are_no_labels(value: object) -> None:
    message = f"labels: 'host': expected a label value, got {value!r}, a {type(value).__name__}; "
    with pytest.raises(LabelError, match=f"^{re.escape(message)}convert the column to text$"):
        constant_label("host", value, "labels: 'host'")


@pytest.mark.parametrize("dtype", [object, "string", "category", "str"])
def test_text_of_every_dtype_is_a_label(dtype: Any) -> None:
    assert texts_in(["b", None, "a", "b", ""], dtype) == ["b", None, "a", "b", None]


@needs_arrow
def test_arrow_text_is_a_label() -> None:
    import pyarrow as pa

    held, meant = ["b", None, "a", "b", ""], ["b", None, "a", "b", None]
    assert texts_in(held, "string[pyarrow]") == meant
    assert texts_in(held, pd.ArrowDtype(pa.large_string())) == meant
    for codes in (pa.int32(), pa.uint32()):
        assert texts_in(held, pd.ArrowDtype(pa.dictionary(codes, pa.string()))) == meant


@pytest.mark.parametrize(
    ("held", "dtype", "meant"),
    [
        ([1, 2, 1], "int64", ["1", "2", "1"]),
        ([1, None, 2], "Int64", ["1", None, "2"]),
        ([1.0, float("nan"), 0.5], "float64", ["1", None, "0.5"]),
        ([0.1, 1.0], "float32", ["0.1", "1"]),
        ([True, False], "bool", ["true", "false"]),
        ([True, None], "boolean", ["true", None]),
        ([1, "x", None, 2.5], object, ["1", "x", None, "2.5"]),
        ([dt.date(2026, 1, 2), None], object, ["2026-01-02", None]),
        (["2026-01-02", None], "M8[s]", ["2026-01-02T00:00:00", None]),
        ([2, 1, None], "category", ["2", "1", None]),
    ],
)
def test_other_dtypes_are_labels_too(held: list[Any], dtype: Any, meant: list[str | None]) -> None:
    assert texts_in(held, dtype) == meant


def test_numbers_that_became_floats_keep_their_series() -> None:
    assert texts_in([1, 2, 2**53], "int64") == texts_in([1.0, 2.0, 2.0**53], "float64")


def test_absent_values_share_one_code() -> None:
    label = label_from_column("host", pd.Series(["", None, "a", ""]), "column 'host'")
    assert label.codes is not None
    assert label.codes.tolist() == [-1, -1, 0, -1]
    assert list(label.texts) == ["a"]


def test_true_and_one_are_two_labels() -> None:
    assert texts_in([True, 1, 2, False, 0, 1.0]) == ["true", "1", "2", "false", "0", "1"]


def test_one_moment_in_two_zones_is_two_labels() -> None:
    moment = pd.Timestamp("2026-01-02", tz="UTC")
    held = [moment, moment.tz_convert("Europe/Berlin")]
    assert texts_in(held) == ["2026-01-02T00:00:00+00:00", "2026-01-02T01:00:00+01:00"]


def test_narrow_floats_show_their_own_digits_wherever_they_stand() -> None:
    narrow = pd.Index([0.1, 0.2], dtype="float32")
    category = label_from_column("quantile", pd.Series(pd.Categorical(narrow)), "column")
    assert texts_of(category) == ["0.1", "0.2"]
    level = pd.MultiIndex.from_arrays([["y", "y"], narrow], names=["var", "quantile"])
    frame = pd.DataFrame([[1.0, 2.0]], columns=level, index=minutes(0))
    assert list(stored(frame)) == ["y{quantile=0.1}", "y{quantile=0.2}"]


@pytest.mark.parametrize("dtype", [object, "string"])
def test_text_is_not_cut_at_a_nul(dtype: Any) -> None:
    held = ["a\0b", "a\0c", "a", "\0"]
    assert texts_in(held, dtype) == held
    assert texts_in([7, *held], object) == ["7", *held]


@pytest.mark.parametrize(
    "text", ['"', "\\", "\n", "\r\n", "\t\x00\x1f\x7f", "é\u2028😀", " ", "$VAR"]
)
def test_any_unicode_is_a_label(text: str) -> None:
    assert texts_in([text, "a"]) == [text, "a"]
    frame = pd.DataFrame({"host": [text], "y": [1.0]}, index=minutes(0))
    assert stored(frame, label_columns=["host"]) == {f"y{{host={text}}}": {0: 1.0}}


def test_a_lone_surrogate_is_refused_by_row() -> None:
    message = (
        "column 'host', row 1: expected a label value, got '\\ud800', which is not valid Unicode "
        "(a lone surrogate); convert the column to text"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        texts_in(["a", "\ud800", "\ud800"])


@pytest.mark.parametrize(
    ("bad", "kind"), [(b"x", "bytes"), (["x"], "list"), (("x",), "tuple"), ({"x": 1}, "dict")]
)
def test_what_is_no_label_is_refused_by_row(bad: object, kind: str) -> None:
    column = pd.Series(["a", None, bad, "a"], dtype=object)
    message = (
        f"column 'host', row 2: expected a label value, got {bad!r}, a {kind}; "
        "convert the column to text"
    )
    with pytest.raises(LabelError, match=f"^{re.escape(message)}$"):
        label_from_column("host", column, "column 'host'")


@pytest.mark.parametrize("unused", ["x" * 5000, "", b"bytes"])
def test_unused_categories_produce_nothing(unused: object) -> None:
    categories = pd.Index(["a", unused, "b"], dtype=object)
    hosts = pd.Categorical.from_codes([0, 2, 0], categories=categories)
    frame = pd.DataFrame({"host": hosts, "y": [1.0, 2.0, 3.0]}, index=minutes(0, 1, 2))
    assert stored(frame) == {"y{host=a}": {0: 1.0, 2: 3.0}, "y{host=b}": {1: 2.0}}
    assert len(read(frame).label_sets) == 2


def test_unused_values_of_column_levels_produce_nothing() -> None:
    columns = pd.MultiIndex.from_tuples([("y", "a"), ("y", "x" * 5000)], names=["var", "host"])
    frame = pd.DataFrame([[1.0, 2.0]], columns=columns, index=minutes(0)).iloc[:, :1]
    assert stored(frame) == {"y{host=a}": {0: 1.0}}


def test_a_constant_has_no_codes() -> None:
    label = constant_label("job", 5, "labels: 'job'")
    assert label.codes is None
    assert list(label.texts) == ["5"]
    assert label.take(np.array([0, 0])) is label


def test_labels_are_taken_tiled_and_repeated() -> None:
    label = LabelColumn("host", np.array([0, 1, -1]), ["a", "b"])
    assert texts_of(label.take(np.array([2, 0]))) == [None, "a"]
    assert texts_of(label.tile(2)) == ["a", "b", None, "a", "b", None]
    assert texts_of(label.repeat(2)) == ["a", "a", "b", "b", None, None]


@pytest.mark.parametrize(
    ("texts", "known"),
    [(["b", "a"], True), ([], True), (["b", "b"], False), (["b", None, None], False)],
)
def test_a_label_parts_all_rows_that_have_each_their_own_text(
    texts: list[str | None], known: bool
) -> None:
    pytest.importorskip("pyarrow")
    uniques = pd.Index(["a", "b", "c"], dtype=pd.StringDtype("pyarrow"))
    codes = np.array([-1 if text is None else uniques.get_loc(text) for text in texts], np.int8)
    label = LabelColumn("host", codes, ArrowTexts.of(uniques) or [])
    assert label.parts_all() is known
    assert not LabelColumn("host", codes, ["a", "b", "c"]).parts_all()  # two may be equal


@pytest.mark.parametrize("arrow", [True, False])
def test_texts_are_put_in_the_order_of_rows(arrow: bool) -> None:
    pytest.importorskip("pyarrow")
    uniques = pd.Index(list("abcd"), dtype=pd.StringDtype("pyarrow"))
    texts = (ArrowTexts.of(uniques) if arrow else None) or list("abcd")
    label = LabelColumn("host", np.array([3, -1, 0, 3, 1, 0], np.int8), texts).in_order()
    assert label.codes is not None
    assert (label.codes.tolist(), [*label.texts]) == ([0, -1, 1, 0, 2, 1], ["d", "a", "b"])


def test_codes_of_a_level_are_read_as_they_are() -> None:
    level = label_from_codes("host", np.array([1, -1, 0], np.int8), pd.Index(["", "a"]), "level")
    assert texts_of(level) == ["a", None, None]


def test_a_level_of_categories_is_read_as_their_values_are() -> None:
    categories = pd.Categorical(["b", None, "a"], categories=["unused", "a", "b"])
    level = label_from_codes("host", np.array([2, -1, 1, 0]), pd.CategoricalIndex(categories), "l")
    assert (texts_of(level), [*level.texts]) == (["a", None, None, "b"], ["a", "b"])


@given(st.lists(st.lists(st.text("a\0é", min_size=1, max_size=3), max_size=3), max_size=9))
def test_labels_have_one_key_if_their_texts_are_equal(drawn: list[list[str]]) -> None:
    def label(texts: list[str], name: str = "host", first: int = 0) -> LabelColumn:
        codes = np.roll(np.arange(len(texts)), first)
        return label_from_codes(name, codes, pd.Index(texts, dtype=object), "level")

    keys = [label(texts).key for texts in drawn]
    assert len(set(keys)) == len(set(map(tuple, drawn)))
    for texts, key in zip(drawn, keys, strict=True):
        assert label(texts, name="job").key != key
        assert len(texts) < 2 or label(texts, first=1).key != key


@pytest.mark.parametrize(
    "dtype",
    [
        *("str", "string[python]", object, "category"),
        pytest.param("string[pyarrow]", marks=needs_arrow),
    ],
)
@pytest.mark.parametrize(
    "values",
    [
        ["a", "b"] * 3,
        ["a", "b", "a", "b", "a", "a"],
        ["a", None] * 3,
        ["a", None, "a", "b", "a", "b"],
        ["", "b"] * 3,
    ],
)
def test_rows_that_may_repeat_are_read_as_any_other(values: list[Any], dtype: Any) -> None:
    column = pd.Series(values, dtype=dtype)
    expected = label_from_column("host", column, "column 'host'")
    for n_rows in (0, 2, 6):
        [label] = labels_from_rows_per_time([("host", column, "column 'host'")], n_rows)
        assert np.asarray(label.codes).tolist() == np.asarray(expected.codes).tolist()
        assert [*label.texts] == [*expected.texts]


@needs_arrow
def test_rows_that_repeat_are_counted_by_position_whatever_the_index() -> None:
    index = pd.Index([0.5, 2.0, 1.0, 3.0])
    column = pd.Series(["a", "b", "a", "b"], index=index, dtype="string[pyarrow]")
    [label] = labels_from_rows_per_time([("host", column, "column 'host'")], 2)
    assert texts_of(label) == ["a", "b", "a", "b"]


@needs_arrow
def test_long_columns_of_text_are_read_as_short_ones_are() -> None:
    codes = np.random.default_rng(0).integers(50, size=(2, 2**16))
    columns = [
        (name, pd.Series([f"{name}-{i}" for i in range(50)], dtype="str").take(each), name)
        for name, each in zip(("host", "device"), codes, strict=True)
    ]
    together = labels_from_rows_per_time([*columns, ("n", pd.Series(codes[0]), "n")], 0)
    alone = [label_from_column(name, column, name) for name, column, _ in columns]
    for label, expected in zip(together, alone, strict=False):
        assert label.name == expected.name
        assert texts_of(label) == texts_of(expected)
    assert [label.name for label in together] == ["host", "device", "n"]


@needs_arrow
def test_the_first_column_of_several_that_cannot_be_read_is_told() -> None:
    text = pd.Series(["a"] * 2**16, dtype="str")
    odd = pd.Series([b"a"] * 2**16, dtype=object)
    series: list[pd.Series] = [text, odd, odd, text]
    columns = [(n, one, f"column {n!r}") for n, one in zip("abcd", series, strict=True)]
    with pytest.raises(LabelError, match=r"^column 'b', row 0: expected a label value, got b'a'"):
        labels_from_rows_per_time(columns, 0)


def test_texts_that_rows_have_in_order_are_kept_as_they_are() -> None:
    host = LabelColumn("host", np.array([0, 0, 1]), ["a", "b"])
    assert host.in_order() is host
    constant = constant_label("host", "a", "labels")
    assert constant.in_order() is constant
