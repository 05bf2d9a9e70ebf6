from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from functools import partial
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.column_strategies import IS_PANDAS_3, time_columns
from tests.support.frame_strategies import Case, cases
from tests.support.import_lines import parse_lines
from vm_df_writer import VmWriter, to_import_lines
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames import grouping, wide
from vm_df_writer.frames.parse import ParsedFrame, parse_frame
from vm_df_writer.frames.samples import time_order
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire import import_lines
from vm_df_writer.wire.packing import pack_bodies

pytestmark = pytest.mark.filterwarnings("ignore::vm_df_writer.VmDfWriterWarning")


def read(case: Case) -> ParsedFrame:
    return parse_frame(
        case.frame, metric_format=case.metric_format, reading=ReadOptions.of(**case.reading)
    )


def lines_of(case: Case, frame: pd.DataFrame | None = None) -> bytes:
    frame = case.frame if frame is None else frame
    return b"".join(to_import_lines(frame, metric_format=case.metric_format, **case.reading))


@given(cases())
def test_every_sample_and_label_comes_back(case: Case) -> None:
    assert parse_lines(lines_of(case)) == case.expected.stored


@given(cases())
def test_every_cell_is_stored_or_dropped_for_a_reason(case: Case) -> None:
    reading = read(case)
    dropped: Counter[str] = Counter()
    n_samples = sub_millisecond = 0
    for block in reading.blocks():
        n_samples += block.n_samples
        dropped.update(block.dropped)
        sub_millisecond += block.adjusted.get("sub_millisecond", 0)
    expected = case.expected
    assert dropped == expected.dropped
    assert n_samples + dropped.total() == reading.n_samples == len(case.cells)
    if case.reading.get("duplicates") != "max":  # of equal times either one may have been floored
        assert sub_millisecond == expected.sub_millisecond


@given(cases(partial(time_columns, unique=True)), st.data())
def test_row_order_does_not_matter_where_times_are_unique(case: Case, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(case.frame))))
    shuffled = case.frame.iloc[order]
    assert parse_lines(lines_of(case, shuffled)) == parse_lines(lines_of(case))


@given(cases(), st.integers(1, 400), st.integers(1, 4), st.integers(1, 5))
def test_cutting_at_any_limit_stores_the_same(
    case: Case, max_bytes: int, max_series: int, max_samples_per_line: int
) -> None:
    reading = read(case)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_lines, "MAX_SAMPLES_PER_LINE", max_samples_per_line)
        packed = list(pack_bodies(reading.blocks(), max_bytes=max_bytes, max_series=max_series))
    assert parse_lines(b"".join(body.data for body in packed)) == case.expected.stored
    for body in packed:
        lines = body.data.splitlines(keepends=True)
        assert len(body.data) <= max_bytes or len(lines) == 1
        stored = parse_lines(body.data)
        assert body.n_series == len(stored) <= max_series
        assert body.n_samples == sum(map(len, stored.values()))
        assert len(body.counts.label_sets) == len(lines)
        for line, *row in zip(lines, *_columns(body.counts), strict=True):
            ((labels, samples),) = parse_lines(line).items()
            assert frozenset(json.loads(row[0]).items()) == labels
            assert row[1:] == [len(samples), samples[0][0], samples[-1][0]]
            assert len(samples) <= max_samples_per_line


def _columns(table: SampleCounts) -> list[list[Any]]:
    numbers = (table.samples, table.first_ms, table.last_ms)
    return [list(table.label_sets), *(column.tolist() for column in numbers)]


@pytest.mark.parametrize("block_samples", [1, 7])
@given(case=cases())
def test_size_of_a_block_does_not_matter(case: Case, block_samples: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for module in (wide, grouping):
            patch.setattr(module, "BLOCK_SAMPLES", block_samples)
        patch.setattr(time_order.cut_by_time, "__defaults__", (block_samples,))
        assert parse_lines(lines_of(case)) == case.expected.stored


@pytest.mark.parametrize("copies_on_write", [None] if IS_PANDAS_3 else [False, True])
@given(case=cases())
def test_the_callers_frame_is_not_modified(case: Case, copies_on_write: bool | None) -> None:
    before = case.frame.copy(deep=True)
    mode = () if copies_on_write is None else ("mode.copy_on_write", copies_on_write)
    with pd.option_context(*mode) if mode else nullcontext():
        lines_of(case)
    pd.testing.assert_frame_equal(
        case.frame, before, check_exact=True, check_names=True, check_freq=True
    )


@given(cases(), st.integers(64, 70).map(lambda kibibytes: kibibytes * 1024))
def test_a_preview_tells_what_a_write_counts(case: Case, max_bytes: int) -> None:
    # Nothing listens there, and nobody asks.
    url = "http://localhost:9"
    with VmWriter(url, metric_format=case.metric_format, batch_max_bytes=max_bytes) as writer:
        preview = writer.preview(case.frame, **case.reading)
        report = writer.write(case.frame, dry_run=True, **case.reading)
    assert preview.dropped == report.dropped
    assert preview.adjusted == report.adjusted
    assert preview.bytes_raw == report.bytes_raw
    assert (preview.series, preview.samples) == (report.series, report.undelivered)
    assert (preview.first_ms, preview.last_ms) == (report.first_ms, report.last_ms)
    assert report.total == len(case.cells)
    samples = preview.to_frame()["samples"].tolist()
    assert samples == report.to_frame()["undelivered"].tolist()
    assert samples == list(map(len, parse_lines(lines_of(case)).values()))
