"""How fast writers fill a server: a queueing simulation of client, network and server.

Bodies stand in the queues. Each process formats one body at a time, and has up to `concurrency` of
them in requests and two more in memory, as `vm_df_writer.delivery.sender` does.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Any

import simpy

__all__ = ["Costs", "Site", "bounds", "simulate", "steady_rate"]

BODIES_AHEAD = 2
"""Bodies in memory beside those in requests: one that is ready, and one that is being made."""

INSERTS_PER_CORE = 4
"""Requests that the server works on at a time (-maxConcurrentInserts); others wait."""

_NS = 1e-9

_Steps = Generator[simpy.Event, Any, None]


@dataclass(frozen=True, slots=True)
class Costs:
    """What samples cost, with one kind of compression; CPU is of one core.

    Attributes
    ----------
    samples_per_body : float
        Samples in a request.
    bytes_per_sample : float
        Size on the wire.
    format_ns, compress_ns, send_ns : float
        CPU of the client. A process formats in one thread; the others compress and send.
    parse_ns, store_ns : float
        CPU of the server until it answers. In a cluster vminsert parses, vmstorage stores.
    merge_ns : float
        CPU of the server that merges its files later. A simulation leaves it out, unless
        the costs are those `in_the_long_run`.
    request_cores : float
        Cores of the server that one request keeps busy.
    usable : float
        Share of the server's cores that can be kept busy by many requests.
    """

    samples_per_body: float
    bytes_per_sample: float
    format_ns: float
    compress_ns: float
    send_ns: float
    parse_ns: float
    store_ns: float
    merge_ns: float
    request_cores: float
    usable: float

    @property
    def client_ns(self) -> float:
        """All CPU of the client."""
        return self.format_ns + self.compress_ns + self.send_ns

    @property
    def server_ns(self) -> float:
        """All CPU of the server until it answers."""
        return self.parse_ns + self.store_ns

    @property
    def in_the_long_run(self) -> Costs:
        """The costs of samples that never end: what one write leaves to merge slows the next."""
        return replace(self, store_ns=self.store_ns + self.merge_ns, merge_ns=0)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the parts run, and what is between them.

    Attributes
    ----------
    client_cores : float
        Cores that all writing processes share.
    server_cores : float, optional
        Cores of a single node, or of all vminserts; without, the server has the client's.
    storage_cores : float, optional
        Cores of all vmstorages; without, the server stores by itself.
    bytes_per_s : float
        What the network carries.
    round_trip_s : float
        How long a byte takes there and back.
    window_bytes : float
        What one connection has under way at most.
    """

    client_cores: float = 2
    server_cores: float | None = None
    storage_cores: float | None = None
    bytes_per_s: float = math.inf
    round_trip_s: float = 0
    window_bytes: float = 3 * 2**20

    @property
    def bytes_per_s_of_a_connection(self) -> float:
        """What one connection carries."""
        flow = self.window_bytes / self.round_trip_s if self.round_trip_s else math.inf
        return min(flow, self.bytes_per_s)


class _Shared:
    """Cores, or a network, that all jobs share evenly; a job uses no more than its `width`."""

    def __init__(self, env: simpy.Environment, capacity: float) -> None:
        self._env = env
        self._capacity = capacity
        self._progress = 0.0  # of a job of any width that was there from the start
        self._pace = 1.0
        self._since = 0.0
        self._wanted = 0.0
        self._jobs: list[tuple[float, int, float, simpy.Event]] = []  # by progress at their end
        self._numbers = count()
        self._alarm = 0

    def work(self, amount: float, width: float = 1) -> simpy.Event:
        """Return what happens when so much is done."""
        done = self._env.event()
        if amount / width == 0:
            return done.succeed()
        self._advance()
        heappush(self._jobs, (self._progress + amount / width, next(self._numbers), width, done))
        self._wanted += width
        self._plan()
        return done

    def _advance(self) -> None:
        self._progress += self._pace * (self._env.now - self._since)
        self._since = self._env.now

    def _plan(self) -> None:
        """Set the alarm for the job that ends next; one that was set before is void."""
        self._alarm += 1
        if self._jobs:
            self._pace = min(1, self._capacity / self._wanted)
            left = max(0.0, self._jobs[0][0] - self._progress)
            alarm = self._env.timeout(left / self._pace, self._alarm)
            alarm.callbacks.append(self._finish)

    def _finish(self, alarm: simpy.Event) -> None:
        if alarm.value != self._alarm:
            return
        self._advance()
        end, _, width, done = heappop(self._jobs)
        self._progress = max(self._progress, end)
        self._wanted = self._wanted - width if self._jobs else 0.0
        done.succeed()
        self._plan()


