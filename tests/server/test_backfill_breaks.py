"""A job that is stopped, killed, held up or starved loses nothing and keeps its manners."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.score_files import config_for
from tests.support.thorough import few_or_many, thorough
from tests.support.torture import command, marked_parts, torture
from tests.support.torture_scores import Scores
from vm_df_writer import VmWriter
from vm_df_writer.jobs import JobOptions, backfill, read_report
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


@pytest.mark.parametrize(
    ("files", "groups", "kills", "restarts"),
    [(4, 5, 3, 1), pytest.param(20, 10, 20, 2, marks=thorough)],
)
def test_a_job_that_is_killed_again_and_again_writes_every_sample(
    tmp_path: Path, files: int, groups: int, kills: int, restarts: int
) -> None:
    scores = Scores(files, groups, rows=100_000, hosts=20)
    found = torture(scores, kills=kills, restarts=restarts, longest_s=1.6, seed=3, folder=tmp_path)
    assert (found.exit_code, found.report.outcome) == (0, "done")
    assert found.stored.found == found.report.samples == scores.n_samples
    assert found.stored.wrong == 0
    # What was marked is not sent again: at most the parts in flight at each kill are there twice.
    assert found.stored.twice <= 2 * found.kills * scores.rows
    assert found.parts_at_kills == sorted(found.parts_at_kills)


@pytest.mark.parametrize(
    ("number", "exit_code", "workers"),
    [
        (signal.SIGINT, 130, "1"),
        (signal.SIGTERM, 143, "2"),
        pytest.param(signal.SIGTERM, 143, "1", marks=thorough),
    ],
)
def test_a_signal_ends_the_job_after_what_has_begun_and_it_goes_on_later(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
    tmp_path: Path,
    number: signal.Signals,
    exit_code: int,
    workers: str,
) -> None:
    server = start_victoria_metrics()
    scores = Scores(files=2, groups=5, rows=20_000, hosts=10)
    folder, state = tmp_path / "scores", tmp_path / "job.sqlite"
    folder.mkdir()
    scores.write(folder)
    slowly = ("--rate-limit", "30000", "--workers", workers)
    job = subprocess.Popen(  # noqa: S603
        command(folder, state, server.url, *slowly), stdout=subprocess.PIPE, start_new_session=True
    )
    while not marked_parts(state):
        assert job.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)  # into the middle of a part
    os.killpg(job.pid, number)  # as a terminal, or systemd, does it
    stdout, _ = job.communicate(timeout=30)
    assert job.returncode == exit_code
    assert f"interrupted: {number.name}" in stdout.decode()
    report = read_report(state)
    assert (report.outcome, report.reason) == ("interrupted", number.name)
    assert 0 < report.parts["sent"] < 10
    assert report.in_doubt == 0
    assert subprocess.run(command(folder, state, server.url), check=False).returncode == 0  # noqa: S603
    stored = scores.compare(server.url)
    assert (stored.found, stored.wrong) == (scores.n_samples, 0)
    assert stored.twice <= int(workers) * scores.rows


def test_a_job_that_was_killed_is_told_from_one_that_runs(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    scores = Scores(files=2, groups=5, rows=20_000, hosts=10)
    folder, state = tmp_path / "scores", tmp_path / "job.sqlite"
    folder.mkdir()
    scores.write(folder)
    job = subprocess.Popen(command(folder, state, server.url, "--rate-limit", "30000"))  # noqa: S603
    while not marked_parts(state):
        assert job.poll() is None
        time.sleep(0.05)
    time.sleep(0.3)  # into the middle of a part
    assert read_report(state).outcome == "running"
    job.kill()
    job.wait()
    report = read_report(state)
    assert report.outcome == "killed"
    (struck,) = report.failures
    assert struck.reason == "was being sent when the job was killed; all of it will be sent again"
    done = subprocess.run(command(folder, state, server.url), check=False, capture_output=True)  # noqa: S603
    assert done.returncode == 0
    stored, report = scores.compare(server.url), read_report(state)
    assert (stored.found, report.samples) == (scores.n_samples, scores.n_samples)
    assert 0 < stored.twice <= report.repeated == scores.rows
    assert b"20,000 samples: the server may hold them twice" in done.stdout


def test_a_second_job_on_the_state_file_is_told_so(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    folder, state = tmp_path / "scores", tmp_path / "job.sqlite"
    folder.mkdir()
    Scores(files=1, groups=5, rows=20_000, hosts=10).write(folder)
    job = subprocess.Popen(  # noqa: S603
        command(folder, state, server.url, "--rate-limit", "5000"), stdout=subprocess.DEVNULL
    )
    while not marked_parts(state):
        time.sleep(0.05)
    second = subprocess.run(  # noqa: S603
        command(folder, state, server.url), capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert re.search(rf"job\.sqlite: in use by process {job.pid} on \S+ since", second.stderr)
    job.terminate()
    assert job.wait(30) == 143


def test_a_server_that_is_away_for_a_while_is_waited_for(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    scores = Scores(files=2, groups=5, rows=20_000, hosts=10)
    (tmp_path / "scores").mkdir()
    scores.write(tmp_path / "scores")
    config = config_for(server.url, "torture")

    def go_away_for_a_while() -> None:
        server.stop()
        time.sleep(2)
        server.start()

    away = threading.Timer(1.0, go_away_for_a_while)
    away.start()
    options = JobOptions(rate_limit=60_000)
    report = backfill(tmp_path / "scores", config, state=tmp_path / "job.sqlite", options=options)
    away.join()
    assert report.ok
    assert report.retries > 0
    assert scores.compare(server.url).found == scores.n_samples


def test_a_server_that_stays_away_ends_the_job_which_goes_on_later(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    scores = Scores(files=2, groups=5, rows=20_000, hosts=10)
    (tmp_path / "scores").mkdir()
    scores.write(tmp_path / "scores")
    config = config_for(server.url, "torture", retry_deadline="1s")
    threading.Timer(1.0, server.stop).start()
    state = tmp_path / "job.sqlite"
    options = JobOptions(rate_limit=60_000)
    report = backfill(tmp_path / "scores", config, state=state, options=options)
    assert report.outcome == "undelivered"
    assert report.reason is not None
    assert "samples are not acknowledged" in report.reason
    assert report.parts["pending"] > 0
    assert "failed" not in report.parts
    server.start()
    assert backfill(tmp_path / "scores", config, state=state).ok
    assert scores.compare(server.url).found == scores.n_samples


def test_what_goes_to_the_spool_is_marked_and_not_sent_again(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    server = start_victoria_metrics()
    scores = Scores(files=1, groups=5, rows=20_000, hosts=10)
    (tmp_path / "scores").mkdir()
    scores.write(tmp_path / "scores")
    config = config_for(
        server.url, "torture", retry_deadline="1s", spool_dir=str(tmp_path / "spool")
    )
    threading.Timer(0.7, server.stop).start()
    state = tmp_path / "job.sqlite"
    options = JobOptions(rate_limit=40_000)
    report = backfill(tmp_path / "scores", config, state=state, options=options)
    assert report.outcome == "undelivered"
    assert report.parts["spooled"] == 1
    assert report.undelivered > 0
    server.start()
    before = backfill(tmp_path / "scores", config, state=state)
    assert (before.outcome, before.parts) == ("undelivered", {"sent": 4, "spooled": 1})
    assert before.reason == "parts in the spool folder: 1; run vm-df-writer replay"
    with VmWriter(config=config) as writer:
        assert writer.replay().samples == report.undelivered
    after = backfill(tmp_path / "scores", config, state=state)
    assert (after.outcome, after.samples) == ("done", scores.n_samples)
    assert (after.undelivered, after.parts) == (0, {"sent": 5})
    stored = scores.compare(server.url)
    assert (stored.found, stored.wrong) == (scores.n_samples, 0)


def test_a_worker_that_dies_fails_its_part_alone(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path
) -> None:
    import psutil

    server = start_victoria_metrics()
    folder, state = tmp_path / "scores", tmp_path / "job.sqlite"
    folder.mkdir()
    Scores(files=2, groups=5, rows=20_000, hosts=10).write(folder)
    limits = ("--rate-limit", "30000", "--workers", "2")
    job = subprocess.Popen(  # noqa: S603
        command(folder, state, server.url, *limits), stdout=subprocess.DEVNULL
    )
    while not marked_parts(state):
        assert job.poll() is None
        time.sleep(0.05)
    victim = next(
        child
        for child in psutil.Process(job.pid).children()
        if "resource_tracker" not in " ".join(child.cmdline())
    )
    victim.kill()
    assert job.wait(60) == 4
    report = read_report(state)
    assert report.parts == {"sent": 9, "failed": 1}
    assert report.failures[0].reason.startswith("the worker process ended with SIGKILL; if it ran")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured by means of Linux alone")
@few_or_many("rows", 20_000, 50_000)
def test_memory_does_not_grow_with_the_number_of_files(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], tmp_path: Path, rows: int
) -> None:
    server = start_victoria_metrics()
    peaks = []
    for files in (20, 60):  # fewer do not fill all places for parts in flight
        folder = tmp_path / str(files)
        folder.mkdir()
        Scores(files=files, groups=3, rows=rows, hosts=50).write(folder)
        script = (
            "import sys; from pathlib import Path; from vm_df_writer.cli import main\n"
            "try: main()\n"
            "finally: print(Path('/proc/self/status').read_text(), file=sys.stderr)"
        )
        arguments = command(folder, tmp_path / f"{files}.sqlite", server.url)
        arguments[2] = script
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)  # noqa: S603
        # Not ru_maxrss: a process begins with that of the one that started it.
        peaks.append(int(done.stderr.split("VmHWM:")[1].split()[0]) / 1024)
    assert peaks[1] - peaks[0] < 12  # MiB
