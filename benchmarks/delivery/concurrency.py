"""Throughput of `VmWriter.write` by concurrency and compression."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from benchmarks.measuring.child import call_in_child
from benchmarks.measuring.frames import METRIC_FORMAT, wide_frame
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.server import settle
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Timing, alternate, timed
from vm_df_writer import VmWriter
from vm_df_writer.config.writer_parameters import CompressionChoice
from vm_df_writer.local import LocalVictoriaMetrics

__all__ = ["DeliveryRun", "seconds_to_write", "vary_delivery"]

_CONCURRENCY = (1, 2, 4)


@dataclass(frozen=True, slots=True)
class DeliveryRun:
    """What one way to deliver took.

    Attributes
    ----------
    concurrency : int
        Requests in flight.
    compression : str
        How bodies were compressed, and by what.
    n_samples, bytes_sent : int
        What was written, and its size on the wire.
    timing : Timing
        How long each repetition took.
    """

    concurrency: int
    compression: str
    n_samples: int
    bytes_sent: int
    timing: Timing

    @property
    def samples_per_s(self) -> float:
        """Samples per second, by the median."""
        return self.n_samples / self.timing.median_s


def vary_delivery(sizes: Sizes) -> Iterator[DeliveryRun]:
    """Write a wide frame with 1, 2 and 4 requests in flight, and by every kind of compression."""
    shape = sizes.server_wide
    with LocalVictoriaMetrics() as server:
        for name, compression, hide in _ways():
            seconds, bytes_sent = call_in_child(
                __name__,
                "seconds_to_write",
                *(server.url, shape.rows, shape.series, compression, sizes.few_repetitions),
                hide=hide,
            )
            for concurrency, values in zip(_CONCURRENCY, seconds, strict=True):
                n_samples = shape.rows * shape.series
                yield DeliveryRun(concurrency, name, n_samples, bytes_sent, Timing(tuple(values)))


def seconds_to_write(
    url: str, rows: int, series: int, compression: CompressionChoice, repetitions: int
) -> tuple[list[tuple[float, ...]], int]:
    """Write a wide frame again and again; return the durations for each concurrency, and bytes."""
    data = wide_frame(Shape(rows, series))
    with ExitStack() as stack:
        writers = {
            str(concurrency): stack.enter_context(
                VmWriter(
                    url,
                    metric_format=METRIC_FORMAT,
                    compression=compression,
                    concurrency=concurrency,
                    timeout="1m",
                )
            )
            for concurrency in _CONCURRENCY
        }
        measures = {
            name: timed(partial(writer.write, data.frame, progress=False))
            for name, writer in writers.items()
        }
        timings = alternate(measures, repetitions, settle=partial(settle, url))
        report = writers["1"].write(data.frame, progress=False)
    return [timing.seconds for timing in timings.values()], report.bytes_sent


def _ways() -> Iterator[tuple[str, str, list[str]]]:
    """Yield the name of a compression, its parameter, and the packages to hide from it."""
    yield "none", "none", []
    yield "gzip by zlib", "gzip", ["isal"]
    try:
        optional("isal")
    except NotInstalledError:
        return
    yield "gzip by isal", "gzip", []
