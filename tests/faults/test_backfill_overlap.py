"""Several parts of a job are in flight at a time, and whatever breaks, each is accounted for."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, answer, pass_on
from tests.support.line_receiver import Receiver
from tests.support.score_files import ROWS, config_for, expected, stored, write_files
from tests.support.spool_folders import samples_in
from tests.support.thorough import thorough
from tests.support.waiting import wait_until
from vm_df_writer import VmWriter
from vm_df_writer.jobs import backfill, read_report
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

N_PARTS = 9
CONCURRENCY = 4
IN_HAND = CONCURRENCY + 2  # as JobSpec.overlapped has it


_RUNS = "from vm_df_writer.cli import main; main()"
_DIES = """
import os, sys
from contextlib import contextmanager
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore
together, left = StateStore.together, int(sys.argv.pop(1))
@contextmanager
def dying(self):
    global left
    with together(self) as execute:
        yield execute
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)  # before the commit
StateStore.together = dying
from vm_df_writer.cli import main
main()
"""


class Gate:
    """Stores bodies, and holds back their answers until it is opened."""

    def __init__(self) -> None:
        self.waiting = 0
        self._opened = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, exchange: Exchange) -> None:
        exchange.read_body()
        answer = exchange.store()
        with self._lock:
            self.waiting += 1
        while not (self._opened.wait(0.1) or exchange.stopping.is_set()):
            pass
        exchange.answer(*answer)

    def open(self) -> None:
        self._opened.set()


class Job:
    """The command line of a job of nine parts, and its processes."""

    def __init__(self, url: str, run: str, folder: Path) -> None:
        self.state = folder / "job.sqlite"
        self._arguments = [
            *("backfill", str(folder / "scores"), "--url", url, "--state", str(self.state)),
            *("--metric-format", f"__name__={run}_$VAR", "--concurrency", str(CONCURRENCY)),
        ]

    def start(self, script: str = _RUNS, *values: str) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", script, *values, *self._arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> int:
        with self.start() as job:
            job.communicate(timeout=120)
        return job.returncode


@pytest.fixture
def job(proxy: FaultProxy, run: str, tmp_path: Path) -> Job:
    write_files(tmp_path / "scores")
    return Job(proxy.url, run, tmp_path)


@pytest.fixture
def gate(proxy: FaultProxy) -> Iterator[Gate]:
    """The first request is empty: it asks whether the server is there."""
    gate = Gate()
    proxy.schedule(pass_on, then=gate)
    yield gate
    gate.open()


def test_all_parts_in_flight_at_a_kill_are_told_and_sent_again(
    job: Job, gate: Gate, proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    with job.start() as process:
        assert wait_until(lambda: gate.waiting == CONCURRENCY, 60)
        process.kill()
    report = read_report(job.state)
    assert (report.outcome, report.parts) == ("killed", {"pending": N_PARTS})
    assert CONCURRENCY <= len(report.failures) <= IN_HAND
    assert {failure.reason for failure in report.failures} == {
        "was being sent when the job was killed; all of it will be sent again"
    }
    proxy.schedule(then=pass_on)
    assert job.run() == 0
    assert read_report(job.state).repeated == len(report.failures) * ROWS
    found = stored(victoria_metrics.url, run)
    assert {host: set(samples) for host, samples in found.items()} == {
        host: set(samples) for host, samples in expected(0, 1, 2).items()
    }
    copies = sum(samples.total() - len(samples) for samples in found.values())
    assert copies == CONCURRENCY * ROWS  # those that the server had stored


def test_a_signal_lets_all_parts_in_flight_come_to_their_end_and_begins_no_other(
    job: Job, gate: Gate, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    with job.start() as process:
        assert wait_until(lambda: gate.waiting == CONCURRENCY, 60)
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        gate.open()
        stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert "interrupted: SIGTERM" in stdout
    report = read_report(job.state)
    n_sent = report.parts["sent"]
    assert CONCURRENCY <= n_sent <= IN_HAND
    assert report.parts == {"sent": n_sent, "pending": N_PARTS - n_sent}
    assert (report.samples, report.in_doubt) == (n_sent * ROWS, 0)
    # Parts that were marked, and had no request yet, are told as such.
    assert report.undelivered % ROWS == 0
    assert report.undelivered <= (IN_HAND - n_sent) * ROWS
    assert job.run() == 0
    assert read_report(job.state).repeated == 0
    assert stored(victoria_metrics.url, run) == expected(0, 1, 2)


def test_a_second_ctrl_c_leaves_what_is_in_flight_which_is_sent_again(
    job: Job, gate: Gate, proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    with job.start() as process:
        assert wait_until(lambda: gate.waiting == CONCURRENCY, 60)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.5)
        _, stderr = process.communicate(timeout=20)  # while the server still holds back
    assert process.returncode == 130
    assert "Traceback" not in stderr
    report = read_report(job.state)
    assert (report.outcome, report.parts) == ("interrupted", {"pending": N_PARTS})
    proxy.schedule(then=pass_on)
    assert job.run() == 0
    found = stored(victoria_metrics.url, run)
    assert {host: set(samples) for host, samples in found.items()} == {
        host: set(samples) for host, samples in expected(0, 1, 2).items()
    }


def test_a_server_that_goes_away_in_the_middle_leaves_all_in_flight_in_the_spool(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    write_files(tmp_path / "scores")
    proxy.schedule(pass_on, pass_on, pass_on, then=answer(503))
    spool, state = tmp_path / "spool", tmp_path / "job.sqlite"
    config = config_for(
        proxy.url, run, retry_deadline="1s", spool_dir=str(spool), concurrency=CONCURRENCY
    )
    report = backfill(tmp_path / "scores", config, state=state)
    n_spooled = report.parts["spooled"]
    assert report.outcome == "undelivered"
    assert 1 < n_spooled <= IN_HAND
    assert report.parts == {"sent": 2, "spooled": n_spooled, "pending": N_PARTS - 2 - n_spooled}
    assert (report.samples, report.undelivered) == (2 * ROWS, n_spooled * ROWS)
    assert samples_in(spool) == report.undelivered
    proxy.schedule(then=pass_on)
    with VmWriter(config=config) as writer:
        assert writer.replay().samples == report.undelivered
    again = backfill(tmp_path / "scores", config, state=state)
    assert (again.outcome, again.samples, again.repeated) == ("done", N_PARTS * ROWS, 0)
    assert stored(victoria_metrics.url, run) == expected(0, 1, 2)


@pytest.mark.parametrize(
    "n_changes", [8, 17, 31, *(pytest.param(n, marks=thorough) for n in (12, 25))]
)
def test_a_kill_before_marks_are_on_the_disk_finds_nothing_sent_that_is_not_marked(
    run: str, tmp_path: Path, n_changes: int
) -> None:
    write_files(tmp_path / "scores")
    with Receiver(n_changes) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        job = Job(receiver.url, run, tmp_path)
        with job.start(_DIES, str(n_changes)) as process:
            _, stderr = process.communicate(timeout=120)
        assert process.returncode == -9, stderr
        with StateStore(job.state) as store:
            parts = store.parts()
        marked = sum(part.part.rows for part in parts if part.attempts)
        claimed = sum(part.part.rows for part in parts if part.state is PartState.SENT)
        assert claimed <= receiver.holds(f"{run}_y") <= marked
        assert job.run() == 0
        assert receiver.holds(f"{run}_y") == N_PARTS * ROWS
        receiver.shutdown()
