"""The state file: what is in it stays, and nobody else touches it meanwhile."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.job_state import SOURCE, TOTALS
from tests.support.nobody import as_nobody, folder_of_all
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs import JobError, StateError, read_report
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "job.sqlite"


def test_what_is_entered_is_found_again(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        first, _ = store.parts()
        store.begin(first.id)
        store.finish(first.id, PartState.SENT, None, TOTALS)
    with StateStore(state) as store:
        assert list(store.sources()) == [replace(SOURCE, parts=())]
        sent, pending = store.parts()
        assert (sent.part, sent.state, sent.attempts) == (SOURCE.parts[0], PartState.SENT, 1)
        assert sent.totals == TOTALS
        assert (pending.part, pending.state, pending.attempts) == (
            *(SOURCE.parts[1], PartState.PENDING, 0),
        )
        assert [record.id for record in store.parts(PartState.PENDING)] == [pending.id]


def test_what_is_marked_survives_a_kill(state: Path) -> None:
    script = f"""
import os
from pathlib import Path
from vm_df_writer.jobs.state.store import PartState, StateStore
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.source_file import SourceFile
store = StateStore(Path({str(state)!r}))
store.add_sources([{SOURCE!r}])
store.begin(1)
store.finish(1, PartState.SENT, None, {TOTALS!r})
store.begin(2)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)  # noqa: S603
    assert done.returncode == -9
    report = read_report(state)
    assert (report.outcome, report.samples, report.rows_left) == ("killed", 10, 5)
    assert [(failure.number, failure.reason) for failure in report.failures] == [
        (1, "was being sent when the job was killed; all of it will be sent again")
    ]
    with StateStore(state) as store:  # the kernel has let it go
        assert store.counts() == {PartState.SENT: 1, PartState.PENDING: 1}