class _World:
    """All that the processes share."""

    def __init__(self, costs: Costs, site: Site) -> None:
        self.env = simpy.Environment()
        self._costs, self._site = costs, site
        is_shared = site.server_cores is None
        self._client = _Shared(self.env, site.client_cores * (costs.usable if is_shared else 1))
        self._network = _Shared(self.env, site.bytes_per_s)
        self._server = self._storage = self._client
        if site.server_cores is not None:
            self._server = self._storage = _Shared(self.env, costs.usable * site.server_cores)
        if site.storage_cores is not None:
            self._storage = _Shared(self.env, costs.usable * site.storage_cores)
        server_cores = site.server_cores or site.client_cores
        self._inserts = simpy.Resource(self.env, math.ceil(INSERTS_PER_CORE * server_cores))

    def start_process(self, bodies: int, concurrency: int) -> simpy.Event:
        """Start the threads of a process; return what happens when all is acknowledged."""
        places = simpy.Container(self.env, init=concurrency + BODIES_AHEAD)
        ready = simpy.Container(self.env)
        for _ in range(concurrency):
            self.env.process(self._send(places, ready))
        return self.env.process(self._format(places, ready, bodies, concurrency))

    def _cpu(self, pool: _Shared, ns_per_sample: float, width: float = 1) -> simpy.Event:
        return pool.work(ns_per_sample * _NS * self._costs.samples_per_body, width)

    def _format(
        self, places: simpy.Container, ready: simpy.Container, bodies: int, concurrency: int
    ) -> _Steps:
        for _ in range(bodies):
            yield places.get(1)
            yield self._cpu(self._client, self._costs.format_ns)
            yield ready.put(1)
        yield places.get(concurrency + BODIES_AHEAD)

    def _send(self, places: simpy.Container, ready: simpy.Container) -> _Steps:
        costs, site = self._costs, self._site
        while True:
            yield ready.get(1)
            yield self._cpu(self._client, costs.compress_ns)
            yield self.env.timeout(site.round_trip_s / 2)
            with self._inserts.request() as insert:
                yield insert
                # The server works on the first lines while the last ones are still being sent.
                n_bytes = costs.samples_per_body * costs.bytes_per_sample
                sending = self._cpu(self._client, costs.send_ns)
                carrying = self._network.work(n_bytes, site.bytes_per_s_of_a_connection)
                yield sending & carrying & self._receive()
            yield self.env.timeout(site.round_trip_s / 2)
            yield places.put(1)

    def _receive(self) -> simpy.Event:
        costs = self._costs
        if self._storage is self._server:
            return self._cpu(self._server, costs.server_ns, costs.request_cores)
        parsing = self._cpu(self._server, costs.parse_ns, costs.request_cores)
        return parsing & self._cpu(self._storage, costs.store_ns, costs.request_cores)


def simulate(
    costs: Costs, site: Site, *, processes: int = 1, concurrency: int = 2, bodies: int = 25
) -> float:
    """Return the seconds until all processes have written so many bodies each.

    Examples
    --------
    >>> costs = Costs(1e5, 30, 50, 0, 0, 0, 0, 0, request_cores=2, usable=1)
    >>> round(simulate(costs, Site(), bodies=20), 6)
    0.1
    """
    world = _World(costs, site)
    done = [world.start_process(bodies, concurrency) for _ in range(processes)]
    world.env.run(world.env.all_of(done))
    return float(world.env.now)


def steady_rate(costs: Costs, site: Site, *, processes: int = 1, concurrency: int = 2) -> float:
    """Return the samples per second of processes that go on for ever.

    That is what another round of bodies takes, so that neither beginning nor end counts.
    """
    bodies = concurrency * max(4, 12 // concurrency)
    once, twice = (
        simulate(costs, site, processes=processes, concurrency=concurrency, bodies=n)
        for n in (bodies, 2 * bodies)
    )
    return processes * bodies * costs.samples_per_body / (twice - once)


def bounds(
    costs: Costs, site: Site, *, processes: int = 1, concurrency: int = 2
) -> dict[str, float]:
    """Return the samples per second that each part allows by itself, the least first."""
    cpu = {"client": (site.client_cores, costs.client_ns)}
    if site.server_cores is None:
        cpu = {"machine": (costs.usable * site.client_cores, costs.client_ns + costs.server_ns)}
    elif site.storage_cores is None:
        cpu["server"] = (costs.usable * site.server_cores, costs.server_ns)
    else:
        cpu["vminsert"] = (costs.usable * site.server_cores, costs.parse_ns)
        cpu["vmstorage"] = (costs.usable * site.storage_cores, costs.store_ns)
    found = {name: _quotient(cores, ns * _NS) for name, (cores, ns) in cpu.items()}
    found["network"] = site.bytes_per_s / costs.bytes_per_sample
    found["formatting"] = _quotient(processes, costs.format_ns * _NS)
    # Little's law: `in_requests` samples are in requests, each for the time of a lone body.
    at_once_ns = [costs.send_ns, 1e9 * costs.bytes_per_sample / site.bytes_per_s_of_a_connection]
    working_ns = (
        [costs.server_ns] if site.storage_cores is None else [costs.parse_ns, costs.store_ns]
    )
    cores = [site.server_cores or site.client_cores, site.storage_cores or math.inf]
    at_once_ns += [
        ns / min(n, costs.request_cores) for ns, n in zip(working_ns, cores, strict=False)
    ]
    in_request_s = (costs.compress_ns + max(at_once_ns)) * _NS * costs.samples_per_body
    in_requests = processes * concurrency * costs.samples_per_body
    found["concurrency"] = _quotient(in_requests, in_request_s + site.round_trip_s)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _quotient(amount: float, by: float) -> float:
    return amount / by if by else math.inf
