"""What the server spends on a sample, as remote write and as import lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pandas as pd
import requests

from benchmarks.measuring.frames import METRIC_FORMAT, Input, periodic_frame, wide_frame
from benchmarks.measuring.server import settle
from benchmarks.measuring.sizes import Shape, Sizes
from benchmarks.measuring.timing import Comparison, Timing, alternate
from benchmarks.measuring.versions import VersionedServer, is_new, servers_for
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE, Wire

__all__ = ["compare_servers"]

_NO_LIMIT = 10**9
_CONNECTIONS = 2
_TIMEOUT_S = 120
_TICK_S = 0.01  # of the clock of a process

_Way = tuple[Wire, str]
_LINES, _GZIP, _STORED = (IMPORT_LINES, "none"), (IMPORT_LINES, "gzip"), (REMOTE_WRITE, "stored")
_NAMES = {_LINES: "import lines", _GZIP: "import lines in gzip"}


def compare_servers(sizes: Sizes) -> Iterator[Comparison]:
    """Yield the CPU time of the oldest and the newest server for both wires.

    Bodies are made beforehand. Every measurement has a server of its own, which first takes the
    series of the frame, so that it knows them where that is what is measured.
    """
    whole = sizes.end_to_end
    long = wide_frame(Shape(whole.rows, whole.series // 2))
    n_known = sizes.periodic_series // 2
    known = periodic_frame(n_known)
    for version, program in servers_for(sizes).items():
        goals = {_LINES: 0.42, _GZIP: 0.30} if is_new(version) else {_LINES: 0.72, _GZIP: 0.62}
        case = f"server CPU of remote write, long series, {version}"
        yield from _compare(case, long, None, goals, program, sizes)
        case = f"server CPU of one more sample of {n_known:,} series, {version}"
        yield from _compare(case, known, _beside(known), {_LINES: 0.45}, program, sizes)


def _compare(
    case: str,
    data: Input,
    before: Input | None,
    goals: Mapping[_Way, float],
    program: str,
    sizes: Sizes,
) -> Iterator[Comparison]:
    def spent(way: _Way) -> float:
        known = _bodies(before, way) if before else []
        return _server_cpu_s(program, _bodies(data, way), way, known)

    timings: dict[str, Timing] = alternate(
        {"ours": partial(spent, _STORED), **{_NAMES[way]: partial(spent, way) for way in goals}},
        sizes.few_repetitions,
        unmeasured=0,  # each has a server of its own
    )
    for way, goal in goals.items():
        name = _NAMES[way]
        yield Comparison(case, name, data.n_samples, timings["ours"], timings[name], goal)


def _beside(data: Input) -> Input:
    """Return the same series at another time of the same day, which has an index of its own."""
    frame = data.frame.set_axis(pd.DatetimeIndex(data.frame.index) + pd.Timedelta(minutes=1))
    return Input(frame, data.n_samples, data.reading)


def _bodies(data: Input, way: _Way) -> list[bytes]:
    wire, encoding = way
    reading = ReadOptions.of(**data.reading)
    read = parse_frame(data.frame, metric_format=METRIC_FORMAT, reading=reading)
    bodies = pack_bodies(
        read.blocks(), max_bytes=wire.default_body_bytes, max_series=_NO_LIMIT, wire=wire
    )
    return [compress(body.data, encoding) for body in bodies]


def _server_cpu_s(
    program: str, bodies: Sequence[bytes], way: _Way, before: Sequence[bytes]
) -> float:
    """Return what a fresh server spends on bodies until it has answered all of them.

    What it does with its storage later is the same for both wires.
    """
    with VersionedServer(program) as server:
        _post(server.url, before, way)  # a server knows a series again by the order of its labels
        settle(server.url)
        started = server.cpu_s()
        _post(server.url, bodies, way)
        return max(server.cpu_s() - started, _TICK_S)


def _post(url: str, bodies: Sequence[bytes], way: _Way) -> None:
    wire, encoding = way
    headers = dict(wire.headers(encoding))
    with requests.Session() as session, ThreadPoolExecutor(_CONNECTIONS) as pool:

        def post(body: bytes) -> None:
            answer = session.post(url + wire.path, body, headers=headers, timeout=_TIMEOUT_S)
            answer.raise_for_status()

        list(pool.map(post, bodies))
