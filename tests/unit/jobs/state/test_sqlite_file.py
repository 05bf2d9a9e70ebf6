"""The state file as a file: whose it is, and what its one name is."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from vm_df_writer.jobs import StateError, read_report
from vm_df_writer.jobs.state.sqlite_file import claim, is_claimed
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "job.sqlite"


def test_a_file_is_held_under_every_name_of_it(state: Path) -> None:
    with StateStore(state):
        link, hard_link = state.with_name("link.sqlite"), state.with_name("hard.sqlite")
        link.symlink_to(state.name)
        hard_link.hardlink_to(state)
        with pytest.raises(
            StateError,
            match=r"hard\.sqlite: the file has 2 names \(hard links\), under which two jobs could "
            r"write to it at a time; remove all but one, or make a copy of it$",
        ):
            StateStore(hard_link)
        with pytest.raises(StateError, match="has 2 names"):
            read_report(hard_link)
        hard_link.unlink()
        with pytest.raises(StateError, match=r"job\.sqlite: in use by process"):
            StateStore(link)
        assert read_report(link).outcome == "running"
    StateStore(link, restart=True).close()
    assert link.is_symlink()
    assert {path.name for path in state.parent.iterdir()} == {
        *("job.sqlite", "job.sqlite-lock", "link.sqlite"),
    }


def test_a_claim_does_not_outlive_its_process_in_a_fork(state: Path) -> None:
    script = """
import os, sys, time
from pathlib import Path
from vm_df_writer.jobs.state.sqlite_file import claim
held = claim(Path(sys.argv[1]))
if os.fork() == 0:
    time.sleep(60)
print(os.getpid(), flush=True)
os.close(1)
time.sleep(60)
"""
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script, str(state)], stdout=subprocess.PIPE, start_new_session=True
    ) as owner:
        assert owner.stdout is not None
        try:
            assert owner.stdout.readline().strip() == str(owner.pid).encode()
            assert is_claimed(state)
            owner.kill()
            owner.wait()
            assert not is_claimed(state)
            os.killpg(owner.pid, 0)  # the fork is still there
            claim(state).close()
        finally:
            os.killpg(owner.pid, signal.SIGKILL)


def test_links_in_a_circle_are_no_file(state: Path) -> None:
    state.symlink_to(state)
    for use in (StateStore, read_report):
        with pytest.raises(StateError, match=r"job\.sqlite: cannot be opened \(.+\); check the p"):
            use(state)


def test_a_pipe_is_no_state_file(state: Path) -> None:
    os.mkfifo(state)
    for use in (StateStore, read_report):
        with pytest.raises(
            StateError, match=r"job\.sqlite: is not a regular file; name another one"
        ):
            use(state)
    assert list(state.parent.iterdir()) == [state]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("content", [b"time,y\n1,2\n", b"SQLite format 3\0" + bytes(200)])
def test_a_file_of_somebody_else_is_not_touched(
    content: bytes, state: Path, *, restart: bool
) -> None:
    state.write_bytes(content)
    with pytest.raises(StateError, match=r"job\.sqlite: is no state file of a job; name another"):
        StateStore(state, restart=restart)
    assert state.read_bytes() == content
    assert list(state.parent.iterdir()) == [state]


def test_another_version_is_refused_unless_to_begin_anew(state: Path) -> None:
    StateStore(state).close()
    with sqlite3.connect(state) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(
        StateError,
        match=r"job\.sqlite: is of format 99, and this version of vm_df_writer reads format 3; go "
        r"on with the version that made it, or begin anew with restart=$",
    ):
        StateStore(state)
    StateStore(state, restart=True).close()


def test_a_file_that_was_cut_off_before_its_first_byte_is_a_new_one(state: Path) -> None:
    state.touch()
    StateStore(state).close()


def test_there_must_be_a_folder_for_it(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"cannot be opened or written \(unable to open database"):
        StateStore(tmp_path / "nowhere" / "job.sqlite")
