"""Signals to a backfill and its workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import delay
from tests.support.writers import frame_of

SCRIPT = "from vm_df_writer.cli import main; main()"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "sigterm"]
)
def test_a_signal_to_all_processes_while_workers_start_shows_no_traceback(
    proxy: FaultProxy, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    proxy.schedule(then=delay(0.05))
    for name in ("a", "b", "c", "d"):
        frame_of(2_000, 10).rename_axis("time").to_csv(tmp_path / f"{name}.csv")
    command = ["backfill", str(tmp_path), "--url", proxy.url, "--workers", "2", "--file-label", "f"]
    labels = ["--metric-format", "__name__=signals", "--metric-format", "column=$VAR"]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SCRIPT, *command, *labels, "--state", str(tmp_path / "state")],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        while len(children_of(child.pid)) < 2:  # the resource tracker, and a worker
            assert child.poll() is None, child.communicate()
            time.sleep(0.01)
        os.killpg(child.pid, number)
        stdout, stderr = child.communicate(timeout=120)
    assert child.returncode == code, stderr
    assert "Traceback" not in stderr
    assert "interrupted" in stdout


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
