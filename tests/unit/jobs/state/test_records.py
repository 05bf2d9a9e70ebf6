"""What SQLite finds well built may hold values that are none."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.job_state import SOURCE
from vm_df_writer.jobs import StateError, read_report
from vm_df_writer.jobs.state.records import JobReading, PartState
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "job.sqlite"


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE job SET value = 'x' WHERE name = 'options'",
        "UPDATE job SET value = '[1]' WHERE name = 'options'",
        "UPDATE job SET value = '{\"a\": 1}' WHERE name = 'reading'",
        "UPDATE source SET columns = 'x'",
        "UPDATE source SET columns = '[]'",
        'UPDATE source SET columns = \'{"a": 1, "columns": 5}\'',
        "UPDATE part SET state = 'x'",
        "UPDATE part SET totals = 'x'",
        "UPDATE part SET totals = '[1]'",
        'UPDATE part SET totals = \'{"samples": "x"}\'',
        "UPDATE part SET totals = '{\"dropped\": 5}'",
        "UPDATE part SET rows = 'x'",
        "UPDATE run SET started = 'x'",
        "UPDATE run SET samples = 'x'",
        "DROP TABLE part",
    ],
)
def test_a_value_that_cannot_be_read_is_told_as_a_damaged_file(state: Path, damage: str) -> None:
    with StateStore(state) as store:
        store.require_options({"a": 1})
        store.add_sources([SOURCE])
        store.set_reading(JobReading({"time": "t"}, "time=t"))
        store.begin(1)
        store.finish(1, PartState.SENT, None, {"samples": 3})
        store.end_run("done")
    with sqlite3.connect(state) as connection:
        connection.execute(damage)
    connection.close()
    told = 0
    with suppress(StateError):
        str(read_report(state))
        told -= 1
    told += 1
    for look in (
        lambda store: store.require_options({"a": 1}),
        lambda store: store.reading(),
        lambda store: list(store.sources()),
        lambda store: store.parts(),
        lambda store: store.part(1),
        lambda store: store.counts(),
    ):
        with StateStore(state) as store:
            try:
                look(store)
            except StateError as error:
                assert "job.sqlite: is torn (" in str(error)  # noqa: PT017
                told += 1
    assert told
