"""Backfills, Dask and replays into a real Prometheus, which needs order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.http_servers import NOBODY
from tests.support.prometheus import Prometheus, programs, require, stored
from tests.support.writers import writer_with
from vm_df_writer import WriterConfig
from vm_df_writer.errors import JobError
from vm_df_writer.jobs import JobOptions, backfill, estimate
from vm_df_writer.warning_classes import RetentionWarning

Start = Callable[..., Prometheus]
NOW = pd.Timestamp.now("UTC").floor("min")
FORMAT = {"__name__": "$VAR"}


@pytest.fixture(params=programs()[-1:])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Prometheus(require(request.param), **options))


def config_of(server: Prometheus, **parameters: Any) -> WriterConfig:
    return WriterConfig(
        datasource_url=server.url,
        protocol="remote_write",
        metric_format=FORMAT,
        **parameters,
    )


def long_frame(days_ago: int, n: int = 200) -> pd.DataFrame:
    times = pd.date_range(end=NOW - pd.Timedelta(days=days_ago), periods=n, freq="1min")
    values = np.random.default_rng(days_ago).standard_normal(2 * n)
    return pd.DataFrame({"time": times.repeat(2), "host": ["a", "b"] * n, "score": values})


def files_in(folder: Path, frames: list[pd.DataFrame]) -> list[Path]:
    paths = [folder / f"{number}.parquet" for number in range(len(frames))]
    for path, frame in zip(paths, frames, strict=True):
        frame.to_parquet(path)
    return paths


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            JobOptions(workers=2),
            "workers: Prometheus drops samples that are older",
        ),
        (JobOptions(newest_first=True), "newest_first: Prometheus drops samples that are older"),
    ],
)
def test_a_job_that_would_not_keep_order_is_refused(
    start: Start, tmp_path: Path, options: JobOptions, problem: str
) -> None:
    server = start()
    files = files_in(tmp_path, [long_frame(0)])
    with pytest.raises(JobError, match=problem):
        backfill(files, config_of(server), state=tmp_path / "state", options=options)
    assert stored(server, "score", time.time()) == {}


def test_with_a_window_a_job_writes_history_by_workers_and_verifies_it(
    start: Start, tmp_path: Path
) -> None:
    server = start(window="30d")
    frames = [long_frame(days) for days in (0, 9, 4)]
    report = backfill(
        files_in(tmp_path, frames),
        config_of(server),
        state=tmp_path / "state",
        options=JobOptions(workers=2, verify=True),
        progress=False,
    )
    assert report.outcome == "done"
    found = stored(server, "score", time.time() + 60)
    assert [len(samples) for samples in found.values()] == [600, 600]


def test_an_estimate_counts_what_the_job_then_sends_and_leaves_out(
    start: Start, tmp_path: Path
) -> None:
    server = start(window="30d")
    files = files_in(tmp_path, [long_frame(days) for days in (0, 9, 60)])
    backfill(files[:1], config_of(server), state=tmp_path / "first", progress=False)
    foreseen = estimate(files, config_of(server))
    assert foreseen.is_exact
    with pytest.warns(RetentionWarning, match="400 samples are older"):
        report = backfill(files, config_of(server), state=tmp_path / "state", progress=False)
    assert (foreseen.samples, foreseen.bytes_raw) == (report.samples, report.bytes_raw)
    assert foreseen.dropped == report.dropped == {"too_old": 400}


def test_a_body_that_was_kept_for_prometheus_is_replayed_to_it(
    start: Start, tmp_path: Path
) -> None:
    server = start()
    frame = long_frame(0, n=50)
    kept: dict[str, Any] = {"protocol": "remote_write", "metric_format": FORMAT}
    with writer_with(NOBODY, spool_dir=tmp_path, connection_retry_attempts=0, **kept) as writer:
        assert writer.write(frame).undelivered == 100
    with writer_with(server.url, **kept) as writer:
        assert writer.replay(tmp_path).samples == 100
    found = stored(server, "score", time.time() + 60)
    assert [len(samples) for samples in found.values()] == [50, 50]


def test_partitions_of_dask_are_written_one_after_the_other(start: Start) -> None:
    dd = pytest.importorskip("dask.dataframe")
    from vm_df_writer.jobs.dask import to_victoriametrics

    server = start()
    partitions = dd.from_pandas(long_frame(0, n=40), npartitions=4, sort=False)
    report = to_victoriametrics(
        partitions, config_of(server), compute_kwargs={"scheduler": "threads"}
    )
    assert report.samples == 80
    found = stored(server, "score", time.time() + 60)
    assert [len(samples) for samples in found.values()] == [40, 40]
