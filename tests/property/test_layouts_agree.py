from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.support.column_strategies import texts
from tests.support.frame_strategies import FORMATS, names
from tests.support.import_lines import Samples, parse_lines
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.wire.packing import pack_bodies

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.warning_classes.InexactWarning")

SCORES = st.floats() | st.sampled_from([np.nan, np.inf, 0.5, 1.25])


def meaning(
    frame: pd.DataFrame, metric_format: dict[str, str], reading: ReadingKeywords
) -> tuple[Samples, Counter[str]]:
    """Return what is stored of a frame and what is dropped."""
    read = parse_frame(frame, metric_format=metric_format, reading=ReadOptions.of(**reading))
    dropped: Counter[str] = Counter()
    for block in read.blocks():
        dropped.update(block.dropped)
    lines = pack_bodies(read.blocks(), max_bytes=2**20, max_series=10**6)
    return parse_lines(b"".join(body.data for body in lines)), dropped


@st.composite
def times(draw: st.DrawFn, n_rows: int) -> pd.DatetimeIndex:
    seconds = draw(st.lists(st.integers(0, 20), min_size=n_rows, max_size=n_rows))
    start = pd.Timestamp("2026-01-01", tz="UTC")
    return pd.DatetimeIndex([start + pd.Timedelta(seconds=s) for s in seconds], name="timestamp")


@st.composite
def wide_frames(draw: st.DrawFn) -> pd.DataFrame:
    n_rows = draw(st.integers(1, 10))
    columns = draw(names(4, least=1))
    values = draw(
        st.lists(
            st.lists(SCORES, min_size=len(columns), max_size=len(columns)),
            min_size=n_rows,
            max_size=n_rows,
        )
    )
    columns_index = pd.Index(columns, dtype=object)
    return pd.DataFrame(values, index=draw(times(n_rows)), columns=columns_index)


@given(wide_frames(), st.sampled_from(FORMATS), st.sampled_from(["last", "first", "max", "keep"]))
def test_wide_and_its_melted_and_long_forms_are_one(
    wide: pd.DataFrame, metric_format: dict[str, str], duplicates: str
) -> None:
    policies: ReadingKeywords = {"query_key": "q", "duplicates": duplicates}  # type: ignore[typeddict-item]
    expected = meaning(wide, metric_format, {**policies, "layout": "wide"})
    melted = wide.melt(ignore_index=False)
    assert meaning(melted, metric_format, {**policies, "layout": "melted"}) == expected
    assert meaning(melted.reset_index(), metric_format, policies) == expected
    long = wide.reset_index()
    reading: ReadingKeywords = {**policies, "layout": "long", "value_columns": list(wide)}
    assert meaning(long, metric_format, reading) == expected


@given(wide_frames(), st.data())
def test_wide_with_levels_and_its_stacked_form_are_one(
    wide: pd.DataFrame, data: st.DataObject
) -> None:
    n_columns = wide.shape[1]
    hosts = data.draw(st.lists(texts().filter(bool), min_size=n_columns, max_size=n_columns))
    hosts = [host.replace("\0", "0") for host in hosts]
    columns = [str(var) for var in wide]
    assume(not any("\0" in column for column in columns))  # pandas 2 cuts levels there
    levels = pd.MultiIndex.from_arrays([columns, hosts], names=["var", "host"])
    with_levels = wide.set_axis(levels, axis=1)
    rows = [
        wide[[var]].set_axis(["value"], axis=1).assign(variable=var, host=host)
        for var, host in zip(columns, hosts, strict=True)
    ]
    expected = meaning(with_levels, FORMATS[1], {"query_key": "q"})
    melted = pd.concat(rows)
    reading: ReadingKeywords = {"query_key": "q", "label_columns": ["host"]}
    assert meaning(melted, FORMATS[1], {**reading, "layout": "melted"}) == expected
    as_levels = melted.set_index(["host"], append=True)
    assert meaning(as_levels, FORMATS[1], {**reading, "layout": "melted"}) == expected
    as_categories = melted.astype({"host": "category", "variable": "category"})
    assert meaning(as_categories, FORMATS[1], {**reading, "layout": "melted"}) == expected


@given(wide_frames())
def test_a_column_of_labels_and_a_level_of_columns_are_one(wide: pd.DataFrame) -> None:
    reading: ReadingKeywords = {"query_key": "q"}
    by_name = meaning(
        wide, FORMATS[1], {**reading, "layout": "wide", "var": "y", "column_label": "host"}
    )
    levels = pd.MultiIndex.from_arrays([["y"] * wide.shape[1], wide.columns], names=["var", "host"])
    assert meaning(wide.set_axis(levels, axis=1), FORMATS[1], reading) == by_name
