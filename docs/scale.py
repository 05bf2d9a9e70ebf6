"""Measures and computes what scale.md shows: ``python -m docs.scale`` prints its tables."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.frames import long_frame, periodic_frame, wide_frame
from benchmarks.machine import describe_machine, use_two_cores
from benchmarks.scale_model import (
    Costs,
    Run,
    Site,
    far_server,
    limits,
    measure,
    measure_costs,
    simulate,
    write,
)
from benchmarks.server import settle
from benchmarks.sizes import Shape
from benchmarks.timing import drain
from vm_df_writer.local import LocalVictoriaMetrics

CODINGS = {"none": "plain", "gzip": "gzip"}
CONCURRENCY = (1, 2, 4, 8, 16)
PROCESSES = (1, 2, 4, 8)
ROUND_TRIPS_S = (0.0002, 0.005, 0.02, 0.1)
FAR_S = 0.1
GBIT_PER_S = 1e9 / 8
# In one data centre: a machine that writes, and a server of some size behind some network.
NEAR = Site(client_cores=16, round_trip_s=0.0005)
SERVERS = [
    (cores, gbit, coding) for cores in (8, 32) for gbit in (1, 10) for coding in ("none", "gzip")
]
RATES = (1e6, 5e6, 20e6, 100e6)
SHAPE = Shape(rows=10_000, series=180)
_COLORS = ("#1f5fa8", "#e07b39", "#2a9d8f", "#7a5195")
_INK = "#333333"

AllCosts = Mapping[str, Costs]
Table = list[list[str]]


class Check(NamedTuple):
    """A prediction and what was measured: samples per second."""

    what: str
    predicted: float
    measured: Sequence[float]
    cpu_ns: float  # what all of us together used per sample
    others: float  # the most cores that other programs used meanwhile


def predictions(costs: AllCosts, shape: Shape) -> dict[str, float]:
    """Return the samples per second of each check."""
    n_bodies = round(shape.rows * shape.series / costs["none"].samples_per_body)
    found = {}
    for coding, name in CODINGS.items():
        for n in (1, 2):
            speed = simulate(costs[coding], Site(), processes=n, bodies=n_bodies)
            found[f"server here, {name}, processes: {n}"] = speed
    # Receiving costs about what sending does.
    sink = replace(costs["none"], parse_ns=costs["none"].send_ns, store_ns=0, server_request_us=0)
    for seconds in (0, FAR_S):
        site = Site(round_trip_s=seconds, window_bytes=math.inf)
        for n in CONCURRENCY[:4]:
            speed = simulate(sink, site, concurrency=n, bodies=n_bodies)
            found[f"sink, {1000 * seconds:.0f} ms away, concurrency: {n}"] = speed
    return found


def check(costs: AllCosts, shape: Shape, url: str, repetitions: int) -> Iterator[Check]:
    """Write into a server on this machine, and into a sink, and compare with the predictions."""
    n_samples = shape.rows * shape.series
    predicted = iter(predictions(costs, shape).items())

    def compare(run: Run, settling: Run, n: int = 1) -> Check:
        uses = measure(run, settling, repetitions)
        cpu_ns = median(use.own_s + use.children_s for use in uses) / (n * n_samples) * 1e9
        speeds = [n * n_samples / use.wall_s for use in uses]
        others = max(use.others_s / use.wall_s for use in uses)
        return Check(*next(predicted), sorted(speeds), cpu_ns, others)

    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:

        def write_at_once(coding: str, n: int) -> None:
            list(pool.map(write, [url] * n, [coding] * n, [2] * n, [shape] * n))

        write_at_once("none", 2)  # so that both have made the frame
        for coding in CODINGS:
            for n in (1, 2):
                yield compare(partial(write_at_once, coding, n), partial(settle, url), n)
    for seconds in (0.0, FAR_S):
        with far_server(seconds) as sink_url:
            for n in CONCURRENCY[:4]:
                yield compare(partial(write, sink_url, "none", n, shape), lambda: None)


def costs_table(costs: AllCosts) -> Table:
    """Return the costs: a row for each, a column for each coding."""
    rows = [[f"`{name}`"] for name in asdict(costs["none"])]
    for coding in CODINGS:
        for row, cost in zip(rows, asdict(costs[coding]).values(), strict=True):
            row.append(f"{cost:g}")
    return [["cost", *CODINGS.values()], *rows]


def checks_table(checks: Sequence[Check]) -> Table:
    """Return predictions beside measurements."""
    head = ["write", "predicted", "measured: median (least to most)", "measured / predicted"]
    table = [[*head, "CPU ns per sample", "used by others"]]
    for found in checks:
        middle = median(found.measured)
        spread = f"{_mega(found.measured[0])} to {_mega(found.measured[-1])}"
        table.append(
            [
                *(found.what, f"{_mega(found.predicted)} M/s", f"{_mega(middle)} M/s ({spread})"),
                *(f"{middle / found.predicted:.2f}", f"{found.cpu_ns:.0f}"),
                f"{max(0, found.others):.2f} cores",
            ]
        )
    return table


def concurrency_table(costs: AllCosts) -> Table:
    """Return what one process writes to a large server at some distance."""
    table = [["round trip", *(f"concurrency {n}" for n in CONCURRENCY)]]
    for seconds in ROUND_TRIPS_S:
        site = far_site(seconds)
        speeds = [simulate(costs["gzip"], site, concurrency=n) for n in CONCURRENCY]
        table.append([f"{1000 * seconds:g} ms", *(f"{_mega(speed)} M/s" for speed in speeds)])
    return table


def far_site(round_trip_s: float) -> Site:
    """Return a site with much of everything but nearness."""
    return Site(4, server_cores=64, bytes_per_s=10 * GBIT_PER_S, round_trip_s=round_trip_s)


def processes_table(costs: AllCosts) -> Table:
    """Return what processes write to a server in the same data centre, and what limits them."""
    table = [["server", "network", "bodies", *(f"processes: {n}" for n in PROCESSES)]]
    for cores, gbit, coding in SERVERS:
        row = [f"{cores} cores", f"{gbit} Gbit/s", CODINGS[coding]]
        for n in PROCESSES:
            speed, limit = near(costs[coding], cores, gbit, n)
            row.append(f"{_mega(speed)} M/s, {limit}")
        table.append(row)
    return table


def near(costs: Costs, cores: int, gbit: float, processes: int) -> tuple[float, str]:
    """Return the speed of writing with a concurrency of 4, and what limits it."""
    site = replace(NEAR, server_cores=cores, bytes_per_s=gbit * GBIT_PER_S)
    speed = simulate(costs, site, processes=processes, concurrency=4)
    return speed, next(iter(limits(costs, site, processes=processes, concurrency=4)))


def needs_table(costs: AllCosts) -> Table:
    """Return what it takes to fill an ingest rate."""
    plain, gzip = (costs[coding] for coding in CODINGS)
    ample = replace(NEAR, server_cores=10_000)
    one = [simulate(cost, ample, concurrency=8) for cost in (plain, gzip)]
    table = [
        ["samples per second", *(f"{rate / 1e6:g} M" for rate in RATES)],
        ["writing processes, plain", *(f"{math.ceil(rate / one[0])}" for rate in RATES)],
        ["writing processes, gzip", *(f"{math.ceil(rate / one[1])}" for rate in RATES)],
    ]
    for what, unit, ns in (
        ("client, plain", "cores", _client_ns(plain)),
        ("client, gzip", "cores", _client_ns(gzip)),
        ("network, plain", "Gbit/s", plain.bytes_per_sample * 8),
        ("network, gzip", "Gbit/s", gzip.bytes_per_sample * 8),
        ("single server, plain", "cores", plain.parse_ns + plain.store_ns),
        ("single server, gzip", "cores", gzip.parse_ns + gzip.store_ns),
        ("vminsert, gzip", "cores", gzip.parse_ns),
        ("vmstorage, for each copy", "cores", plain.store_ns),
    ):
        table.append([what, *(f"{rate * ns * 1e-9:.2g} {unit}" for rate in RATES)])
    return table


def _client_ns(costs: Costs) -> float:
    request_ns = costs.client_request_us * 1000 / costs.samples_per_body
    return costs.format_ns + costs.compress_ns + costs.send_ns + request_ns


PREDICTED = {
    "A server far away": concurrency_table,
    "Processes, servers and networks": processes_table,
    "What fills an ingest rate": needs_table,
}


def formatting_table(repetitions: int, scale: int) -> Table:
    """Measure what one process formats."""
    table = [["frame", "CPU per sample", "samples per second"]]
    for what, data in (
        ("wide, 300 series", wide_frame(Shape(10_000 // scale, 300))),
        ("long, 600 series, two label columns", long_frame(Shape(3_000_000 // scale, 600))),
        ("wide, 200,000 series of one sample", periodic_frame(200_000 // scale)),
    ):
        uses = measure(drain(data.lines), lambda: None, repetitions)
        ns = median(use.own_s for use in uses) / data.n_samples * 1e9
        table.append([what, f"{ns:.0f} ns", f"{1e3 / ns:.2g} M"])
    return table


def draw(checks: Sequence[Check], costs: AllCosts) -> Figure:
    """Draw the checks, and what the model says of other places."""
    figure = Figure(figsize=(13, 4.4), layout="constrained")
    checked, by_concurrency, by_processes = figure.subplots(1, 3)
    rows = range(len(checks))[::-1]
    for row, found in zip(rows, checks, strict=True):
        ends = [found.measured[0], found.measured[-1]]
        checked.plot(ends, [row, row], color=_COLORS[0], linewidth=6, solid_capstyle="round")
    predicted = [found.predicted for found in checks]
    checked.plot(predicted, rows, "D", color=_COLORS[1], markersize=5, label="predicted")
    checked.plot([], [], color=_COLORS[0], linewidth=6, label="measured")
    checked.set_yticks(rows, [found.what for found in checks])
    checked.set_xscale("log")
    _dress(checked, "Here: prediction and measurement", "samples per second", grid="x")
    for seconds, color in zip(ROUND_TRIPS_S, _COLORS, strict=False):
        speeds = [simulate(costs["gzip"], far_site(seconds), concurrency=n) for n in CONCURRENCY]
        label = f"{1000 * seconds:g} ms"
        by_concurrency.plot(CONCURRENCY, speeds, "o-", color=color, markersize=4, label=label)
    title = "One process, by distance (gzip, a server with 64 cores)"
    _dress(by_concurrency, title, "concurrency")
    for (cores, gbit, coding), color in zip(SERVERS, _COLORS * 2, strict=False):
        speeds = [near(costs[coding], cores, gbit, n)[0] for n in PROCESSES]
        label = f"{cores} cores, {gbit} Gbit/s, {CODINGS[coding]}"
        style = "o-" if coding == "gzip" else "s:"
        by_processes.plot(PROCESSES, speeds, style, color=color, markersize=4, label=label)
    _dress(by_processes, "Processes, by server and network", "processes")
    return figure


def _dress(axes: Axes, title: str, label: str, *, grid: Literal["x", "y"] = "y") -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.set_xlabel(label, fontsize=9, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#e4e6ea", linewidth=0.8)
    axes.tick_params(labelsize=8.5, color="#c2c7cf", labelcolor=_INK)
    (axes.xaxis if grid == "x" else axes.yaxis).set_major_formatter(lambda x, _: f"{x / 1e6:g} M")
    axes.legend(frameon=False, fontsize=8.5)


def markdown(table: Table) -> str:
    """Return a table as it stands in scale.md."""
    head, *rows = table
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _mega(speed: float) -> str:
    return f"{speed / 1e6:.3g}"


def main(arguments: Sequence[str]) -> None:
    """Measure, print the tables, and draw the picture into the folder that is named."""
    folder, *small = arguments
    shape, repetitions, scale = (SHAPE, 5, 1) if not small else (Shape(500, 20), 1, 100)
    use_two_cores()
    sys.stdout.write(f"{describe_machine()}\n\n")
    with LocalVictoriaMetrics() as server, LocalVictoriaMetrics(retention="1d") as dropping:
        costs = {
            coding: measure_costs(coding, shape, server.url, dropping.url, repetitions)
            for coding in CODINGS
        }
        checks = list(check(costs, shape, server.url, repetitions))
    for table in (
        formatting_table(repetitions, scale),
        costs_table(costs),
        checks_table(checks),
        *(make(costs) for make in PREDICTED.values()),
    ):
        sys.stdout.write(f"{markdown(table)}\n")
    draw(checks, costs).savefig(Path(folder) / "scale.png", dpi=130)


if __name__ == "__main__":
    main(sys.argv[1:])
