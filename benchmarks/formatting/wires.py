"""Remote write against import lines: what formatting and compressing cost, and how many bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from benchmarks.measuring.child import call_in_child
from benchmarks.measuring.frames import (
    METRIC_FORMAT,
    Input,
    long_frame,
    periodic_frame,
    short_series_long,
    short_series_wide,
    wide_frame,
)
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Comparison, Timing, alternate, drain, timed
from vm_df_writer import to_remote_write
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import ParsedFrame, parse_frame
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import Body, pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE, Wire

__all__ = ["SizeGoal", "WireSize", "compare_wires", "measure_sizes", "size_goal"]

_NO_LIMIT = 10**9
_RANDOM = "random"
_GZIP, _ZSTD = (IMPORT_LINES, "gzip"), (REMOTE_WRITE, "zstd")


@dataclass(frozen=True, slots=True)
class WireSize:
    """How large the bodies of a frame with some kind of values are."""

    kind: str
    wire: str
    encoding: str
    n_samples: int
    n_bytes: int

    @property
    def bytes_per_sample(self) -> float:
        """Bytes of the payloads by samples."""
        return self.n_bytes / self.n_samples


@dataclass(frozen=True, slots=True)
class SizeGoal:
    """The bytes of one wire by those of the other."""

    case: str
    yardstick: str
    ratio: float
    goal: float

    @property
    def is_met(self) -> bool:
        """Whether the ratio does not exceed the goal."""
        return self.ratio <= self.goal


def compare_wires(sizes: Sizes) -> Iterator[Comparison | str]:
    """Yield each case in CPU time; a text where the yardstick is not installed."""
    yield from _formatting(sizes)
    yield from _from_frames(sizes)
    yield _compressing(sizes)
    yield _against_remote_writer(sizes.peer_wide, sizes.few_repetitions)


def measure_sizes(sizes: Sizes) -> Iterator[WireSize]:
    """Yield the size of wide frames on both wires, in each encoding.

    Series share their times, which zstd finds again if series are short enough for its window.
    """
    random = wide_frame(Shape(sizes.wide.rows, min(sizes.wide.series, 50))).frame
    steps = np.random.default_rng(0).integers(-3, 4, random.shape).cumsum(axis=0)
    n_short = max(1, sizes.wide.rows // 4)
    frames = {
        _RANDOM: wide_frame(Shape(n_short, min(sizes.wide.series, 200))).frame,
        "random, series four times as long": random,
        "4 significant figures": random.map(lambda value: float(f"{value:.4g}")),
        "integers": pd.DataFrame(1000.0 + steps, random.index, random.columns),
    }
    for kind, frame in frames.items():
        read = parse_frame(frame, metric_format=METRIC_FORMAT)
        for wire in (IMPORT_LINES, REMOTE_WRITE):
            bodies = list(_pack(read.blocks(), wire))
            for encoding in wire.encodings:
                n_bytes = sum(len(compress(body.data, encoding)) for body in bodies)
                yield WireSize(kind, wire.name, encoding, frame.size, n_bytes)


def size_goal(found: Iterable[WireSize]) -> SizeGoal:
    """Return the bytes of random values as remote write in zstd by those of gzipped lines."""
    n_bytes = {(size.kind, size.wire, size.encoding): size.n_bytes for size in found}
    ours, theirs = (n_bytes[_RANDOM, wire.name, encoding] for wire, encoding in (_ZSTD, _GZIP))
    return SizeGoal(
        "bytes a sample, random values, remote write in zstd",
        "import lines in gzip",
        ours / theirs,
        0.65,
    )


def _formatting(sizes: Sizes) -> Iterator[Comparison]:
    for name, data, goal in (
        (f"wide {sizes.wide.rows:,} x {sizes.wide.series}", wide_frame(sizes.wide), 4.5),
        (f"long {sizes.long.rows:,} rows, {sizes.long.series} series", long_frame(sizes.long), 7),
        (_short_name(sizes), short_series_long(sizes.short_series), 2.8),
        (f"{sizes.periodic_series:,} series of one sample", _periodic(sizes), 1.6),
    ):
        read = _read(data)
        blocks = list(read.blocks())
        read.label_sets.fields()
        yield _compare(
            f"remote write of blocks with labels, {name}",
            "import lines",
            data.n_samples,
            drain(partial(_pack, blocks, REMOTE_WRITE)),
            drain(partial(_pack, blocks, IMPORT_LINES)),
            sizes.few_repetitions,
            goal,
        )


def _from_frames(sizes: Sizes) -> Iterator[Comparison]:
    for name, data, goal in (
        (f"wide {sizes.wide.rows:,} x {sizes.wide.series}", wide_frame(sizes.wide), 2.3),
        (f"long {sizes.long.rows:,} rows", long_frame(sizes.long), 1.1),
        (f"{_short_name(sizes)}, wide", short_series_wide(sizes.short_series), 1.8),
        (f"{sizes.periodic_series:,} series of one sample", _periodic(sizes), 1.0),
    ):
        yield _compare(
            f"to_remote_write, {name}",
            "to_import_lines",
            data.n_samples,
            drain(partial(_bodies_of, data)),
            drain(data.lines),
            sizes.few_repetitions,
            goal,
        )


def _compressing(sizes: Sizes) -> Comparison:
    data = wide_frame(sizes.wide)
    blocks = list(_read(data).blocks())

    def send(wire: Wire, encoding: str) -> None:
        for body in _pack(blocks, wire):
            compress(body.data, encoding)

    return _compare(
        "remote write of blocks, and snappy",
        "import lines, and gzip by isal",
        data.n_samples,
        lambda: send(REMOTE_WRITE, "snappy"),
        lambda: send(*_GZIP),
        sizes.few_repetitions,
        3.0,
    )


def _against_remote_writer(shape: Shape, repetitions: int) -> Comparison | str:
    try:
        optional("prometheus_remote_writer")
    except NotInstalledError as error:
        return str(error)
    data = wide_frame(shape)
    ours = timed(drain(partial(_bodies_of, data, "snappy")), clock=time.process_time)

    def theirs() -> float:
        # In a child: its protobuf definitions cannot share a process with others of that name.
        return float(call_in_child(__name__, "remote_writer_s", shape.rows, shape.series))

    timings = alternate({"ours": ours, "theirs": theirs}, repetitions)
    return Comparison(
        f"to_remote_write in snappy, wide {shape.rows:,} x {shape.series}",
        "prometheus-remote-writer",
        data.n_samples,
        timings["ours"],
        timings["theirs"],
        1 / 20,
    )


def remote_writer_s(rows: int, series: int) -> float:
    """Return the CPU time that prometheus-remote-writer takes for a wide frame, but for sending."""
    data = wide_frame(Shape(rows, series)).frame
    library = optional("prometheus_remote_writer")
    writer = library.RemoteWriter("http://localhost", session=_Sink(), sort_labels=True)

    def write() -> None:
        times = data.index.as_unit("ms").asi8.tolist()  # type: ignore[attr-defined]
        writer.send(
            [
                {"metric": {"__name__": f"vm_{name}"}, "values": column, "timestamps": times}
                for name, column in data.to_dict("list").items()
            ]
        )

    return timed(write, clock=time.process_time)()


class _Sink:
    """A session that sends nothing."""

    def post(self, *_: object, **__: object) -> _Sink:
        return self

    def raise_for_status(self) -> None:
        pass


def _compare(
    case: str,
    yardstick: str,
    n_samples: int,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    repetitions: int,
    times_faster: float,
) -> Comparison:
    measures = {
        name: timed(run, clock=time.process_time)
        for name, run in (("ours", ours), ("theirs", theirs))
    }
    timings: dict[str, Timing] = alternate(measures, repetitions)
    return Comparison(
        case, yardstick, n_samples, timings["ours"], timings["theirs"], 1 / times_faster
    )


def _pack(blocks: Iterable[SeriesBlock], wire: Wire) -> Iterator[Body]:
    return pack_bodies(blocks, max_bytes=wire.default_body_bytes, max_series=_NO_LIMIT, wire=wire)


def _read(data: Input) -> ParsedFrame:
    reading = ReadOptions.of(**data.reading)
    return parse_frame(data.frame, metric_format=METRIC_FORMAT, reading=reading)


def _bodies_of(data: Input, compression: str = "none") -> Iterator[bytes]:
    return to_remote_write(
        data.frame, metric_format=METRIC_FORMAT, compression=compression, **data.reading
    )


def _periodic(sizes: Sizes) -> Input:
    return periodic_frame(sizes.periodic_series)


def _short_name(sizes: Sizes) -> str:
    return f"{sizes.short_series.series:,} series of {sizes.short_series.rows} samples"
