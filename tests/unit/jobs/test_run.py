"""What a run makes of what earlier runs have left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from vm_df_writer import WriterConfig
from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs import JobOptions
from vm_df_writer.jobs.run import JobRun
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec


class Spooled:
    """A job of one part, of whose 100 samples 60 are in two files of a spool folder."""

    def __init__(self, store: StateStore, folder: Path) -> None:
        self.store = store
        self.files = [folder / f"{number}.jsonl.gz" for number in (1, 2)]
        store.add_sources(
            [SourceFile("a.csv", FileStamp(1, 1), "abc", Schema(), [Part(0, rows=100)])]
        )
        totals = {"samples": 40, "undelivered": 60, "spooled": [str(file) for file in self.files]}
        store.begin(1)
        store.finish(1, PartState.SPOOLED, "kept", totals)

    def settle(self) -> PartRecord:
        config = WriterConfig(datasource_url="http://127.0.0.1:1")
        spec = JobSpec.of(config, {}, JobOptions())
        JobRun(self.store, spec, Stop(), False, print).settle_spooled_parts()
        (record,) = self.store.parts()
        return record


@pytest.fixture
def spooled(tmp_path: Path) -> Iterator[Spooled]:
    with StateStore(tmp_path / "job.sqlite") as store:
        yield Spooled(store, tmp_path)


def receipt(file: Path) -> Path:
    return file.with_name(file.name.replace(".jsonl.gz", ".delivered"))


def test_a_part_is_sent_once_all_its_receipts_are_there_which_it_takes(spooled: Spooled) -> None:
    for file in spooled.files:
        receipt(file).touch()
    record = spooled.settle()
    assert (record.state, record.reason) == (PartState.SENT, None)
    assert (record.totals["samples"], record.totals["undelivered"]) == (100, 0)
    assert not any(receipt(file).exists() for file in spooled.files)


def test_a_part_waits_as_long_as_a_replay_may_still_come(spooled: Spooled) -> None:
    spooled.files[1].touch()
    assert spooled.settle().state is PartState.SPOOLED


def test_a_part_whose_file_is_gone_without_a_receipt_is_sent_again(spooled: Spooled) -> None:
    receipt(spooled.files[0]).touch()
    record = spooled.settle()
    assert record.state is PartState.PENDING
    assert record.reason == (
        f"{spooled.files[1]} is gone from the spool folder, and no receipt shows that it was "
        "delivered; all of the part is sent again"
    )
