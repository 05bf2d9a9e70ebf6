"""How fast jobs are: one process, two workers, Dask and Spark, on the same files.

Beside them stands one write of all that is in the files, from memory.

``python -m benchmarks.delivery.jobs`` writes the same parquet files into a fresh server in each of
these ways, some times in turn. It prints samples per second, the median of the ratios to the first
way in the same round, and the CPU time of a sample in client and server: together they keep all
cores of the machine busy, unless something else is the limit. ``--server discarding`` takes the
server out of that: a program reads the bodies, and answers as if it stored them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

import pandas as pd
import psutil

from benchmarks.delivery.job_servers import SERVERS, ServerUnderTest
from benchmarks.measuring.child import ROOT
from benchmarks.measuring.frames import METRIC_FORMAT, long_frame
from benchmarks.measuring.server import stored_samples
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Comparison, alternate
from vm_df_writer import VmWriter, WriterConfig

__all__ = ["Files", "Rate", "compare_jobs", "measure"]

Write = Callable[[str], None]
Protocol = Literal["import", "remote_write"]


@dataclass(frozen=True)
class Rate:
    """The time that one way of writing took, in one run."""

    samples_per_s: float
    client_ns: float
    server_ns: float


@contextmanager
def _one_process(folder: Path, protocol: Protocol, workers: int = 1) -> Iterator[Write]:
    def write(url: str) -> None:
        state = folder.parent / f"{workers}-{time.monotonic_ns()}.sqlite"
        (metric_format,) = (f"{name}={text}" for name, text in METRIC_FORMAT.items())
        command = [
            *(sys.executable, "-c", "from vm_df_writer.cli import main; main()"),
            *("backfill", str(folder), "--url", url, "--metric-format", metric_format),
            *("--state", str(state), "--workers", str(workers), "--no-progress"),
            *("--protocol", protocol),
        ]
        subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True)  # noqa: S603

    # An installed package has its bytecode, wherever this runs.
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    yield write


@contextmanager
def _two_workers(folder: Path, protocol: Protocol) -> Iterator[Write]:
    with _one_process(folder, protocol, workers=2) as write:
        yield write


@contextmanager
def _dask(folder: Path, protocol: Protocol) -> Iterator[Write]:
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
            to_victoriametrics(scores, _config(url, protocol))

        yield write


@contextmanager
def _spark(folder: Path, protocol: Protocol) -> Iterator[Write]:
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

        def write(url: str) -> None:
            scores = session.read.parquet(str(folder))
            to_victoriametrics(scores, _config(url, protocol))

        yield write
    finally:
        session.stop()


@contextmanager
def _from_memory(folder: Path, protocol: Protocol) -> Iterator[Write]:
    frame = pd.concat([pd.read_parquet(path) for path in sorted(folder.iterdir())])

    def write(url: str) -> None:
        with VmWriter(config=_config(url, protocol)) as writer:
            writer.write(frame, progress=False)

    yield write


WAYS: dict[str, Callable[[Path, Protocol], Any]] = {
    "from memory": _from_memory,
    "one process": _one_process,
    "two workers": _two_workers,
    "Dask, two processes": _dask,
    "Spark, local[2]": _spark,
}


def _config(url: str, protocol: Protocol) -> WriterConfig:
    metric_format = dict(METRIC_FORMAT)
    return WriterConfig(datasource_url=url, metric_format=metric_format, protocol=protocol)


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


def measure(
    write: Write,
    n_samples: int,
    span: pd.DatetimeIndex,
    opened: AbstractContextManager[ServerUnderTest],
    *,
    on_one_core: bool = False,
) -> Rate:
    """Write into a fresh server, and look at the clocks."""
    with opened as server:
        if on_one_core:
            server.keep_to_one_core()
        client_s, server_s = _client_cpu_s(server.process), server.cpu_s()
        started = time.perf_counter()
        write(server.url)
        elapsed_s = time.perf_counter() - started
        client_s = _client_cpu_s(server.process) - client_s
        server_s = server.cpu_s() - server_s
        if server.stores:
            found = stored_samples(server.url, "vm", span, n_samples)
            if found != n_samples:
                raise RuntimeError(f"{found:,} of {n_samples:,} samples are there")
    per_sample = 1e9 / n_samples
    return Rate(n_samples / elapsed_s, client_s * per_sample, server_s * per_sample)


def _client_cpu_s(serving: psutil.Process) -> float:
    """Return the CPU time of this process and its children, but for the server."""
    own = psutil.Process()
    total = sum(own.cpu_times()[:4])  # with that of children that have ended
    for child in own.children(recursive=True):
        if child != serving:
            total += sum(child.cpu_times()[:4])
    return total


def compare_jobs(sizes: Sizes) -> Iterator[Comparison]:
    """Yield one process beside a write from memory, and two workers beside one process.

    On two cores a server leaves no room for a second worker; so that one stores nothing.
    """
    beside_memory = ("one process", "from memory")
    for protocol in get_args(Protocol):
        yield _compare(sizes, "newest", protocol, beside_memory, goal=1 / 0.85)
    yield _compare(sizes, "discarding", "import", ("two workers", "one process"), goal=1 / 1.5)


def _compare(
    sizes: Sizes, server: str, protocol: Protocol, ways: tuple[str, str], *, goal: float
) -> Comparison:
    files = Files(*sizes.job_files)
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary) / "scores"
        folder.mkdir()
        span = files.write(folder)

        def timed(write: Write) -> float:
            rate = measure(write, files.n_samples, span, SERVERS[server]())
            return files.n_samples / rate.samples_per_s

        timings = alternate(
            {way: partial(timed, stack.enter_context(WAYS[way](folder, protocol))) for way in ways},
            sizes.few_repetitions,
            unmeasured=0,  # each has a server of its own
        )
    what = f"{files.n_samples:,} samples of parquet files"
    case = f"backfill of {what}, {ways[0]}, protocol={protocol!r}, {server} server"
    ours, theirs = (timings[way] for way in ways)
    return Comparison(case, ways[1], files.n_samples, ours, theirs, goal)


def main() -> None:
    """Measure every way, in turn, and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.delivery.jobs")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--groups", type=int, default=10, help="row groups of a file")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of a row group")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS], metavar="WAY")
    parser.add_argument("--protocol", choices=get_args(Protocol), default="import")
    parser.add_argument("--server", choices=SERVERS, default="newest")
    parser.add_argument("--one-core", action="store_true", help="for the server")
    given = parser.parse_args()
    files = Files(given.files, given.groups, given.rows)
    with TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary) / "scores"
        folder.mkdir()
        span = files.write(folder)
        writes = {
            name: stack.enter_context(WAYS[name](folder, given.protocol)) for name in given.ways
        }
        rates: dict[str, list[Rate]] = {name: [] for name in writes}
        for _ in range(given.repetitions):
            for name, write in writes.items():
                server = SERVERS[given.server]()
                rate = measure(write, files.n_samples, span, server, on_one_core=given.one_core)
                rates[name].append(rate)
    print(f"{files.n_samples:,} samples; CPU time in ns a sample; medians of {given.repetitions}")
    print(f"{'':<20} {'samples/s':>12} {'ratio':>6} {'client':>8} {'server':>8}")
    first = [run.samples_per_s for run in next(iter(rates.values()))]
    for name, runs in rates.items():
        speeds = [run.samples_per_s for run in runs]
        ratio = median(speed / other for speed, other in zip(speeds, first, strict=True))
        client, server = (median(getattr(r, f"{w}_ns") for r in runs) for w in ("client", "server"))
        print(f"{name:<20} {median(speeds):>12,.0f} {ratio:>6.2f} {client:>8,.0f} {server:>8,.0f}")


if __name__ == "__main__":
    main()
