"""The tables and the picture of docs/explanation/scale.md, made of costs and measurements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.measuring.sizes import Shape
from benchmarks.scale.model import Costs, Site, bounds, simulate, steady_rate

__all__ = [
    "MADE_FROM_COSTS",
    "SHAPE",
    "Check",
    "checks_table",
    "costs_table",
    "draw",
    "formatting_table",
    "name_of_write",
    "predict_s",
]

AllCosts = Mapping[str, Costs]

CODING_NAMES = {"none": "plain", "gzip": "gzip"}
SHAPE = Shape(rows=10_000, series=300)
"""What each process writes."""

_GBIT_PER_S = 1e9 / 8
_CORES = (4, 8, 16, 32)
_GBITS = (1, 10)
_ROUND_TRIPS_S = (0.0002, 0.001, 0.02, 0.1)
_PROCESSES = (1, 2, 3, 4, 6, 8, 12, 16)
_CONCURRENCY = (1, 2, 4, 8, 16, 32)
_RATES = (1e6, 5e6, 20e6, 100e6)
_FULL = 0.9
_CORES_OF_A_PROCESS = 4
_COLORS = ("#1f5fa8", "#e07b39", "#2a9d8f", "#7a5195")
_INK = "#333333"


@dataclass(frozen=True, slots=True)
class Check:
    """A prediction and what was measured.

    Attributes
    ----------
    what : str
        The write.
    predicted_s : float
        How long the model says that it takes.
    measured_s : sequence of float
        How long it took, the shortest first.
    others : float
        Cores that other programs used meanwhile.
    parts_ns, whole_ns : float
        CPU per sample, of the parts by themselves and of the whole write.
    """

    what: str
    predicted_s: float
    measured_s: Sequence[float]
    others: float
    parts_ns: float
    whole_ns: float


def predict_s(
    costs: AllCosts, shape: Shape, encoding: str, processes: int, *, others: float
) -> float:
    """Return how long processes take to write a frame each, into a server on the same two cores.

    Other programs use `others` of the cores.
    """
    bodies = round(shape.rows * shape.series / costs[encoding].samples_per_body)
    site = Site(client_cores=2 - others)
    return simulate(costs[encoding], site, processes=processes, bodies=bodies)


def name_of_write(encoding: str, processes: int) -> str:
    """Return what a write is called in the page."""
    return f"{processes} process{'es' * (processes > 1)}, {CODING_NAMES[encoding]}"


def checks_table(checks: Sequence[Check]) -> str:
    """Return predictions beside measurements."""
    rows = []
    for check in checks:
        middle, shortest, longest = (f(check.measured_s) for f in (median, min, max))
        measured = f"{middle:.2f} s ({shortest:.2f} to {longest:.2f})"
        error = f"{check.predicted_s / middle - 1:+.0%}"
        others = f"{check.others:.2f}"
        cpu = f"{check.parts_ns:.0f} ns, {check.whole_ns:.0f} ns"
        rows.append([check.what, others, f"{check.predicted_s:.2f} s", measured, error, cpu])
    head = ["write", "cores used by others", "predicted", "measured", "error"]
    return _table([*head, "CPU per sample: parts, whole"], rows)


def formatting_table(ns_by_frame: Mapping[str, float]) -> str:
    """Return what one process formats."""
    rows = [[what, f"{ns:.0f} ns", f"{1e3 / ns:.2g} M/s"] for what, ns in ns_by_frame.items()]
    return _table(["frame", "CPU per sample", "samples"], rows)


def costs_table(costs: AllCosts) -> str:
    """Return the costs: a row for each, a column for each coding."""
    columns = [asdict(cost) for cost in costs.values()]
    rows = [[f"`{name}`", *(f"{column[name]:g}" for column in columns)] for name in columns[0]]
    return _table(["per sample", *(CODING_NAMES[encoding] for encoding in costs)], rows)


def budget_table(costs: AllCosts) -> str:
    """Return what it takes to fill an ingest rate."""
    rows = []
    for encoding, cost in costs.items():
        server_ns = [ns / cost.usable for ns in (cost.parse_ns, cost.in_the_long_run.store_ns)]
        busy_ns = [cost.format_ns, cost.client_ns, sum(server_ns), *server_ns]
        for rate in _RATES:
            thread, client, *servers = (f"{rate * ns * 1e-9:.3g}" for ns in busy_ns)
            network = f"{rate * cost.bytes_per_sample / _GBIT_PER_S:.3g} Gbit/s"
            row = [f"{rate / 1e6:g} M/s", CODING_NAMES[encoding]]
            rows.append([*row, thread, client, network, *servers])
    head = ["samples", "bodies", "formatting threads", "client cores", "network"]
    return _table([*head, "single-node cores", "vminsert cores", "vmstorage cores"], rows)


def single_node_table(costs: AllCosts) -> str:
    """Return what fills a single node: processes x concurrency."""
    rows = []
    for cores in _CORES:
        for gbit in _GBITS:
            for encoding, cost in costs.items():
                site = Site(server_cores=cores, bytes_per_s=gbit * _GBIT_PER_S)
                row = [f"{cores} cores", f"{gbit} Gbit/s", CODING_NAMES[encoding]]
                rows.append([*row, *_what_fills(cost.in_the_long_run, site)])
    return _table(["server", "network", "bodies", *_filling_head()], rows)


def cluster_table(costs: AllCosts) -> str:
    """Return what fills a cluster behind 10 Gbit/s: processes x concurrency."""
    rows = []
    for cores in _CORES:
        for encoding, cost in costs.items():
            site = Site(
                server_cores=cores, storage_cores=cores, bytes_per_s=_GBITS[-1] * _GBIT_PER_S
            )
            row = [f"{cores} cores", f"{cores} cores", CODING_NAMES[encoding]]
            rows.append([*row, *_what_fills(cost.in_the_long_run, site)])
    return _table(["vminserts", "vmstorages", "bodies", *_filling_head()], rows)


def _filling_head() -> list[str]:
    return ["limit", "samples", *(f"{1000 * seconds:g} ms" for seconds in _ROUND_TRIPS_S)]


def _what_fills(costs: Costs, site: Site) -> list[str]:
    names = {"network", "server", "vminsert", "vmstorage"}
    limits = {name: rate for name, rate in bounds(costs, site).items() if name in names}
    limit, most = next(iter(limits.items()))
    ways = [
        _fewest(costs, replace(site, round_trip_s=seconds), _FULL * most)
        for seconds in _ROUND_TRIPS_S
    ]
    return [limit, f"{_mega(most)} M/s", *ways]


def _fewest(costs: Costs, site: Site, enough: float) -> str:
    """Return the fewest processes, and of these the fewest requests, that write fast enough."""
    for processes in _PROCESSES:
        here = replace(site, client_cores=_CORES_OF_A_PROCESS * processes)
        for concurrency in _CONCURRENCY:
            way = {"processes": processes, "concurrency": concurrency}
            fastest = next(iter(bounds(costs, here, **way).values()))
            if fastest >= enough and steady_rate(costs, here, **way) >= enough:
                return f"{processes} x {concurrency}"
    return "more"


MADE_FROM_COSTS = {
    "budget": budget_table,
    "single-node": single_node_table,
    "cluster": cluster_table,
}
"""The parts of the page that are made of the costs alone."""


def draw(checks: Sequence[Check], costs: AllCosts) -> Figure:
    """Draw the checks, and what the model says of other places."""
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    checked, by_concurrency, by_processes = figure.subplots(1, 3)
    rows = range(len(checks))[::-1]
    for row, check in zip(rows, checks, strict=True):
        ends = [check.measured_s[0], check.measured_s[-1]]
        checked.plot(ends, [row, row], color=_COLORS[0], linewidth=6, solid_capstyle="round")
    predicted = [check.predicted_s for check in checks]
    checked.plot(predicted, rows, "D", color=_COLORS[1], markersize=5, label="predicted")
    checked.plot([], [], color=_COLORS[0], linewidth=6, label="measured")
    checked.set_yticks(rows, [check.what for check in checks])
    checked.set_xlim(left=0)
    _dress(checked, "Here: prediction and measurement", "seconds", grid="x")
    for seconds, color in zip(_ROUND_TRIPS_S, _COLORS, strict=True):
        site = Site(_CORES_OF_A_PROCESS, 32, None, _GBITS[-1] * _GBIT_PER_S, seconds)
        rates = [
            steady_rate(costs["gzip"].in_the_long_run, site, concurrency=n) / 1e6
            for n in _CONCURRENCY
        ]
        label = f"{1000 * seconds:g} ms"
        by_concurrency.plot(_CONCURRENCY, rates, "o-", color=color, markersize=4, label=label)
    for axes, numbers in ((by_concurrency, _CONCURRENCY), (by_processes, _PROCESSES)):
        axes.set_xscale("log", base=2, subs=[])
        axes.set_xticks(numbers, [str(n) for n in numbers])
    _dress(by_concurrency, "M samples/s of a process, gzip, to 32 cores", "concurrency")
    for cores, color in zip(_CORES, _COLORS, strict=True):
        for encoding, style in (("gzip", "o-"), ("none", "s:")):
            rates = [_rate_nearby(costs[encoding], cores, n) / 1e6 for n in _PROCESSES]
            name = f"{cores} cores" if encoding == "gzip" else None
            by_processes.plot(_PROCESSES, rates, style, color=color, markersize=4, label=name)
    by_processes.plot([], [], "s:", color=_INK, markersize=4, label="plain")
    _dress(by_processes, "M samples/s in all, concurrency 4, 10 Gbit/s, 1 ms", "processes")
    return figure


def _rate_nearby(costs: Costs, cores: int, processes: int) -> float:
    client_cores = _CORES_OF_A_PROCESS * processes
    site = Site(client_cores, cores, None, _GBITS[-1] * _GBIT_PER_S, 0.001)
    return steady_rate(costs.in_the_long_run, site, processes=processes, concurrency=4)


def _dress(axes: Axes, title: str, label: str, *, grid: Literal["x", "y"] = "y") -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.set_xlabel(label, fontsize=9, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis=grid, color="#e4e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, color="#c2c7cf", labelcolor=_INK)
    if grid == "y":
        axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8.5, loc="best")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [head, ["---"] * len(head), *rows])


def _mega(rate: float) -> str:
    return f"{rate / 1e6:.3g}"