def test_a_part_that_an_interrupt_struck_is_named(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        store.begin(1)
        store.end_run("interrupted", "KeyboardInterrupt")  # as a second Ctrl-C ends it
    assert [(failure.number, failure.reason) for failure in read_report(state).failures] == [
        (0, "was being sent when the job was interrupted; all of it will be sent again")
    ]


def test_a_second_process_is_told_who_has_it(state: Path) -> None:
    script = "import sys; from pathlib import Path; from vm_df_writer.jobs.state.store import "
    script += "StateStore; StateStore(Path(sys.argv[1]))"
    with StateStore(state):
        second = subprocess.run(  # noqa: S603
            [sys.executable, "-c", script, str(state)], capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert re.search(
            rf"job\.sqlite: in use by process {os.getpid()} on \S+ since \S+ \S+ UTC; wait for it",
            second.stderr,
        )
        assert read_report(state).outcome == "running"  # reading is for everybody
        with pytest.raises(StateError, match=r"in use by process"):
            StateStore(state)  # neither twice in one process


def test_who_may_only_read_is_told_how_it_stands() -> None:
    with folder_of_all() as folder:
        state = folder / "job.sqlite"
        with StateStore(state) as store:
            store.end_run("done")
        files = {folder / "job.sqlite", folder / "job.sqlite-lock"}
        assert {oct(path.stat().st_mode)[-3:] for path in files} == {"600"}
        if os.geteuid() == 0:
            with as_nobody(), pytest.raises(StateError, match=r"cannot be opened \(Permission den"):
                read_report(state)
        for path in files:
            path.chmod(0o444)
        folder.chmod(0o555)
        with as_nobody() if os.geteuid() == 0 else nullcontext():
            assert read_report(state).outcome == "done"
        assert {path.name for path in folder.iterdir()} == {"job.sqlite", "job.sqlite-lock"}
        folder.chmod(0o755)


def test_changed_options_are_named_once_something_was_sent(state: Path) -> None:
    options = {"since_ms": 5, "hive": False, "datasource_url": "http://a"}
    with StateStore(state) as store:
        store.require_options({"since_ms": 6})
        store.add_sources([SOURCE])
        store.require_options(options)
        assert store.parts() == []  # planned with other options
        store.add_sources([SOURCE])
        store.begin(1)
        store.require_options(options)
        with pytest.raises(
            JobError,
            match=r'job\.sqlite: its job has other options: datasource_url was "http://a" and is '
            r"not set; reading\.time was not set and is \"t\"; since_ms was 5 and is null; run "
            r"with the same ones, name another file with state=, or begin anew with restart=$",
        ):
            store.require_options({"since_ms": None, "hive": False, "reading.time": "t"})


def test_restart_forgets_everything(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        store.require_options({"hive": True})
    with StateStore(state, restart=True) as store:
        assert store.parts() == []
        store.require_options({"hive": False})


def test_a_torn_file_is_refused_unless_to_begin_anew(state: Path) -> None:
    with StateStore(state) as store:
        for number in range(200):
            store.add_sources(
                [SourceFile(f"{number}", SOURCE.stamp, "abc", Schema(), SOURCE.parts)]
            )
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    message = r"job\.sqlite: is torn \(.+\); put a backup in its place, or begin anew with restart="
    with pytest.raises(StateError, match=message):
        StateStore(state)
    with StateStore(state, restart=True) as store:
        assert store.parts() == []


def test_status_of_no_file_says_so(state: Path) -> None:
    with pytest.raises(StateError, match=r"job\.sqlite: there is no such file; check the name"):
        read_report(state)


def test_an_attempt_that_sent_nothing_does_not_count(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        store.begin(1)
        store.finish(1, PartState.FAILED, "no numbers", nothing_sent=True)
        assert not store.was_sent()
        store.begin(2)
        assert store.was_sent(SOURCE.path)
        assert not store.was_sent("other.parquet")


def test_samples_of_parts_that_were_sent_again_may_be_stored_twice(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        for key, attempts in ((1, 2), (2, 1)):
            for _ in range(attempts):
                store.begin(key)
            store.finish(key, PartState.SENT, None, TOTALS)
        store.end_run("done")
    report = read_report(state)
    assert (report.samples, report.repeated) == (20, 10)
    assert "sent again            10 samples: the server may hold them twice" in str(report)


def test_what_comes_to_its_end_with_numbers_counts_for_the_speed_of_the_run(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        store.finish(1, PartState.SENT, None, TOTALS)
        store.finish(1, PartState.VERIFIED)
        store.finish(2, PartState.PENDING, "odd", TOTALS)
    report = read_report(state)
    assert (report.run_rows, report.run_samples) == (10, 10)


def test_what_was_acknowledged_counts_whatever_became_of_its_part(state: Path) -> None:
    ends = (PartState.SENT, PartState.FAILED, PartState.PENDING, PartState.SPOOLED)
    with StateStore(state) as store:
        store.add_sources([replace(SOURCE, parts=[Part(n, rows=5) for n in range(len(ends))])])
        for key, end in enumerate(ends, 1):
            store.begin(key)
            store.finish(key, end, "why", {**TOTALS, "undelivered": key - 1})
    report = read_report(state)
    assert (report.samples, report.undelivered) == (40, 0 + 1 + 2 + 3)
    assert (report.requests, report.dropped) == (4, {"nan": 8})
    assert (report.first_ms, report.last_ms) == (0, 9)
    assert (report.run_rows, report.run_samples) == (15, 30)


def test_failed_parts_become_pending_and_unreadable_files_are_forgotten(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        store.add_sources([SourceFile("bad.csv", SOURCE.stamp, parts=[Part(0)], error="torn")])
        first, failed, _ = sorted(store.parts(), key=lambda record: record.id)
        store.finish(first.id, PartState.SENT, None, TOTALS)
        store.finish(failed.id, PartState.FAILED, "odd", {})
        store.retry_failed()
        assert [source.path for source in store.sources()] == ["scores.parquet"]
        assert store.counts() == {PartState.SENT: 1, PartState.PENDING: 1}


def test_a_full_disk_is_told_and_what_was_marked_before_stays(state: Path) -> None:
    with StateStore(state) as store:
        store.add_sources([SOURCE])
        connection = store._connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(
            StateError, match=r"job\.sqlite: cannot be written \(database or disk is full\); free"
        ):
            store.finish(1, PartState.FAILED, "x" * 100_000, {})
        store.finish(1, PartState.SENT, None, TOTALS)
        assert store.counts()[PartState.SENT] == 1


def test_a_change_that_is_interrupted_leaves_the_file_as_it_was_and_writable(state: Path) -> None:
    def parts() -> Iterator[Part]:
        yield Part(0, rows=5)
        raise KeyboardInterrupt

    with StateStore(state) as store:
        store.add_sources([SOURCE])
        with pytest.raises(KeyboardInterrupt):
            store.add_sources([replace(SOURCE, parts=parts())])  # type: ignore[arg-type]
        store.end_run("interrupted", "SIGINT")
        assert list(store.sources()) == [replace(SOURCE, parts=())]
    assert read_report(state).outcome == "interrupted"


def test_a_run_that_is_withdrawn_leaves_the_outcome_of_the_one_before(state: Path) -> None:
    with StateStore(state) as store:
        assert not store.is_done()
        store.end_run("done")
    with StateStore(state) as store:
        assert store.is_done()
        store.withdraw_run()
    assert read_report(state).outcome == "done"
    with StateStore(state) as store:
        store.add_sources([SOURCE])  # whose parts are still to be sent
        assert not store.is_done()
