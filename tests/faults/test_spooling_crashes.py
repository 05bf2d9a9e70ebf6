"""Spool folders that are shared, that fill up, and whose processes are killed."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import orjson
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, accept, delay
from tests.support.full_disk import no_larger_files_than
from tests.support.spool_folders import FRAME, names_in, samples_in, spool
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.thorough import few_or_many
from tests.support.writers import writer_to
from vm_df_writer import ServerUnavailable, SpoolError, VmWriter, WriteReport
from vm_df_writer.local import LocalVictoriaMetrics


def killed_after(seconds: float, action: Callable[[], object]) -> None:
    """Run something in a process of its own, which gets SIGKILL before long."""
    child = multiprocessing.get_context("fork").Process(target=action)
    child.start()
    child.join(seconds)
    child.kill()
    child.join()


def test_two_replays_at_once_send_each_file_once(
    proxy: FaultProxy, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    n_files = len(list(tmp_path.glob("*.jsonl.gz")))
    three = threading.Barrier(3)  # one replay has two requests at a time

    def accept_with_others(exchange: Exchange) -> None:
        three.wait(60)
        accept(0.1)(exchange)

    proxy.schedule(*[accept_with_others] * 3, then=accept(0.1))
    writer = writer_to(proxy.url, run, timeout="90s")
    children = [
        multiprocessing.get_context("spawn").Process(
            target=VmWriter.replay, args=(writer, tmp_path)
        )
        for _ in range(2)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0
    assert len({seen.body for seen in proxy.seen}) == len(proxy.seen) == n_files
    assert max(seen.in_flight for seen in proxy.seen) > 2  # both were at it
    assert names_in(tmp_path) == set()


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # since Python 3.12
def test_replays_that_are_killed_lose_nothing(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    proxy.schedule(then=delay(0.02))
    writer = writer_to(proxy.url, run)
    rng = np.random.default_rng(5)
    rounds = 0
    while list(tmp_path.glob("*.jsonl.gz")):
        seconds = rng.uniform(0.05, 0.2) * (1 + rounds / 20)  # a busy machine comes to an end, too
        killed_after(seconds, partial(writer.replay, tmp_path))
        rounds += 1
    assert rounds > 2
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # since Python 3.12
@few_or_many("n_kills", 12, 60)
def test_no_torn_file_is_ever_replayed(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path, n_kills: int
) -> None:
    """Processes are killed while they fill the spool."""
    rng = np.random.default_rng(6)
    kills = 0
    while kills < n_kills or not list(tmp_path.glob("*.part")):  # until one was hit while it wrote
        seconds = rng.uniform(0.0, 0.4) * (1 + kills / 20)
        killed_after(seconds, partial(spool, run, tmp_path, killed=str(kills)))
        kills += 1
    kept = samples_in(tmp_path)
    assert 0 < kept < kills * FRAME.size
    report = writer_to(victoria_metrics.url, run).replay(tmp_path)
    assert (report.samples, report.undelivered) == (kept, 0)
    assert {Path(name).suffix for name in names_in(tmp_path)} <= {".part", ".json"}
    settled(victoria_metrics)
    for number in range(kills):
        lines = [
            table.take(slice(i, i + 1))
            for table in report.acknowledged_counts
            for i, labels in enumerate(table.label_sets)
            if orjson.loads(labels)["killed"] == str(number)
        ]
        stored = StoredFrame(victoria_metrics, run, killed=str(number))
        assert stored.of_lines(tuple(lines)).sum() == stored.copies


def test_files_that_find_no_room_are_an_error_that_says_what_is_lost(
    run: str, tmp_path: Path
) -> None:
    with (
        no_larger_files_than(4096),
        pytest.raises(
            SpoolError,
            match=r"^spool_dir: '.*' takes no more \(File too large\): 200,000 samples of "
            r'\{"__name__":".*","column":"c\d+"\} and 49 more series, 2026-01-01 00:00:00 UTC to '
            r"2026-01-01 01:06:39 UTC, are neither on the server nor in the folder; make room and "
            r"write them again\. 200,000 of 200,000 samples are not acknowledged, since http.*: "
            r"nothing listens",
        ) as caught,
    ):
        spool(run, tmp_path)
    assert isinstance(caught.value.__cause__, ServerUnavailable)
    assert caught.value.report is not None
    assert caught.value.report.undelivered == caught.value.report.total == FRAME.size
    assert caught.value.report.spooled == ()
    assert names_in(tmp_path) == set()


def fill(folder: str) -> None:
    """Spool into a small disk, and print how it ends."""
    try:
        spool("full", Path(folder))
    except SpoolError as error:
        report = error.report or WriteReport(layout="none")
        found = {
            "message": str(error),
            "undelivered": report.undelivered,
            "total": report.total,
            "spooled": len(report.spooled),
            "names": sorted(names_in(Path(folder))),
            "samples_in_files": samples_in(Path(folder)),
        }
        sys.stdout.buffer.write(orjson.dumps(found))


IN_A_SMALL_DISK = 'mount -t tmpfs -o size=512k tmpfs "$1" && exec "$2" -c "$3" "$1"'


def test_a_full_disk_keeps_whole_files_and_says_what_is_lost(tmp_path: Path) -> None:
    script = "import sys; from tests.faults.test_spooling_crashes import fill; fill(sys.argv[1])"
    unshare = ["unshare", "--map-root-user", "--mount", "sh", "-c", IN_A_SMALL_DISK, "sh"]
    ran = subprocess.run(  # noqa: S603
        [*unshare, str(tmp_path), sys.executable, script], capture_output=True, check=False
    )
    if ran.returncode and b"Traceback" not in ran.stderr:
        pytest.skip(f"no disk of its own can be mounted: {ran.stderr.decode().strip()}")
    assert ran.returncode == 0, ran.stderr.decode()
    found = orjson.loads(ran.stdout)
    assert found["undelivered"] == found["total"] == FRAME.size
    lost = FRAME.size - found["samples_in_files"]
    assert 0 < lost < FRAME.size
    assert "takes no more (No space left on device): " in found["message"]
    assert f": {lost:,} samples of " in found["message"]
    assert len(found["names"]) == 2 * found["spooled"] > 2
    assert not any(name.endswith(".part") for name in found["names"])
