"""A job keeps to the rates that it is given, of samples and of bytes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import requests

from tests.support.score_files import config_for
from tests.support.thorough import thorough
from tests.support.torture import command
from tests.support.torture_scores import Scores
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")


@pytest.mark.parametrize(
    ("workers", "seconds", "tolerance"),
    [
        (2, 8, 0.15),
        pytest.param(1, 60, 0.05, marks=thorough),
        pytest.param(2, 60, 0.05, marks=thorough),
    ],
)
def test_the_rate_is_held_over_all_workers(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics],
    tmp_path: Path,
    workers: int,
    seconds: int,
    tolerance: float,
) -> None:
    """Within 5 % over a minute; at the edges of some seconds it may be off by more."""
    rate = 50_000
    server = start_victoria_metrics()
    scores = Scores(files=2, groups=seconds, rows=rate, hosts=10)
    folder, state = tmp_path / "scores", tmp_path / "job.sqlite"
    folder.mkdir()
    scores.write(folder)
    limits = ("--rate-limit", str(rate), "--workers", str(workers))
    job = subprocess.Popen(  # noqa: S603
        command(folder, state, server.url, *limits), stdout=subprocess.DEVNULL
    )
    while not (start := _received(server.url)):
        time.sleep(0.05)
    begun = time.monotonic()
    time.sleep(seconds)
    rows, elapsed_s = _received(server.url) - start, time.monotonic() - begun
    job.terminate()
    job.wait(30)
    assert rows / elapsed_s == pytest.approx(rate, rel=tolerance)


def _received(url: str) -> int:
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    wanted = 'vm_rows_inserted_total{type="vmimport"}'
    return next((int(line.split()[1]) for line in lines if line.startswith(wanted)), 0)


def test_bytes_per_second_are_held_as_they_go_over_the_wire(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path, name: str
) -> None:
    frame = pd.DataFrame(
        {"y": range(400_000)}, index=pd.date_range("2026-01-01", periods=400_000, freq="1s")
    )
    frame.to_parquet(tmp_path / "y.parquet", row_group_size=50_000)
    config = config_for(victoria_metrics.url, name, compression="gzip")
    options = JobOptions(max_bytes_per_second=400_000)
    report = backfill(tmp_path / "y.parquet", config, state=tmp_path / "s.sqlite", options=options)
    assert report.bytes_sent < report.bytes_raw / 2
    assert report.bytes_sent / report.elapsed_s < 1.3 * 400_000
