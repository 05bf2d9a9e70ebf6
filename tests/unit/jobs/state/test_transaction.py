"""What is noted together is on the disk together, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.job_state import SOURCE, TOTALS
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore


def test_a_kill_before_the_end_leaves_nothing_of_it(tmp_path: Path) -> None:
    state = tmp_path / "job.sqlite"
    script = f"""
import os
from pathlib import Path
from vm_df_writer.jobs.state.store import PartState, StateStore
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.source_file import SourceFile
store = StateStore(Path({str(state)!r}))
store.add_sources([{SOURCE!r}])
with store.together():
    store.begin(1)
with store.together():
    store.finish(1, PartState.SENT, None, {TOTALS!r})
    store.begin(2)
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603
    assert done.returncode == -9
    with StateStore(state) as store:
        assert [(part.state, part.attempts) for part in store.parts()] == [
            (PartState.PENDING, 1),
            (PartState.PENDING, 0),
        ]


def test_an_interrupt_amid_it_undoes_all_of_it_and_what_follows_is_noted(tmp_path: Path) -> None:
    def interrupted(store: StateStore) -> None:
        with store.together():
            store.begin(1)
            store.finish(2, PartState.FAILED, "odd")
            raise KeyboardInterrupt

    with StateStore(tmp_path / "job.sqlite") as store:
        store.add_sources([SOURCE])
        with pytest.raises(KeyboardInterrupt):
            interrupted(store)
        assert store.counts() == {PartState.PENDING: 2}
        assert not store.was_sent()
        store.begin(1)
        assert store.was_sent()
