"""Where the time of a write goes: reading, formatting, compressing, sending, waiting.

The stages run one after the other here, over one connection, so that each can be timed by itself;
`VmWriter.write`, whose time stands beside them, formats while it sends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.client import HTTPConnection
from statistics import median
from typing import TypeVar
from urllib.parse import urlsplit

from benchmarks.measuring.frames import METRIC_FORMAT, Input, long_frame, wide_frame
from benchmarks.measuring.server import settle
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Timing, timed
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.config.writer_parameters import CompressionChoice
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies

__all__ = ["STAGES", "StageRun", "split_writes"]

STAGES = ("reading", "formatting", "compressing", "sending", "waiting")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class StageRun:
    """The stages of writing a frame one after the other, and a write that overlaps them.

    Attributes
    ----------
    layout, coding : str
        The frame's layout, and how bodies are compressed.
    n_samples, n_bytes : int
        What was written, and its size on the wire.
    stages_s : dict of str to float
        The median of each stage, in seconds.
    write : Timing
        How long `VmWriter.write` took for the same.
    """

    layout: str
    encoding: str
    n_samples: int
    n_bytes: int
    stages_s: dict[str, float]
    write: Timing


def split_writes(sizes: Sizes) -> Iterator[StageRun]:
    """Time the stages for a wide and a long frame of equal size, plain and compressed."""
    shape = sizes.server_wide
    long = Shape(shape.rows * shape.series, shape.series)
    with LocalVictoriaMetrics() as server:
        for layout, data in (("wide", wide_frame(shape)), ("long", long_frame(long))):
            for encoding in ("none", "gzip"):
                yield _split(server.url, layout, data, encoding, sizes.few_repetitions)


def _split(
    url: str, layout: str, data: Input, encoding: CompressionChoice, repetitions: int
) -> StageRun:
    stages: dict[str, list[float]] = {name: [] for name in STAGES}
    writes: list[float] = []
    n_bytes = 0
    with VmWriter(url, metric_format=METRIC_FORMAT, compression=encoding, timeout="1m") as writer:
        write = timed(partial(writer.write, data.frame, progress=False))
        for _ in range(repetitions):
            settle(url)
            clock = _Clock()
            n_bytes = _write_in_sequence(writer.config, data, encoding, clock)
            for name in STAGES:
                stages[name].append(clock.seconds[name])
            settle(url)
            writes.append(write())
    medians = {name: median(seconds) for name, seconds in stages.items()}
    return StageRun(layout, encoding, data.n_samples, n_bytes, medians, Timing(tuple(writes)))


def _write_in_sequence(
    config: WriterConfig, data: Input, encoding: CompressionChoice, clock: _Clock
) -> int:
    headers = {} if encoding == "none" else {"Content-Encoding": encoding}
    n_bytes = 0
    with closing(HTTPConnection(urlsplit(config.datasource_url).netloc)) as connection:
        connection.connect()
        with clock.runs("reading"):
            reading = ReadOptions.of(**data.reading)
            read = parse_frame(data.frame, metric_format=config.metric_format, reading=reading)
        bodies = pack_bodies(
            clock.pull("reading", read.blocks()),
            max_bytes=config.batch_max_bytes,
            max_series=config.batch_max_series,
        )
        for body in clock.pull("formatting", bodies):
            with clock.runs("compressing"):
                payload = compress(body.data, encoding)
            with clock.runs("sending"):
                connection.request("POST", "/api/v1/import", payload, headers)
            with clock.runs("waiting"):
                answer = connection.getresponse()
                answer.read()
            assert answer.status == HTTPStatus.NO_CONTENT
            n_bytes += len(payload)
    return n_bytes


class _Clock:
    """Charges time to one stage after the other; a stage within another stops the outer one."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._stage: str | None = None
        self._since = 0.0

    @contextmanager
    def runs(self, stage: str) -> Iterator[None]:
        """Charge the time of the ``with`` block to a stage."""
        outer = self._switch(stage)
        try:
            yield
        finally:
            self._switch(outer)

    def pull(self, stage: str, items: Iterator[_T]) -> Iterator[_T]:
        """Charge the time that each item takes to come."""
        while True:
            with self.runs(stage):
                try:
                    item = next(items)
                except StopIteration:
                    return
            yield item

    def _switch(self, stage: str | None) -> str | None:
        now = time.perf_counter()
        if self._stage is not None:
            self.seconds[self._stage] += now - self._since
        outer, self._stage, self._since = self._stage, stage, now
        return outer
