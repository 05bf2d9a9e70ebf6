"""The receipts of parts, as a state file keeps them and a job adds them up."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs import JobError, StateError, read_receipt
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.results import compressed_receipt
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.window_digest import WindowDigest

FIRST_MS = 1_767_225_600_000


def lines(part: int, n_samples: int = 10) -> bytes:
    times = FIRST_MS + 60_000 * np.arange(part * n_samples, (part + 1) * n_samples)
    block = SeriesBlock([b'{"__name__":"y"}'], np.array([0, n_samples]), times, np.ones((1, 10)))
    return compressed_receipt([WindowDigest.of_block(block)])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A job of three parts that are sent and summed up."""
    path = tmp_path / "job.sqlite"
    with StateStore(path) as store:
        parts = [Part(number, rows=10) for number in range(3)]
        store.add_sources([SourceFile("a.csv", FileStamp(1, 1), "abc", Schema(), parts)])
        for key in (1, 2, 3):
            store.begin(key)
            store.finish(key, PartState.SENT, None, {"samples": 10}, receipt=lines(key))
    return path


def test_the_receipts_of_parts_are_added_up(state: Path) -> None:
    receipt = read_receipt(state)
    assert (receipt.samples, len(receipt.series)) == (30, 1)
    [series] = receipt.series.values()
    assert (series.first_ms, series.last_ms) == (FIRST_MS + 600_000, FIRST_MS + 39 * 60_000)


def test_a_later_receipt_takes_the_place_of_an_earlier_one_and_none_does_not(state: Path) -> None:
    with StateStore(state) as store:
        store.finish(2, PartState.SENT, receipt=lines(7))
        store.finish(3, PartState.VERIFIED)
    assert read_receipt(state).samples == 30
    [series] = read_receipt(state).series.values()
    assert series.last_ms == FIRST_MS + 79 * 60_000


def test_a_part_that_left_out_everything_needs_none(state: Path) -> None:
    with StateStore(state) as store:
        store.begin(1)
        store.finish(1, PartState.EMPTY)
        store.finish(2, PartState.SKIPPED, nothing_sent=True)  # of its one attempt
    assert read_receipt(state).samples == 10


@pytest.mark.parametrize("unfinished", [PartState.PENDING, PartState.SPOOLED, PartState.FAILED])
def test_a_job_that_is_not_finished_has_no_receipt(state: Path, unfinished: PartState) -> None:
    with StateStore(state) as store:
        store.finish(2, unfinished)
    told = rf"^receipt: parts are not finished \(1 {unfinished}\), .* run the job again"
    with pytest.raises(JobError, match=told):
        read_receipt(state)


def test_a_part_without_a_receipt_is_named(state: Path) -> None:
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("DELETE FROM receipt WHERE part = 2")
    with pytest.raises(JobError, match=r"^receipt: 1 parts have none \(first: a.csv, part 1\)"):
        read_receipt(state)
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("DROP TABLE receipt")  # as in a file of an earlier version
    with pytest.raises(JobError, match=r"^receipt: 3 parts have none \(first: a.csv, part 0\)"):
        read_receipt(state)


def test_receipts_go_with_their_source(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SourceFile("a.csv", FileStamp(2, 2), "def", Schema(), [Part(0, 10)])])
        assert not store.has_receipt(1)
    with pytest.raises(JobError, match="not finished"):
        read_receipt(state)


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b", lines(1)[:-20], b"nothing"])
def test_a_damaged_receipt_is_told_as_a_damaged_state_file(state: Path, damage: bytes) -> None:
    with closing(sqlite3.connect(state)) as connection, connection:
        connection.execute("UPDATE receipt SET lines = ? WHERE part = 2", (damage,))
    with pytest.raises(StateError, match="is torn"):
        read_receipt(state)
