"""The picture of the demo: what the server gave back. Needs matplotlib, the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from vm_df_writer.demo.data import Event
from vm_df_writer.display.plot import ScoreCells, ScoreLines, days, draw_heatmap, draw_scores
from vm_df_writer.display.plot_axes import theme_of
from vm_df_writer.model.series import IntArray

__all__ = ["Panel", "draw"]

_CELL, _AROUND_EVENT, _SHOWN = map(pd.Timedelta, ("20min", "75min", "36h"))


@dataclass(frozen=True, eq=False)
class Panel:
    """One column of the picture.

    Attributes
    ----------
    title : str
        What it shows.
    outputs : mapping of str to DataFrame
        By variable; a column for each host.
    events : sequence of Event
        The anomalies that were put in.
    """

    title: str
    outputs: Mapping[str, pd.DataFrame]
    events: Sequence[Event]


def draw(path: Path, title: str, subtitle: str, panels: Sequence[Panel]) -> None:
    """Save the picture."""
    figure = Figure(
        figsize=(7.0 * len(panels), 9.0),
        dpi=150,
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06, hspace=0.03, wspace=0.04),
    )
    FigureCanvasAgg(figure)
    grid = figure.subplots(3, len(panels), squeeze=False, height_ratios=(3.2, 2.4, 1.2))
    theme = theme_of(grid[0, 0])
    figure.suptitle(f"{title}\n", fontsize=14, color=theme.ink, x=0.012, ha="left")
    figure.text(0.012, 0.955, subtitle, fontsize=9.5, color=theme.faint)
    for (above, middle, below), panel in zip(grid.T, panels, strict=True):
        _draw_hosts(above, panel)
        draw_scores(middle, below, _worst_host(panel.outputs), threshold=1.0)
    figure.savefig(path, facecolor="white")


def _draw_hosts(axes: Axes, panel: Panel) -> None:
    """Draw the scores of all hosts, and boxes around what was put in."""
    scores = panel.outputs["anomaly_score"].resample(_CELL).max()
    hosts, starts_ms = list(scores.columns), _epochs_ms(scores.index)
    cells = ScoreCells(
        np.append(starts_ms, 2 * starts_ms[-1] - starts_ms[-2]),
        scores.to_numpy().T,
        hosts,
        name=panel.title,
        note="boxed: injected anomalies",
    )
    draw_heatmap(axes, cells, threshold=1.0)
    for event in panel.events:
        row = hosts.index(event.host)
        around = pd.DatetimeIndex([event.first - _AROUND_EVENT, event.last + _AROUND_EVENT])
        axes.fill_between(
            days(_epochs_ms(around)),
            row,
            row + 1,
            facecolor="none",
            edgecolor=theme_of(axes).ink,
            linewidth=0.7,
        )
    named = [event.host for event in panel.events]
    axes.set_yticks([hosts.index(host) + 0.5 for host in named], named)


def _worst_host(outputs: Mapping[str, pd.DataFrame]) -> ScoreLines:
    """Return the outputs of the host with the worst scores, around its highest one."""
    scores = outputs["anomaly_score"]
    host = (scores.clip(lower=1) - 1).sum().idxmax()
    row, n_rows = int(scores[host].argmax()), int(_SHOWN / pd.Timedelta("1min"))
    start = max(0, min(row - n_rows // 2, len(scores) - n_rows))
    rows = slice(start, start + n_rows)
    shown = {var: (var, frame[host].to_numpy()[rows]) for var, frame in outputs.items()}
    return ScoreLines(_epochs_ms(scores.index[rows]), shown, title=str(host))


def _epochs_ms(index: pd.Index) -> IntArray:
    return pd.DatetimeIndex(index).as_unit("ms").asi8
