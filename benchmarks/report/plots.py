"""The pictures of the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.delivery.stages import STAGES
from benchmarks.peers.writers import OURS, PEERS
from benchmarks.report.results import Results

__all__ = ["draw_plots"]

_OURS_COLOR = "#1f5fa8"
_OTHER_COLOR = "#b9bec6"
_INK = "#333333"
_COLORS = dict(
    zip(
        (peer.name for peer in PEERS),
        (_OURS_COLOR, "#e07b39", "#7a5195", "#2a9d8f", "#8c6d46", "#c9a227", "#bc5090"),
        strict=True,
    )
)
_STAGE_COLORS = dict(
    zip(STAGES, ("#1f5fa8", "#5b9bd5", "#e9b44c", "#c2c7cf", "#e6e8ec"), strict=True)
)


def draw_plots(results: Results, folder: Path) -> dict[str, str]:
    """Draw what there are results for; return the name of each picture's file by its subject."""
    subjects: dict[str, tuple[Sequence[object], Callable[[Results], Figure]]] = {
        "peers": (results.peers, _draw_peers),
        "rows": (results.scaling, lambda r: _draw_scaling(r, "rows")),
        "series": (results.scaling, lambda r: _draw_scaling(r, "series")),
        "memory": (results.memory, _draw_memory),
        "end_to_end": (results.end_to_end, _draw_end_to_end),
        "stages": (results.stages, _draw_stages),
        "delivery": (results.delivery, _draw_delivery),
    }
    drawn = {}
    for subject, (found, draw) in subjects.items():
        if found:
            drawn[subject] = f"{subject}.png"
            draw(results).savefig(folder / drawn[subject], dpi=130)
    return drawn


def _figure(
    n_columns: int = 1, *, width: float = 7.0, height: float = 3.6
) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(figure.subplots(1, n_columns, squeeze=False)[0])


def _dress(axes: Axes, title: str, *, grid: str = "y") -> None:
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x" if grid == "x" else "y", color="#e4e6ea", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8.5, color="#c2c7cf", labelcolor=_INK)
    axes.xaxis.label.set_fontsize(9)
    axes.yaxis.label.set_fontsize(9)


def _short(x: float, _: object = None) -> str:
    """Return 1500000 as 1.5 M."""
    for factor, unit in ((1e6, " M"), (1e3, " k")):
        if x >= factor:
            return f"{x / factor:.3g}{unit}"
    return f"{x:.3g}"


def _draw_peers(results: Results) -> Figure:
    layouts = list(dict.fromkeys(run.layout for run in results.peers))
    figure, panels = _figure(len(layouts), width=10)
    for axes, layout in zip(panels, layouts, strict=True):
        runs = sorted(
            (run for run in results.peers if run.layout == layout),
            key=lambda run: run.samples_per_s,
        )
        speeds = [run.samples_per_s for run in runs]
        _draw_bars(axes, [run.peer for run in runs], speeds, [_short(s) for s in speeds])
        axes.set_xlabel("samples formatted per second")
        axes.xaxis.set_major_formatter(FuncFormatter(_short))
        _dress(axes, f"{layout} frame, {runs[0].n_samples:,} samples", grid="x")
    return figure


def _draw_bars(axes: Axes, names: list[str], lengths: list[float], texts: list[str]) -> None:
    ours = [name.startswith((OURS, "VmWriter")) for name in names]
    colors = [_OURS_COLOR if mine else _OTHER_COLOR for mine in ours]
    bars = axes.barh(names, lengths, color=colors, height=0.68)
    axes.bar_label(bars, texts, padding=3, fontsize=8.5, color=_INK)
    axes.margins(x=0.14)
    axes.tick_params(axis="y", length=0)


