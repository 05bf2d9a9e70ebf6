"""How fast jobs are: one process, two workers, Dask and Spark, on the same files.

Beside them stands one write of all that is in the files, from memory.

``python -m benchmarks.delivery.jobs`` writes the same parquet files into a fresh server in each of
these ways, some times in turn. It prints samples per second, and the CPU time of a sample in client
and server: together they keep all cores of the machine busy, unless something else is the limit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import psutil

from benchmarks.measuring.child import ROOT
from benchmarks.measuring.frames import METRIC_FORMAT, long_frame
from benchmarks.measuring.server import count_samples, settle
from benchmarks.measuring.sizes import Shape
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.local import LocalVictoriaMetrics

__all__ = ["Files", "Rate", "measure"]

Write = Callable[[str], None]


@dataclass(frozen=True)
class Rate:
    """The time that one way of writing took, in one run."""

    samples_per_s: float
    client_ns: float
    server_ns: float


@contextmanager
def _one_process(folder: Path, workers: int = 1) -> Iterator[Write]:
    def write(url: str) -> None:
        state = folder.parent / f"{workers}-{time.monotonic_ns()}.sqlite"
        (metric_format,) = (f"{name}={text}" for name, text in METRIC_FORMAT.items())
        command = [
            *(sys.executable, "-c", "from vm_df_writer.cli import main; main()"),
            *("backfill", str(folder), "--url", url, "--metric-format", metric_format),
            *("--state", str(state), "--workers", str(workers), "--no-progress"),
        ]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603

    yield write


@contextmanager
def _two_workers(folder: Path) -> Iterator[Write]:
    with _one_process(folder, workers=2) as write:
        yield write


@contextmanager
def _dask(folder: Path) -> Iterator[Write]:
    import dask.dataframe as dd
    from distributed import Client, LocalCluster

    from vm_df_writer.jobs.dask import to_victoriametrics

    with (
        LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        Client(cluster),  # type: ignore[no-untyped-call]
    ):

        def write(url: str) -> None:
            scores = dd.read_parquet(folder, split_row_groups=True)
            to_victoriametrics(scores, _config(url))

        yield write


@contextmanager
def _spark(folder: Path) -> Iterator[Write]:
    os.environ["PYSPARK_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession

    from vm_df_writer.jobs.spark import to_victoriametrics

    settings: dict[str, bool | float | int | str | None] = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": str(ROOT),
    }
    session = SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    try:
        yield lambda url: void(to_victoriametrics(session.read.parquet(str(folder)), _config(url)))
    finally:
        session.stop()


@contextmanager
def _from_memory(folder: Path) -> Iterator[Write]:
    frame = pd.concat([pd.read_parquet(path) for path in sorted(folder.iterdir())])

    def write(url: str) -> None:
        with VmWriter(config=_config(url)) as writer:
            writer.write(frame, progress=False)

    yield write


WAYS: dict[str, Callable[[Path], Any]] = {
    "from memory": _from_memory,
    "one process": _one_process,
    "two workers": _two_workers,
    "Dask, two processes": _dask,
    "Spark, local[2]": _spark,
}


def void(_: object) -> None:
    """Forget a result."""


def _config(url: str) -> WriterConfig:
    return WriterConfig(datasource_url=url, metric_format=dict(METRIC_FORMAT))


@dataclass(frozen=True)
class Files:
    """Parquet files of one long frame after another, in row groups."""

    files: int
    groups: int
    rows: int

    @property
    def n_samples(self) -> int:
        """Samples in all files."""
        return self.files * self.groups * self.rows

    def write(self, folder: Path) -> pd.DatetimeIndex:
        """Write the files, and return the first and the last time in them."""
        frame = long_frame(Shape(self.groups * self.rows, series=100)).frame
        times = pd.DatetimeIndex(frame["timestamp"])
        step = times[-1] - times[0] + pd.Timedelta(seconds=15)
        for file in range(self.files):
            frame["timestamp"] = times + file * step
            path = folder / f"scores-{file:03d}.parquet"
            frame.to_parquet(path, row_group_size=self.rows, index=False)
        return pd.DatetimeIndex([times[0], times[-1] + (self.files - 1) * step])


def measure(write: Write, n_samples: int, span: pd.DatetimeIndex) -> Rate:
    """Write into a fresh server, and look at the clocks."""
    with LocalVictoriaMetrics() as server:
        serving = _process_of(server.url)
        before, started = _client_cpu_s(serving), time.perf_counter()
        write(server.url)
        elapsed_s = time.perf_counter() - started
        client_s = _client_cpu_s(serving) - before
        server_s = sum(serving.cpu_times()[:2])
        settle(server.url)
        found = count_samples(server.url, "vm", span)
    if found != n_samples:
        raise RuntimeError(f"{found:,} of {n_samples:,} samples are there")
    per_sample = 1e9 / n_samples
    return Rate(n_samples / elapsed_s, client_s * per_sample, server_s * per_sample)


def _process_of(url: str) -> psutil.Process:
    listens = url.removeprefix("http://")
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if listens in " ".join(child.cmdline()))


def _client_cpu_s(serving: psutil.Process) -> float:
    """Return the CPU time of this process and its children, but for the server."""
    own = psutil.Process()
    total = sum(own.cpu_times()[:4])  # with that of children that have ended
    for child in own.children(recursive=True):
        if child != serving:
            total += sum(child.cpu_times()[:4])
    return total


def main() -> None:
    """Measure every way, in turn, and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery.jobs")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--groups", type=int, default=10, help="row groups of a file")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a row group")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS], metavar="WAY")
    given = parser.parse_args()
    files = Files(given.files, given.groups, given.rows)
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary) / "scores"
        folder.mkdir()
        span = files.write(folder)
        writes = {
            name: stack.enter_context(way(folder))
            for name, way in WAYS.items()
            if name in given.ways
        }
        rates: dict[str, list[Rate]] = {name: [] for name in writes}
        for _ in range(given.repetitions):
            for name, write in writes.items():
                rates[name].append(measure(write, files.n_samples, span))
    print(f"{files.n_samples:,} samples; CPU time in ns a sample; medians of {given.repetitions}")
    print(f"{'':<20} {'samples/s':>12} {'client':>8} {'server':>8}")
    for name, runs in rates.items():
        speed = median(run.samples_per_s for run in runs)
        client, server = (median(getattr(r, f"{w}_ns") for r in runs) for w in ("client", "server"))
        print(f"{name:<20} {speed:>12,.0f} {client:>8,.0f} {server:>8,.0f}")


if __name__ == "__main__":
    main()
