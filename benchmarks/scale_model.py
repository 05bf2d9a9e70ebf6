"""How the writer scales: a queueing simulation, and what measures the costs that it is given.

docs/scale.py makes docs/scale.md of it. Measuring needs Linux.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pandas as pd

from benchmarks.frames import METRIC_FORMAT, wide_frame
from benchmarks.server import settle
from benchmarks.sizes import Shape
from benchmarks.timing import drain
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.frames.layout import read_frame
from vm_df_writer.wire.bodies import Body, pack_bodies
from vm_df_writer.wire.compression import compress

__all__ = ["Costs", "Site", "far_server", "limits", "measure", "measure_costs", "simulate", "write"]

Run = Callable[[], object]

_BODIES_AHEAD = 2  # of the sender: one ready to go, and one being made
_CORES_OF_A_REQUEST = 2  # the server works on the lines of one in parallel: seen with two cores


@dataclass(frozen=True, slots=True)
class Costs:
    """What samples and requests cost: CPU of client and server, and bytes on the wire."""

    samples_per_body: float
    bytes_per_sample: float
    format_ns: float
    compress_ns: float
    send_ns: float
    parse_ns: float
    store_ns: float
    client_request_us: float
    server_request_us: float


@dataclass(frozen=True, slots=True)
class Site:
    """Where client and server run, and what is between them.

    A server without cores of its own has the client's. One connection has up to `window_bytes`
    under way.
    """

    client_cores: float = 2
    server_cores: float | None = None
    bytes_per_s: float = math.inf
    round_trip_s: float = 0
    window_bytes: float = 4 * 2**20


class _Step(NamedTuple):
    """What a body needs on its way: core seconds, bytes or mere time; and how fast at most."""

    resource: str
    work: float
    width: float = 1


def _way(costs: Costs, site: Site) -> tuple[list[_Step], dict[str, float]]:
    """Return the steps of a body, the first of which formats it, and what all bodies share."""
    n, ns, us = costs.samples_per_body, 1e-9, 1e-6
    client, server = "client CPU", "server CPU"
    capacity = {client: site.client_cores, "network": site.bytes_per_s, "distance": math.inf}
    if site.server_cores is None:
        server = client
    else:
        capacity[server] = site.server_cores
    flow = site.window_bytes / site.round_trip_s if site.round_trip_s else math.inf
    sending_s = n * (costs.compress_ns + costs.send_ns) * ns + costs.client_request_us * us
    storing_s = n * (costs.parse_ns + costs.store_ns) * ns + costs.server_request_us * us
    steps = [
        _Step(client, n * costs.format_ns * ns),
        _Step(client, sending_s),
        _Step("network", n * costs.bytes_per_sample, min(flow, site.bytes_per_s)),
        _Step("distance", site.round_trip_s),
        _Step(server, storing_s, min(_CORES_OF_A_REQUEST, capacity[server])),
    ]
    return steps[:1] + [step for step in steps[1:] if step.work / step.width > 0], capacity


def simulate(
    costs: Costs, site: Site, *, processes: int = 1, concurrency: int = 2, bodies: int = 25
) -> float:
    """Return the samples per second that are acknowledged while each process writes its bodies.

    All bodies at a resource share it evenly. A process formats one at a time, has up to
    `concurrency` in flight, and two more in memory.
    """
    steps, capacity = _way(costs, site)
    unmade, ready, sending = ([n] * processes for n in (bodies, 0, 0))
    active: list[tuple[int, int]] = []  # process and step of each body
    left: list[float] = []  # and how much of that step there is still to do
    now = 0.0

    def enter(process: int, step: int) -> None:
        active.append((process, step))
        left.append(steps[step].work)

    def start(process: int) -> None:
        if ready[process] and sending[process] < concurrency:
            ready[process] -= 1
            sending[process] += 1
            enter(process, 1)
        has_room = ready[process] + sending[process] < concurrency + _BODIES_AHEAD
        if unmade[process] and has_room and (process, 0) not in active:
            unmade[process] -= 1
            enter(process, 0)

    for process in range(processes):
        start(process)
    while active:
        wanted = dict.fromkeys(capacity, 0.0)
        for _, step in active:
            wanted[steps[step].resource] += steps[step].width
        pace = {name: min(1, capacity[name] / wide) for name, wide in wanted.items() if wide}
        speeds = [steps[step].width * pace[steps[step].resource] for _, step in active]
        times = [work / speed for work, speed in zip(left, speeds, strict=True)]
        seconds = min(times)
        first = times.index(seconds)
        now += seconds
        left[:] = [work - speed * seconds for work, speed in zip(left, speeds, strict=True)]
        left.pop(first)
        process, step = active.pop(first)
        if step == 0:
            ready[process] += 1
        elif step == len(steps) - 1:
            sending[process] -= 1
        else:
            enter(process, step + 1)
        start(process)
    return processes * bodies * costs.samples_per_body / now


def limits(
    costs: Costs, site: Site, *, processes: int = 1, concurrency: int = 2
) -> dict[str, float]:
    """Return the most samples per second that each part of the way allows, the least first."""
    steps, capacity = _way(costs, site)
    n = costs.samples_per_body
    needed: dict[str, float] = {}
    for step in steps:
        needed[step.resource] = needed.get(step.resource, 0) + step.work
    found = {name: n * capacity[name] / work for name, work in needed.items() if work}
    found["formatting"] = processes * n / steps[0].work if steps[0].work else math.inf
    found["concurrency"] = processes * concurrency * n / sum(s.work / s.width for s in steps[1:])
    return dict(sorted(found.items(), key=lambda item: item[1]))


class Use(NamedTuple):
    """How long something took, and the CPU that we, our children and others used meanwhile."""

    wall_s: float
    own_s: float
    children_s: float
    others_s: float


def _used() -> Use:
    tick = os.sysconf("SC_CLK_TCK")
    pids = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2] for pid in pids]
    children = sum(int(ticks) for stat in stats for ticks in stat.split()[11:13]) / tick
    times = [int(ticks) for ticks in Path("/proc/stat").read_text().split()[1:9]]
    own, busy = time.process_time(), (sum(times) - times[3] - times[4]) / tick
    return Use(time.perf_counter(), own, children, busy - own - children)


def measure(run: Run, settling: Run, repetitions: int) -> list[Use]:
    """Run until little disturbed so often, or for too long; return the least disturbed runs."""
    run()
    uses: list[Use] = []
    undisturbed, patience = 0, repetitions - 1
    while undisturbed < repetitions and len(uses) <= 2 * patience:
        settling()
        for _ in range(75 * patience):  # a minute at most, until nobody else needs the machine
            before = _used()
            time.sleep(0.2)
            if _used().others_s - before.others_s < 0.02:
                break
        before = _used()
        run()
        uses.append(Use(*(b - a for a, b in zip(before, _used(), strict=True))))
        undisturbed += uses[-1].others_s < 0.1 * uses[-1].wall_s
    return sorted(uses, key=lambda use: use.others_s / use.wall_s)[:repetitions]


def _bodies(shape: Shape) -> Iterator[Body]:
    read = read_frame(_frame(shape), metric_format=METRIC_FORMAT)
    return pack_bodies(read.blocks(), max_bytes=4 * 2**20, max_series=100_000)


@cache
def _frame(shape: Shape) -> pd.DataFrame:
    return wide_frame(shape).frame


def _post(url: str, payloads: Sequence[bytes], coding: str) -> None:
    """Post by two threads."""
    config = WriterConfig(datasource_url=url, timeout="1m")
    encoding = None if coding == "none" else coding
    with closing(HttpClient(config, Endpoint.of(config))) as client, ThreadPoolExecutor(2) as pool:
        list(pool.map(partial(client.post_import, content_encoding=encoding), payloads))


def measure_costs(
    coding: str, shape: Shape, storing: str, dropping: str, repetitions: int
) -> Costs:
    """Measure with two servers: one that stores everything, and one to which all is too old."""
    bodies = list(_bodies(shape))
    payloads = [compress(body.data, coding) for body in bodies]
    line = b'{"metric":{"__name__":"y"},"values":[1.5],"timestamps":[1767225600000]}\n'
    small = [compress(line, coding)] * 200
    n = shape.rows * shape.series

    def post(url: str, payloads: Sequence[bytes]) -> tuple[float, float]:
        run = partial(_post, url, payloads, coding)
        uses = measure(run, partial(settle, url), repetitions)
        return median(use.own_s for use in uses), median(use.children_s for use in uses)

    def own(run: Run) -> float:
        return median(use.own_s for use in measure(run, lambda: None, repetitions))

    client_request_s, server_request_s = (seconds / len(small) for seconds in post(storing, small))
    (send_s, server_s), (_, parse_s) = post(storing, payloads), post(dropping, payloads)
    return Costs(
        samples_per_body=round(n / len(bodies)),
        bytes_per_sample=round(sum(map(len, payloads)) / n, 1),
        format_ns=round(own(drain(partial(_bodies, shape))) / n * 1e9),
        compress_ns=round(own(lambda: [compress(body.data, coding) for body in bodies]) / n * 1e9),
        send_ns=round((send_s - len(bodies) * client_request_s) / n * 1e9),
        parse_ns=round(max(0.0, parse_s - len(bodies) * server_request_s) / n * 1e9),
        store_ns=round(max(0.0, server_s - parse_s) / n * 1e9),
        client_request_us=round(client_request_s * 1e6),
        server_request_us=round(server_request_s * 1e6),
    )


class _Sink(BaseHTTPRequestHandler):
    """Takes what it is posted, and stores nothing."""

    protocol_version = "HTTP/1.1"
    round_trip_s = 0.0

    def do_GET(self) -> None:
        self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.round_trip_s)
        self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")


@contextmanager
def far_server(round_trip_s: float) -> Iterator[str]:
    """Run a server that takes no time to store, but has a distance; yield its URL."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(there, round_trip_s), daemon=True)
    process.start()
    yield here.recv()
    process.terminate()
    process.join()


def _serve(connection: Connection, round_trip_s: float) -> None:
    _Sink.round_trip_s = round_trip_s
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    connection.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


def write(url: str, coding: str, concurrency: int, shape: Shape) -> None:
    """Write a frame; its series are this process's own."""
    with VmWriter(
        url, metric_format=METRIC_FORMAT, compression=coding, concurrency=concurrency, timeout="1m"
    ) as writer:
        writer.write(_frame(shape), labels={"process": os.getpid()}, progress=False)