def _draw_scaling(results: Results, axis: str) -> Figure:
    figure, (axes,) = _figure()
    points = [point for point in results.scaling if point.axis == axis]
    for layout, color in (("wide", _OURS_COLOR), ("long", "#e07b39")):
        of_layout = [point for point in points if point.layout == layout]
        x = [point.x for point in of_layout]
        y = [point.ns_per_sample for point in of_layout]
        lows = [point.timing.fastest_s / point.n_samples * 1e9 for point in of_layout]
        highs = [point.timing.slowest_s / point.n_samples * 1e9 for point in of_layout]
        axes.fill_between(x, lows, highs, color=color, alpha=0.15, linewidth=0)
        label = layout
        if axis == "rows":
            label = f"{layout}: time grows as rows^{results.growth[layout]:.2f}"
        axes.plot(x, y, "o-", color=color, markersize=4, label=label)
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(FuncFormatter(_short))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("rows of the frame" if axis == "rows" else "series of the frame")
    axes.set_ylabel("ns per sample")
    axes.legend(frameon=False, fontsize=9)
    title = (
        "Cost of a sample by rows; a level line is linear growth"
        if axis == "rows"
        else f"Cost of a sample by series, {max(p.n_samples for p in points):,} samples in all"
    )
    _dress(axes, title)
    return figure


def _draw_memory(results: Results) -> Figure:
    figure, (axes,) = _figure(height=4.0, width=8)
    for peer, layout in dict.fromkeys((run.peer, run.layout) for run in results.memory):
        runs = sorted(
            (run for run in results.memory if (run.peer, run.layout) == (peer, layout)),
            key=lambda run: run.n_samples,
        )
        x, y = [run.n_samples for run in runs], [run.peak_mib for run in runs]
        style = "o-" if layout == "long" else "o--"
        width = 2.2 if peer == OURS else 1.3
        label = f"{peer}, {layout}" if peer == OURS else peer
        axes.plot(x, y, style, color=_COLORS[peer], markersize=4, linewidth=width, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis, subs in ((axes.xaxis, (1.0,)), (axes.yaxis, (1.0, 2.0, 5.0))):
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(_short))
    axes.set_xlabel("samples of the frame")
    axes.set_ylabel("MiB")
    figure.legend(loc="outside right center", frameon=False, fontsize=8.5, handlelength=3.2)
    _dress(axes, "Peak memory above the frame; peers: long frames")
    return figure


def _draw_end_to_end(results: Results) -> Figure:
    figure, (axes,) = _figure(height=3.2, width=8)
    runs = sorted(results.end_to_end, key=lambda run: run.timing.median_s, reverse=True)
    seconds = [run.timing.median_s for run in runs]
    _draw_bars(axes, [run.writer for run in runs], seconds, [f"{s:.2f} s" for s in seconds])
    axes.set_xlabel("seconds until the server has acknowledged everything")
    _dress(axes, f"A wide frame of {runs[0].n_samples:,} samples into VictoriaMetrics", grid="x")
    return figure


def _draw_stages(results: Results) -> Figure:
    figure, (axes,) = _figure(height=3.8, width=8)
    names = []
    for position, run in enumerate(reversed(results.stages)):
        names.append(f"{run.layout}, {run.encoding}")
        left = 0.0
        for stage in STAGES:
            seconds = run.stages_s[stage]
            label = stage if position == 0 else None
            axes.barh(position + 0.14, seconds, 0.5, left, color=_STAGE_COLORS[stage], label=label)
            left += seconds
        axes.barh(
            position - 0.26,
            run.write.median_s,
            0.18,
            color=_INK,
            label="VmWriter.write, overlapped" if position == 0 else None,
        )
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("seconds")
    figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize=8.5)
    _dress(axes, f"Where {results.stages[0].n_samples:,} samples spend their time", grid="x")
    return figure


def _draw_delivery(results: Results) -> Figure:
    figure, (axes,) = _figure()
    names = dict.fromkeys(run.compression for run in results.delivery)
    steps = sorted({run.concurrency for run in results.delivery})
    for name, color in zip(names, (_OURS_COLOR, "#c9a227", "#2a9d8f"), strict=False):
        runs = [run for run in results.delivery if run.compression == name]
        x = [steps.index(run.concurrency) for run in runs]
        lows = [run.n_samples / run.timing.slowest_s for run in runs]
        highs = [run.n_samples / run.timing.fastest_s for run in runs]
        axes.fill_between(x, lows, highs, color=color, alpha=0.15, linewidth=0)
        y = [run.samples_per_s for run in runs]
        axes.plot(x, y, "o-", color=color, markersize=4, label=name)
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(_short))
    axes.set_xlabel("requests in flight (concurrency)")
    axes.set_ylabel("samples per second")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    _dress(axes, "VmWriter.write into a server on the same two cores, by compression")
    return figure
