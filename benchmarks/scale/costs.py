"""Measures the costs that model.py needs, and the writes that it predicts (Linux).

Costs are CPU time, which other programs on the machine disturb little. Wall times are those of the
runs in which other programs used least. All runs take turns.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from statistics import median
from typing import NamedTuple, Self

import pandas as pd
import psutil

from benchmarks.measuring.frames import METRIC_FORMAT, wide_frame
from benchmarks.measuring.server import settle
from benchmarks.measuring.sizes import Shape
from benchmarks.scale.model import Costs
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.config.writer_parameters import CompressionChoice
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import Body, pack_bodies

__all__ = ["CORES", "ENCODINGS", "PROCESSES", "Measured", "Use", "cpu_ns", "measure"]

CORES = 2
ENCODINGS = ("none", "gzip")
PROCESSES = (1, 2)

_QUIET = 0.1  # cores that others may use

Run = Callable[[], object]


class Use(NamedTuple):
    """How long something took, and the CPU of this process, its children and all others."""

    wall_s: float
    own_s: float
    children_s: float
    others_s: float

    @classmethod
    def so_far(cls) -> Self:
        """Return what was used until now."""
        own, children = time.process_time(), 0.0
        for child in psutil.Process().children(recursive=True):
            times = child.cpu_times()
            children += times.user + times.system
        machine = psutil.cpu_times()
        busy = sum(machine[:8]) - machine.idle - machine.iowait
        return cls(time.perf_counter(), own, children, busy - own - children)

    @classmethod
    def of(cls, run: Run) -> Self:
        """Run something, and return what was used meanwhile."""
        before = cls.so_far()
        run()
        return cls(*(now - then for now, then in zip(cls.so_far(), before, strict=True)))

    @property
    def others(self) -> float:
        """The cores that others used."""
        return self.others_s / self.wall_s

    @property
    def left(self) -> float:
        """The cores that others left."""
        return CORES - max(0, self.others)


@dataclass(frozen=True, slots=True)
class Measured:
    """What samples cost, and how long it took to write them.

    Attributes
    ----------
    costs : mapping of str to Costs
        By coding.
    writes : mapping of (str, int) to list of Use
        The least disturbed writes, by coding and number of processes.
    """

    costs: Mapping[str, Costs]
    writes: Mapping[tuple[str, int], Sequence[Use]]


def cpu_ns(run: Run, n_samples: int, repetitions: int) -> float:
    """Return the CPU of this process per sample: the median, after a run that does not count."""
    run()
    return median(Use.of(run).own_s for _ in range(repetitions)) / n_samples * 1e9


def measure(shape: Shape, repetitions: int, *, patience_s: float) -> Measured:
    """Measure what a wide frame costs, and how long one and two processes take to write it.

    Parameters
    ----------
    shape : Shape
        The frame that each process writes.
    repetitions : int
        Runs of which the median is taken.
    patience_s : float
        How long to go on while others disturb the runs.
    """
    n = shape.rows * shape.series
    bodies = [body.data for body in _bodies(shape)]
    payloads = {encoding: [compress(body, encoding) for body in bodies] for encoding in ENCODINGS}
    format_only = partial(_write, "http://localhost", "none", shape, dry_run=True)
    format_ns = cpu_ns(format_only, n, repetitions)
    uses, merge_s = _in_turns(shape, payloads, repetitions, patience_s)
    # Each round stores the frame twice by itself, and once by each process.
    n_rounds = len(uses["none", "store"])
    merge_ns = merge_s / (n_rounds * len(ENCODINGS) * (2 + sum(PROCESSES)) * n) * 1e9
    costs = {}
    for encoding in ENCODINGS:
        store_s = median(use.children_s for use in uses[encoding, "store"])
        parse_s = median(use.children_s for use in uses[encoding, "drop"])
        send_s = median(use.own_s for use in uses[encoding, "store"])
        alone, calm = (uses[encoding, what][0] for what in ("store in turn", "store"))
        usable = (calm.own_s + calm.children_s) / (calm.left * calm.wall_s)
        request_cores = store_s / alone.wall_s * CORES / alone.left
        compress_all = partial(_compress_all, bodies, encoding)
        costs[encoding] = Costs(
            samples_per_body=round(n / len(bodies)),
            bytes_per_sample=round(sum(map(len, payloads[encoding])) / n, 1),
            format_ns=round(format_ns),
            compress_ns=round(cpu_ns(compress_all, n, repetitions)),
            send_ns=round(send_s / n * 1e9),
            parse_ns=round(parse_s / n * 1e9),
            store_ns=round(max(0, store_s - parse_s) / n * 1e9),
            merge_ns=round(merge_ns),
            request_cores=max(1, round(request_cores, 2)),
            usable=min(1, round(usable, 2)),
        )
    writes = {(c, k): uses[c, f"write by {k}"][:repetitions] for c in ENCODINGS for k in PROCESSES}
    return Measured(costs, writes)


def _in_turns(
    shape: Shape, payloads: Mapping[str, Sequence[bytes]], repetitions: int, patience_s: float
) -> tuple[dict[tuple[str, str], list[Use]], float]:
    """Run everything in turns, until there are enough undisturbed runs or for long enough.

    Returns the uses of each run, the least disturbed first, and the CPU that the server took
    after the runs for work that they had left.
    """
    with (
        LocalVictoriaMetrics() as server,
        LocalVictoriaMetrics(retention="1d") as dropping,  # parses all, and takes it for too old
        ProcessPoolExecutor(
            max(PROCESSES), get_context("spawn"), initializer=_frame, initargs=(shape,)
        ) as pool,
    ):
        runs: dict[tuple[str, str], Run] = {}
        for encoding in ENCODINGS:
            post = partial(_post, payloads[encoding], encoding)
            runs[encoding, "drop"] = partial(post, dropping.url, 2)
            runs[encoding, "store"] = partial(post, server.url, 2)
            runs[encoding, "store in turn"] = partial(post, server.url, 1)
            for k in PROCESSES:
                write = partial(_write_at_once, pool, k, server.url, encoding, shape)
                runs[encoding, f"write by {k}"] = write
        for run in runs.values():  # connects, and lets the server know the series
            run()
            settle(server.url)
        uses: dict[tuple[str, str], list[Use]] = {case: [] for case in runs}
        merge_s, deadline = 0.0, time.monotonic() + patience_s
        n_rounds = n_undisturbed = 0
        while n_rounds < repetitions or (
            n_undisturbed < repetitions and time.monotonic() < deadline
        ):
            for case, run in runs.items():
                uses[case].append(Use.of(run))
                merge_s += Use.of(partial(settle, server.url)).children_s
            n_rounds += 1
            n_undisturbed = min(
                sum(use.others < _QUIET for use in found) for found in uses.values()
            )
    for found in uses.values():
        found.sort(key=lambda use: use.others)
    return uses, merge_s


def _post(payloads: Sequence[bytes], encoding: str, url: str, threads: int) -> None:
    config = WriterConfig(datasource_url=url, timeout="1m")
    content_encoding = None if encoding == "none" else encoding
    with (
        closing(HttpClient(config, Endpoint.of(config))) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        post = partial(client.post_import, content_encoding=content_encoding)
        list(pool.map(post, payloads))


def _compress_all(bodies: Sequence[bytes], encoding: str) -> None:
    for body in bodies:
        compress(body, encoding)


def _bodies(shape: Shape) -> Iterator[Body]:
    config = WriterConfig(datasource_url="http://localhost")
    read = parse_frame(_frame(shape), metric_format=METRIC_FORMAT)
    return pack_bodies(
        read.blocks(), max_bytes=config.batch_max_bytes, max_series=config.batch_max_series
    )


@cache
def _frame(shape: Shape) -> pd.DataFrame:
    return wide_frame(shape).frame


@cache
def _writer(url: str, encoding: CompressionChoice) -> VmWriter:
    return VmWriter(url, metric_format=METRIC_FORMAT, compression=encoding, timeout="1m")


def _write(url: str, encoding: str, shape: Shape, *, dry_run: bool = False) -> None:
    """Write a frame whose series are this process's own."""
    labels = {"process": os.getpid()}
    _writer(url, encoding).write(_frame(shape), labels=labels, progress=False, dry_run=dry_run)


def _write_at_once(pool: Executor, processes: int, url: str, encoding: str, shape: Shape) -> None:
    jobs = [pool.submit(_write, url, encoding, shape) for _ in range(processes)]
    for job in jobs:
        job.result()
