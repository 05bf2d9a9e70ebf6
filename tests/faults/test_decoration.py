"""What only decorates changes nothing of a delivery, wherever its streams lead to."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import delay, pass_on
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.thorough import thorough
from tests.support.writers import frame_of
from vm_df_writer.local import LocalVictoriaMetrics

FRAME = frame_of(300, 4).rename_axis("time")
SCRIPT = "import sys; from vm_df_writer.cli import main; main(sys.argv[1:])"


@pytest.fixture
def command(proxy: FaultProxy, run: str, tmp_path: Path) -> list[str]:
    FRAME.to_csv(tmp_path / "scores.csv")
    config = tmp_path / "writer.yaml"
    config.write_text(
        f"datasource_url: {proxy.url}\nbatch_max_series: 1\nconcurrency: 1\n"
        f'metric_format: {{__name__: "{run}", column: $VAR}}\n'
    )
    arguments = ["write", str(tmp_path / "scores.csv"), "--config", str(config), "--progress"]
    return [sys.executable, "-c", SCRIPT, *arguments]


def require_all(server: LocalVictoriaMetrics, run: str) -> None:
    settled(server)
    stored = StoredFrame(server, run)
    assert stored.is_all_of(FRAME)
    assert stored.copies == FRAME.size


@pytest.mark.parametrize(
    "streams",
    [
        *(">&- 2>&-", ">/dev/full", "2>/dev/full"),
        *(pytest.param(one, marks=thorough) for one in (">&-", "2>&-", ">/dev/full 2>&1")),
    ],
)
def test_streams_that_are_closed_or_full_change_neither_the_delivery_nor_the_exit_code(
    command: list[str], streams: str, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    shell = ["sh", "-c", f'"$@" {streams}', "sh", *command]
    ended = subprocess.run(shell, timeout=60, capture_output=True, text=True)  # noqa: S603
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    if streams == ">/dev/full":
        warning = "warning: standard output cannot be written to (No space left on device)\n"
        assert ended.stderr.endswith(warning)
    require_all(victoria_metrics, run)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_reader_that_has_gone_is_not_missed(
    command: list[str], stream: str, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    other = {"stdout": "stderr", "stderr": "stdout"}[stream]
    streams = {stream: writing, other: subprocess.DEVNULL}
    with subprocess.Popen(command, **streams) as child:  # type: ignore[call-overload]  # noqa: S603
        os.close(writing)
        assert child.wait(60) == 0
    require_all(victoria_metrics, run)


def test_a_reader_that_does_not_read_is_not_waited_for(
    command: list[str], victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    reading, writing = os.pipe()
    flags = fcntl.fcntl(writing, fcntl.F_GETFL)
    fcntl.fcntl(writing, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    fcntl.fcntl(writing, fcntl.F_SETFL, flags)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=writing) as child:  # noqa: S603
        os.close(writing)
        assert child.wait(60) == 0
    os.close(reading)
    require_all(victoria_metrics, run)


def test_a_terminal_that_goes_away_takes_nothing_with_it(
    command: list[str], proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    proxy.schedule(then=delay(0.4))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    with subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
        start_new_session=True,
        text=True,
    ) as child:
        os.close(theirs)
        shown = os.read(ours, 1000)  # the bar has begun
        os.close(ours)
        stdout, _ = child.communicate(timeout=60)
    assert b"samples" in shown
    assert child.returncode == 0
    assert "samples acknowledged" in stdout
    proxy.schedule(then=pass_on)
    require_all(victoria_metrics, run)


def test_a_child_of_a_process_with_writing_threads_writes(
    victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", _FORKS, victoria_metrics.url, run],
        timeout=300,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "[0, 0, 0, 0, 0, 0, 0, 0]\n"


_FORKS = """
import faulthandler, os, sys, threading, time
import numpy as np, pandas as pd
from vm_df_writer import VmWriter

times = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
writer = VmWriter(sys.argv[1], metric_format={"__name__": sys.argv[2], "column": "$VAR"})


def spin(number):
    for round in range(10**9):
        names = [f"c{number}_{round % 60}_{column}" for column in range(3000)]
        writer.preview(pd.DataFrame(np.ones((2, 3000)), index=times, columns=names))


for number in range(3):
    threading.Thread(target=spin, args=(number,), daemon=True).start()
codes = []
for shot in range(8):
    time.sleep(0.05)
    child = os.fork()
    if child == 0:
        faulthandler.dump_traceback_later(20, exit=True)
        report = writer.write(pd.DataFrame({f"y{shot}": [1.0, 2.0]}, index=times))
        os._exit(0 if report.samples == 2 else 3)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(codes, flush=True)
os._exit(0)
"""
