"""Frames that nobody meant well: each is read, with an account that closes, or refused in words."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from tests.support.column_strategies import number_columns, other_labels, text_columns, time_columns
from tests.support.import_lines import parse_lines
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import VmDfWriterError
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.wire.packing import pack_bodies

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.VmDfWriterWarning")

ODD_NAMES: list[Any] = [
    "y", "yhat", "host", "timestamp", "time", "value", "variable", "query_key", "var", "for", "1",
    "", "__name__", "\ud800", None, np.nan, 0, 1, True, 1.5, ("a", "b"), b"y",
]  # fmt: skip
NAMES = st.sampled_from(ODD_NAMES)
PLAIN_NAMES = st.sampled_from(ODD_NAMES[:11])
ODD_VALUES: list[Any] = [
    None, np.nan, pd.NA, pd.NaT, np.inf, 0, 1, 2**70, 10**400, 1.5, True, "", "a", "1", "n/a", b"b",
    1j, Decimal("0.1"), Decimal("sNaN"), Decimal("Infinity"), Fraction(1, 3), [1], {"a": 1}, ("t",),
    pd.Timestamp("2026-01-01"), pd.Timestamp("2026-01-01", tz="Europe/Berlin"), dt.date(2026, 1, 1),
    dt.timedelta(1), dt.time(1), pd.Period("2026", "Y"), pd.Interval(0, 1), np.float32(0.1),
    np.int64(2**53 + 1), np.datetime64("2026-01-01"), "2026-01-01T00:00:00Z", 1767225600, object,
]  # fmt: skip
ODD_DTYPES = ["category", "complex128", "timedelta64[s]", "datetime64[ms]", "Sparse[int64]", "S1"]


def any_names(n: int) -> st.SearchStrategy[list[Any]]:
    """Draw names that are plain and differ, or any."""
    plain = st.lists(PLAIN_NAMES, min_size=n, max_size=n, unique=True)
    return plain | plain | st.lists(NAMES, min_size=n, max_size=n)


@st.composite
def odd_columns(draw: st.DrawFn, n_rows: int) -> pd.Series:
    kind = draw(st.sampled_from(["numbers", "text", "labels", "times", "objects", "dtypes"]))
    if kind == "numbers":
        return draw(number_columns(n_rows)).held
    if kind == "text":
        return draw(text_columns(n_rows)).held
    if kind == "labels":
        return draw(other_labels(n_rows)).held
    if kind == "times":
        return draw(time_columns(n_rows)).held
    if kind == "objects":
        few = draw(st.lists(st.sampled_from(ODD_VALUES), min_size=1, max_size=3))
        held = draw(st.lists(st.sampled_from(few), min_size=n_rows, max_size=n_rows))
        array = np.empty(n_rows, dtype=object)
        array[:] = held
        if {type(value) for value in few} & {int, float} and pd.__version__ < "3":
            return pd.Series(array, dtype=object)  # pandas 2 cannot look at all numbers together
        return pd.Series(array)
    ones: pd.Series = pd.Series([1] * n_rows).astype(draw(st.sampled_from(ODD_DTYPES)))
    return ones


@st.composite
def odd_frames(draw: st.DrawFn) -> pd.DataFrame:
    n_rows, n_columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    if draw(st.integers(0, 30)) == 30:
        n_rows = 0
    any_column = plain_columns(n_rows) if draw(st.booleans()) else odd_columns(n_rows)
    columns = [draw(any_column) for _ in range(n_columns)]
    frame = pd.DataFrame(dict(enumerate(columns)), index=range(n_rows))
    names = draw(any_names(n_columns))
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    try:
        frame.index = draw(odd_indexes(n_rows))
        if draw(st.integers(0, 4)) == 0:
            parts = [[draw(NAMES) for _ in names] for _ in range(draw(st.integers(1, 3)))]
            frame.columns = pd.MultiIndex.from_arrays(parts, names=[draw(NAMES) for _ in parts])
    except (TypeError, ValueError, NotImplementedError, Warning):
        reject()  # pandas itself cannot hold this
    return frame


@st.composite
def odd_indexes(draw: st.DrawFn, n_rows: int) -> pd.Index:
    n_levels = draw(st.sampled_from([1, 1, 1, 0, 2, 3]))
    if n_levels == 0:
        return pd.RangeIndex(n_rows)
    times = draw(time_columns(n_rows))
    names = ["t", "dc", "rack"][:n_levels] if draw(st.booleans()) else draw(any_names(n_levels))
    if n_levels == 1:
        held = times.held if draw(st.booleans()) else draw(odd_columns(n_rows))
        index: pd.Index = pd.Index(held, dtype=held.dtype, name=names[0])
        return index
    labels = text_columns(n_rows, is_level=True) | other_labels(n_rows)
    levels = [times.held, *(draw(labels).held for _ in names[1:])]
    return pd.MultiIndex.from_arrays(levels, names=names)


@st.composite
def plain_columns(draw: st.DrawFn, n_rows: int) -> pd.Series:
    columns = number_columns(n_rows) | number_columns(n_rows) | text_columns(n_rows)
    return draw(columns).held


@st.composite
def odd_readings(draw: st.DrawFn) -> dict[str, Any]:
    some_names = st.lists(NAMES, max_size=3)
    keywords: dict[str, st.SearchStrategy[Any]] = {
        "layout": st.sampled_from(["auto", "wide", "long", "melted"]),
        "query_key": st.sampled_from(["cpu", "", "$VAR"]),
        "labels": st.dictionaries(
            st.sampled_from(["job", "host", "", "for"]), st.sampled_from(ODD_VALUES), max_size=1
        ),
        "time": NAMES,
        "time_unit": st.sampled_from(["s", "ms", "us", "ns"]),
        "naive_tz": st.sampled_from(["UTC", "Europe/Berlin"]),
        "label_columns": some_names,
        "value_columns": some_names,
        "var": st.sampled_from(["y", ""]),
        "column_label": st.sampled_from(["host", "for", "__name__", ""]),
        "var_level": st.sampled_from(["var", "y"]),
        "query_key_level": st.sampled_from(["query_key", "host"]),
        "variable_column": NAMES,
        "value_column": NAMES,
        "provide_series": st.lists(st.sampled_from(["y", "1", "a"]), max_size=2),
        "duplicates": st.sampled_from(["last", "first", "max", "error", "keep"]),
        "inf": st.sampled_from(["drop", "error", "keep"]),
        "significant_figures": st.integers(1, 17),
        "round_digits": st.integers(-3, 10),
    }
    chosen = draw(st.lists(st.sampled_from(list(keywords)), max_size=2, unique=True))
    return {"query_key": "q"} | {name: draw(keywords[name]) for name in chosen}


@given(odd_frames(), odd_readings())
def test_any_frame_is_read_or_refused_in_words(
    frame: pd.DataFrame, reading: dict[str, Any]
) -> None:
    try:
        found = parse_frame(frame, reading=ReadOptions.of(**reading))
    except VmDfWriterError:
        return
    # From here on nothing may be refused any more: requests are under way.
    dropped: Counter[str] = Counter()
    for block in found.blocks():
        dropped.update(block.dropped)
    bodies = pack_bodies(found.blocks(), max_bytes=2**16, max_series=10)
    series = parse_lines(b"".join(body.data for body in bodies))
    assert sum(map(len, series.values())) + dropped.total() == found.n_samples
    assert len(series) <= len(found.label_sets)
