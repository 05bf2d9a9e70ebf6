"""What the server spends on a sample, as remote write and as import lines, and a whole write."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pandas as pd
import psutil
import requests

from benchmarks.measuring.frames import METRIC_FORMAT, Input, periodic_frame, wide_frame
from benchmarks.measuring.server import Curl, settle
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, alternate, timed
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.local import LocalVictoriaMetrics, find_program
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import pack_bodies
from vm_df_writer.wire.protocol import IMPORT_LINES, REMOTE_WRITE, Wire

__all__ = ["VersionedServer", "compare_servers", "server_programs"]

_NO_LIMIT = 10**9
_SERVERS = Path(__file__).parents[2] / ".servers"
_CONNECTIONS = 2
_TIMEOUT_S = 120
_TICK_S = 0.01  # of the clock of a process
_LINES, _GZIP, _STORED = (IMPORT_LINES, "none"), (IMPORT_LINES, "gzip"), (REMOTE_WRITE, "stored")
# Since which version a server parses remote write at a third of the cost of lines, not at a half.
_NEW = (1, 145)

_Way = tuple[Wire, str]
_Protocol = Literal["import", "remote_write"]


def server_programs() -> dict[str, str]:
    """Return the programs of VictoriaMetrics by version: those of `make servers`, else ours."""
    found = {
        path.parts[-4].rpartition("-")[2]: str(path)
        for path in _SERVERS.glob("victoria-metrics-*/usr/bin/victoria-metrics")
    }
    found = dict(sorted(found.items(), key=lambda named: _numbers(named[0])))
    program = find_program("victoria-metrics")
    return found or ({"on the PATH": program} if program else {})


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def compare_servers(sizes: Sizes) -> Iterator[Comparison]:
    """Yield the CPU time of each server for both wires, and a write beside curl.

    Bodies are made beforehand. Every measurement has a server of its own, which first takes the
    series of the frame, so that it knows them where that is what is measured.
    """
    long, n_known = wide_frame(sizes.end_to_end), sizes.periodic_series // 2
    known = periodic_frame(n_known)
    programs = server_programs()
    if sizes.name == "small":
        programs = dict([*programs.items()][-1:])
    for version, program in programs.items():
        is_new = version == "on the PATH" or _numbers(version) >= _NEW
        spend = partial(_server_cpu_s, program)
        for way, name, goal in (
            (_LINES, "import lines", 0.42 if is_new else 0.72),
            (_GZIP, "import lines in gzip", 0.30 if is_new else 0.62),
        ):
            case = f"server CPU of remote write, long series, {version}"
            yield _compare(case, name, long, None, way, spend, sizes.repetitions, goal)
        case = f"server CPU of one more sample of {n_known:,} series, {version}"
        yield _compare(
            case, "import lines", known, _beside(known), _LINES, spend,
            sizes.repetitions, 0.45,
        )  # fmt: skip
        yield from _end_to_end(version, program, long, sizes.repetitions, is_new=is_new)


def _compare(
    case: str,
    yardstick: str,
    data: Input,
    before: Input | None,
    way: _Way,
    spend: Callable[..., float],
    repetitions: int,
    goal: float,
) -> Comparison:
    measures = {
        name: partial(spend, _bodies(data, each), each, _bodies(before, each) if before else [])
        for name, each in (("ours", _STORED), ("theirs", way))
    }
    timings = alternate(measures, repetitions)
    return Comparison(case, yardstick, data.n_samples, timings["ours"], timings["theirs"], goal)


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


class VersionedServer(LocalVictoriaMetrics):
    """A server of a version of its own."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def _command(self, port: int, folder: Path) -> list[str]:
        return [self._program, *super()._command(port, folder)[1:]]

    def cpu_s(self) -> float:
        """Return the CPU time that it has spent; its own page of metrics lags behind."""
        if self._process is None:
            return 0.0
        spent = psutil.Process(self._process.pid).cpu_times()
        return float(spent.user + spent.system)


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


def _end_to_end(
    version: str, program: str, data: Input, repetitions: int, *, is_new: bool
) -> Iterator[Comparison]:
    """Compare a whole write on each wire with curl, which posts the import lines of the frame."""
    goals: dict[_Protocol, float] = {
        "remote_write": 0.55 if is_new else 0.77,
        "import": 1.15 if is_new else 1.0,
    }
    with VersionedServer(program) as server, TemporaryDirectory() as folder, ExitStack() as writers:
        curl = Curl(server.url, Path(folder), list(data.lines()))
        measures = {"curl": timed(curl.post_two_at_a_time)}
        for protocol in goals:
            config = WriterConfig(
                datasource_url=server.url,
                protocol=protocol,
                metric_format=METRIC_FORMAT,
                timeout="1m",
            )
            writer = writers.enter_context(VmWriter(config=config))
            measures[protocol] = timed(partial(writer.write, data.frame, progress=False))
        timings = alternate(measures, repetitions, settle=partial(settle, server.url))
    for protocol, goal in goals.items():
        case = f"VmWriter.write, protocol={protocol!r}, end to end, {version}"
        yardstick = "curl with the import lines of the same frame"
        yield Comparison(case, yardstick, data.n_samples, timings[protocol], timings["curl"], goal)
