"""Pictures of scores, drawn on matplotlib's Axes. Needs matplotlib, the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import TwoSlopeNorm
from matplotlib.ticker import MaxNLocator

from vm_df_writer.display.decimation import breaks_after, pixel_columns, visible_samples
from vm_df_writer.display.plot_axes import dress, figure_of, theme_of, width_px

__all__ = ["ScoreCells", "ScoreLines", "days", "draw_heatmap", "draw_scores"]

_FloatArray = npt.NDArray[np.float64]
_IntArray = npt.NDArray[np.int64]

_MS_PER_DAY = 86_400_000
_NAMED_ROW_PT = 8.0
_TITLE_IN_PER_CHAR, _LEGEND_IN = 0.09, 5.0  # about, of the fonts that are used here


@dataclass(frozen=True, eq=False)
class ScoreLines:
    """What is drawn of one series.

    Attributes
    ----------
    times_ms : ndarray of int64, shape (n_samples,)
        Ascending.
    of_role : mapping of str to (str, ndarray of float64)
        What is observed (`y`), what is expected (`yhat`), the bounds of that, and the score:
        the name that the legend gives it, and its values; NaN is a gap.
    title, note : str
        Which series it is, and what else is to be said of it.
    """

    times_ms: _IntArray
    of_role: Mapping[str, tuple[str, _FloatArray]]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, eq=False)
class ScoreCells:
    """The highest score of each series in each span of time.

    Attributes
    ----------
    edges_ms : ndarray of int64, shape (n_cells + 1,)
        Where the cells begin and end.
    scores : ndarray of float64, shape (n_series, n_cells)
        NaN where a series has no sample.
    names : sequence of str, length n_series
        How the rows are called.
    name, note : str
        What the scores are called, and what else is to be said of them.
    """

    edges_ms: _IntArray
    scores: _FloatArray
    names: Sequence[str]
    name: str = "anomaly_score"
    note: str = ""


def draw_scores(
    values: Axes | None, scores: Axes | None, lines: ScoreLines, *, threshold: float
) -> None:
    """Draw what was observed and expected above, and the score with its threshold below.

    Parameters
    ----------
    values, scores : Axes or None
        Where; None leaves that panel out.
    lines : ScoreLines
        What.
    threshold : float
        Scores above it are anomalies.
    """
    if values is not None:
        _draw_values(values, lines, threshold)
        dress(values)
    if scores is not None:
        _draw_score(scores, lines.times_ms, *lines.of_role["anomaly_score"], threshold)
        if values is not None:
            scores.sharex(values)
            is_below = values.get_position().x0 == scores.get_position().x0
            dress(values, show_times=not is_below)
        dress(scores)
    drawn = [axes for axes in (values, scores) if axes is not None]
    faint = theme_of(drawn[-1]).faint
    # A long title has a line of its own, above the legend.
    width_in = drawn[0].get_window_extent().width / figure_of(drawn[0]).dpi
    is_short = values is None or _TITLE_IN_PER_CHAR * len(lines.title) + _LEGEND_IN < width_in
    title = lines.title if is_short else f"{lines.title}\n"
    drawn[0].set_title(title, fontsize=10, color=theme_of(drawn[0]).ink, loc="left")
    if lines.note:
        drawn[-1].set_title(lines.note, fontsize=7.5, color=faint, loc="right")


def _draw_values(axes: Axes, lines: ScoreLines, threshold: float) -> None:
    theme = theme_of(axes)
    if {"yhat_lower", "yhat_upper"} <= lines.of_role.keys():
        (low_name, low), (high_name, high) = (
            lines.of_role["yhat_lower"],
            lines.of_role["yhat_upper"],
        )
        label = f"{low_name} to {high_name}"
        band = _band(axes, lines.times_ms, low, high)
        axes.fill_between(*band, color=theme.expected, alpha=0.2, linewidth=0, label=label)
    for role, color, width in (("y", theme.ink, 0.5), ("yhat", theme.expected, 1.5)):
        if role in lines.of_role:
            name, line = lines.of_role[role]
            points = _line(axes, lines.times_ms, line)
            axes.plot(*points, color=color, linewidth=width, alpha=0.8, label=name)
    if {"y", "anomaly_score"} <= lines.of_role.keys():
        name, score = lines.of_role["anomaly_score"]
        outside = score > threshold
        times_ms, observed = lines.times_ms[outside], lines.of_role["y"][1][outside]
        if len(times_ms):
            shown = visible_samples(times_ms, observed, width_px(axes))
            times_ms, observed = times_ms[shown], observed[shown]
        label = f"{name} > {threshold:g}"
        points = days(times_ms), observed
        axes.plot(*points, ".", color=theme.alarm, markersize=4.5, zorder=3, label=label)
    axes.legend(
        fontsize=7.5,
        frameon=False,
        ncols=4,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        borderaxespad=0.2,
    )


def _draw_score(
    axes: Axes, times_ms: _IntArray, name: str, score: _FloatArray, threshold: float
) -> None:
    theme = theme_of(axes)
    at, _, score = _band(axes, times_ms, score, score)
    bottom = min(0.0, threshold, float(np.nanmin(score)))
    calm, above = np.minimum(score, threshold), np.maximum(score, threshold)
    axes.fill_between(at, bottom, calm, color=theme.faint, alpha=0.55, linewidth=0)
    axes.fill_between(at, threshold, above, color=theme.alarm, alpha=0.85, linewidth=0)
    # The area of a lone sample has no width: a stroke keeps it in sight.
    outside = score > threshold
    axes.vlines(at[outside], threshold, score[outside], color=theme.alarm, linewidth=0.8)
    axes.axhline(threshold, color=theme.ink, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_ylabel(name, fontsize=8, color=theme.faint)
    axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set_ylim(bottom=bottom)


def draw_heatmap(axes: Axes, cells: ScoreCells, *, threshold: float) -> QuadMesh:
    """Draw a row for each series; what lacks samples is hatched. Returns the mesh."""
    theme = theme_of(axes)
    # Scores that are never negative have their calm half from 0 on, whatever they reach.
    low = 0.0 if threshold > 0 else min(threshold - 1.0, float(np.nanmin(cells.scores)))
    norm = TwoSlopeNorm(threshold, low, threshold + 2 * (threshold - low))
    mesh = axes.pcolormesh(
        days(cells.edges_ms),
        np.arange(len(cells.names) + 1),
        np.ma.masked_invalid(cells.scores),
        cmap=theme.calm_to_alarm,
        norm=norm,
        rasterized=True,
    )
    axes.patch.set(hatch="//////", edgecolor=theme.faint, linewidth=0, alpha=0.35)
    axes.set_ylim(len(cells.names), 0)  # the first row on top
    bar = figure_of(axes).colorbar(mesh, ax=axes, pad=0.012, fraction=0.04, aspect=28, extend="max")
    ticks = [*np.linspace(low, threshold, 3), *np.linspace(threshold, float(norm.vmax or 0), 3)[1:]]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.tick_params(labelsize=7.5, color=theme.faint, labelcolor=theme.faint)
    bar.outline.set_visible(False)
    dress(axes)
    axes.set_xlim(*days(cells.edges_ms[[0, -1]]))
    _name_rows(axes, cells, threshold)
    axes.set_title(cells.name, fontsize=10, color=theme.ink, loc="left")
    axes.set_title(cells.note, fontsize=7.5, color=theme.faint, loc="right")
    return mesh


def _name_rows(axes: Axes, cells: ScoreCells, threshold: float) -> None:
    """Name as many rows as there is room for: all of them, or those with the highest scores."""
    n_rows = len(cells.names)
    room = max(1, int(axes.get_window_extent().height * 72 / figure_of(axes).dpi / _NAMED_ROW_PT))
    named = np.arange(n_rows)
    if n_rows > room:
        highest = np.fmax.reduce(cells.scores, axis=1)
        worst = np.argsort(-np.nan_to_num(highest, nan=-np.inf), kind="stable")[:room]
        named = np.sort(worst[highest[worst] > threshold])
    axes.set_yticks(named + 0.5, [cells.names[row] for row in named.tolist()])
    axes.tick_params(axis="y", labelsize=6.5, length=0)


def days(times_ms: _IntArray) -> _FloatArray:
    """Return times as matplotlib counts them, in days, so that no converter is asked."""
    return times_ms / _MS_PER_DAY


def _line(axes: Axes, times_ms: _IntArray, values: _FloatArray) -> tuple[_FloatArray, _FloatArray]:
    """Return the visible samples of a line, with NaN where it is interrupted."""
    shown = visible_samples(times_ms, values, width_px(axes))
    breaks = np.flatnonzero(breaks_after(times_ms)[shown[:-1]] & (np.diff(shown) == 1)) + 1
    at = np.insert(days(times_ms[shown]), breaks, np.nan)
    return at, np.insert(values[shown], breaks, np.nan)


def _band(
    axes: Axes, times_ms: _IntArray, low: _FloatArray, high: _FloatArray
) -> tuple[_FloatArray, _FloatArray, _FloatArray]:
    """Return the bounds of each column of pixels, with NaN where samples are missing."""
    starts = lasts = np.arange(len(times_ms))
    if len(times_ms) > 4 * width_px(axes):
        columns = pixel_columns(times_ms, width_px(axes))
        starts = np.flatnonzero(np.append(True, columns[1:] != columns[:-1]))
        lasts = np.append(starts[1:], len(times_ms)) - 1
        low, high = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
    # Each column has two ends, so that it is as wide before a gap as elsewhere.
    ends = np.stack([starts, lasts], axis=1).ravel()
    breaks = 2 * np.flatnonzero(breaks_after(times_ms)[lasts]) + 2
    return (
        np.insert(days(times_ms[ends]), breaks, np.nan),
        np.insert(np.repeat(low, 2), breaks, np.nan),
        np.insert(np.repeat(high, 2), breaks, np.nan),
    )
