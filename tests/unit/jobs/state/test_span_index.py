"""The state file knows which parts began with a series and a time range in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Part
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore(tmp_path / "job.sqlite") as store:
        parts = [Part(number, rows=1, first_ms=number, last_ms=number + 5) for number in range(6)]
        store.add_sources([SourceFile("a.parquet", FileStamp(1, 1), "f", parts=parts)])
        yield store


def spans(*series: tuple[int, int, int]) -> SeriesSpans:
    columns = np.array(sorted(series), np.int64).reshape(-1, 3).T
    return SeriesSpans(*columns)


def begin(store: StateStore, key: int, *series: tuple[int, int, int]) -> list[int]:
    others = store.overlapping(key, spans(*series), limit=10)
    store.begin(key, spans(*series), others)
    return others


def test_only_parts_with_a_series_and_a_time_in_common_are_found(store: StateStore) -> None:
    assert begin(store, 1, (-7, 0, 100), (8, 0, 5)) == []
    assert begin(store, 2, (-7, 101, 200), (8, 6, 6)) == []
    assert begin(store, 3, (-7, 100, 101), (9, 0, 300)) == [1, 2]
    assert begin(store, 4, (-7, 50, 60)) == [1]  # within a longer span
    assert begin(store, 5, (-7, -(2**40), 2**41)) == [1, 2, 3, 4]  # around shorter ones


def test_a_part_gives_way_to_those_before_it_and_they_do_not_to_it(store: StateStore) -> None:
    begin(store, 1, (7, 0, 100))
    assert begin(store, 2, (7, 50, 60)) == [1]
    assert begin(store, 1, (7, 0, 100)) == []  # tried again
    assert store.gives_way_to(2) == [1]
    assert store.gives_way_to(1) == []
    assert begin(store, 2, (7, 50, 60)) == [1]


@pytest.mark.parametrize("nothing_sent", [True, False])
def test_a_part_that_failed_takes_no_samples_from_others(
    store: StateStore, nothing_sent: bool
) -> None:
    begin(store, 1, (7, 0, 100))
    store.finish(1, PartState.FAILED, "refused", nothing_sent=nothing_sent)
    assert begin(store, 2, (7, 50, 60)) == []
    store.retry_failed()
    assert begin(store, 1, (7, 0, 100)) == [2]


def test_a_part_of_which_nothing_was_sent_in_the_end_is_not_found(store: StateStore) -> None:
    begin(store, 1, (7, 0, 100))
    store.finish(1, PartState.PENDING, nothing_sent=True)
    assert begin(store, 2, (7, 50, 60)) == []


def test_parts_without_spans_are_found_by_their_time_range(store: StateStore) -> None:
    store.begin(1)
    assert begin(store, 2, (7, 5, 9)) == [1]
    assert begin(store, 3, (7, 6, 9)) == [2]


def test_no_more_parts_are_found_than_are_asked_for(store: StateStore) -> None:
    for key in range(1, 6):
        begin(store, key, (7, 0, 100))
    assert len(store.overlapping(6, spans((7, 0, 100)), limit=3)) == 3


def test_a_part_without_samples_has_nothing_in_common(store: StateStore) -> None:
    begin(store, 1, (7, 0, 100))
    assert begin(store, 2) == []


def test_another_plan_forgets_the_spans(store: StateStore) -> None:
    store.require_options({"url": "a"})
    begin(store, 1, (7, 0, 100))
    store.finish(1, PartState.PENDING, nothing_sent=True)
    store.require_options({"url": "b"})
    parts = [Part(0, rows=1), Part(1, rows=1)]
    store.add_sources([SourceFile("a.csv", FileStamp(1, 1), "f", parts=parts)])
    store.begin(1)
    assert begin(store, 2, (7, 0, 100)) == []


def test_a_job_that_goes_on_knows_the_spans_of_earlier_runs(tmp_path: Path) -> None:
    parts = [Part(0, rows=1), Part(1, rows=1)]
    with StateStore(tmp_path / "job.sqlite") as store:
        store.add_sources([SourceFile("a.csv", FileStamp(1, 1), "f", parts=parts)])
        begin(store, 1, (7, 0, 100), (8, 0, 1))
    with StateStore(tmp_path / "job.sqlite") as store:
        assert begin(store, 2, (7, 50, 60)) == [1]
