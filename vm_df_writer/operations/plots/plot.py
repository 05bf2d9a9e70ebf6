"""Pictures of a frame, read as a write reads it. matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Unpack

import pandas as pd

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords
from vm_df_writer.display.decimation import cell_edges
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.series_names import describe_labels, describe_rows
from vm_df_writer.display.text import describe_span
from vm_df_writer.errors import ConfigError, FrameError
from vm_df_writer.operations.plots.plotted_series import PlottedSeries

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["HeatmapKeywords", "ScoresKeywords", "plot_heatmap", "plot_scores"]


class ScoresKeywords(ReadingKeywords, total=False):
    """The keywords of :func:`plot_scores`."""

    threshold: float
    series: Mapping[str, object] | None
    y: str
    yhat: str
    yhat_lower: str
    yhat_upper: str
    anomaly_score: str
    ax: Axes | tuple[Axes, Axes] | None


class HeatmapKeywords(ReadingKeywords, total=False):
    """The keywords of :func:`plot_heatmap`."""

    threshold: float
    anomaly_score: str
    max_series: int
    ax: Axes | None


@spelled_out(READING_KEYWORDS)
def plot_scores(
    frame: pd.DataFrame | pd.Series,
    *,
    threshold: float = 1.0,
    series: Mapping[str, object] | None = None,
    y: str = "y",
    yhat: str = "yhat",
    yhat_lower: str = "yhat_lower",
    yhat_upper: str = "yhat_upper",
    anomaly_score: str = "anomaly_score",
    ax: Axes | tuple[Axes, Axes] | None = None,
    **reading: Unpack[ReadingKeywords],
) -> tuple[Axes, ...]:
    """Draw what was observed and expected, and below it the score with its threshold.

    Samples that score above the threshold are marked. Times are UTC. Long series are drawn by
    what can be seen of them, so that a million samples take no longer than a few thousand.
    Needs the extra `plot`.

    Parameters
    ----------
    frame : DataFrame or Series
        As for :meth:`VmWriter.write`. Variables that it lacks are left out of the picture.
    threshold : float, default 1
        Scores above it are anomalies.
    series : mapping of str to object, optional
        Labels of the series to draw, such as ``{"host": "web-01"}``. Of several series the one
        is drawn that is furthest above the threshold.
    y, yhat, yhat_lower, yhat_upper, anomaly_score : str
        The variables that are observed, expected, the bounds of it, and the score, where they
        are not called as vmanomaly calls them.
    ax : Axes or pair of Axes, optional
        Where to draw: the panel of the values and that of the score. One Axes is divided into
        these two. By default a new figure is made by pyplot, which notebooks show.
    **reading
        How to read the frame: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Returns
    -------
    tuple of Axes
        The panels that were drawn: ``values, scores``, or the one that the frame has data for.

    Raises
    ------
    FrameError
        If the frame cannot be read, or has neither of the variables.
    ConfigError
        If matplotlib is not installed.

    Examples
    --------
    >>> index = pd.date_range("2026-01-01", periods=4, freq="1min", tz="UTC")
    >>> frame = pd.DataFrame({"y": [1, 2, 9, 2], "score": [0.1, 0.2, 2.5, 0.1]}, index=index)
    >>> values, scores = plot_scores(frame, anomaly_score="score")  # doctest: +SKIP
    """
    _require_matplotlib()  # an extra, and slow to import
    from vm_df_writer.display.plot import ScoreLines, draw_scores
    from vm_df_writer.display.plot_axes import panels

    names = {
        "y": y,
        "yhat": yhat,
        "yhat_lower": yhat_lower,
        "yhat_upper": yhat_upper,
        "anomaly_score": anomaly_score,
    }
    found = PlottedSeries(frame, names, reading)
    found.require("y", "anomaly_score")
    labels, n_candidates = found.choose(series or {}, threshold)
    times_ms, samples = found.samples(labels)
    lines = ScoreLines(
        times_ms,
        {role: (names[role], values) for role, values in samples.items()},
        title=describe_labels(labels),
        note=f"the worst of {n_candidates:,} series" if n_candidates > 1 else "",
    )
    values, scores = panels(
        ax, values=bool({"y", "yhat"} & samples.keys()), scores="anomaly_score" in samples
    )
    draw_scores(values, scores, lines, threshold=threshold)
    return tuple(panel for panel in (values, scores) if panel is not None)


@spelled_out(READING_KEYWORDS)
def plot_heatmap(
    frame: pd.DataFrame | pd.Series,
    *,
    threshold: float = 1.0,
    anomaly_score: str = "anomaly_score",
    max_series: int = 60,
    ax: Axes | None = None,
    **reading: Unpack[ReadingKeywords],
) -> Axes:
    """Draw the scores of many series: a row for each, and the highest score of each span of time.

    The colour changes from cold to warm at the threshold. Times without samples are hatched.
    Needs the extra `plot`.

    Parameters
    ----------
    frame : DataFrame or Series
        As for :meth:`VmWriter.write`. If a wide frame has none of vmanomaly's variables, each
        of its columns is taken for the score of a series.
    threshold : float, default 1
        Scores above it are anomalies.
    anomaly_score : str
        The variable of the score, where it is not called as vmanomaly calls it.
    max_series : int, default 60
        Most rows. Of more series those are drawn that are furthest above the threshold.
    ax : Axes, optional
        Where to draw. By default a new figure is made by pyplot, which notebooks show.
    **reading
        How to read the frame: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Returns
    -------
    Axes
        The Axes of the cells; the colour bar stands beside it.

    Raises
    ------
    FrameError
        If the frame cannot be read, or has no scores.
    ConfigError
        If matplotlib is not installed.

    Examples
    --------
    >>> index = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
    >>> scores = pd.DataFrame({"web-01": [0.1, 2.5], "web-02": [0.3, 0.2]}, index=index)
    >>> axes = plot_heatmap(scores)  # doctest: +SKIP
    """
    _require_matplotlib()  # an extra, and slow to import
    from vm_df_writer.display.plot import ScoreCells, draw_heatmap
    from vm_df_writer.display.plot_axes import new_axes, width_px

    found = PlottedSeries(frame, {"anomaly_score": anomaly_score}, reading, or_each_column=True)
    found.require("anomaly_score")
    rows = found.of_role["anomaly_score"]
    survey = found.survey(threshold)
    if survey.step_ms is None:
        raise FrameError(f"plot: none of {len(rows):,} series has a valid score; check the frame")
    by_excess = sorted(rows.values(), key=lambda number: -survey.excess[number])
    drawn = set(by_excess[:max_series])
    shown = {labels: number for labels, number in rows.items() if number in drawn}
    axes = ax if ax is not None else new_axes(1.0 + 0.14 * max(len(shown), 8))
    edges_ms = cell_edges(
        survey.first_ms, survey.last_ms, step_ms=survey.step_ms, most=width_px(axes) // 3
    )
    worst = f"the worst {len(shown):,} of {len(rows):,} series, " if len(shown) < len(rows) else ""
    cells = ScoreCells(
        edges_ms,
        found.highest_per_cell(list(shown.values()), edges_ms),
        describe_rows(list(shown)),
        name=anomaly_score,
        note=f"{worst}highest score in {describe_span(int(edges_ms[1] - edges_ms[0]))}",
    )
    draw_heatmap(axes, cells, threshold=threshold)
    return axes


def _require_matplotlib() -> None:
    if find_spec("matplotlib") is None:
        raise ConfigError(
            "plot: matplotlib is not installed; pip install 'vm_df_writer[plot]', or draw with a "
            "library of your own"
        )
