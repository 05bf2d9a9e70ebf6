"""The picture of the demo: what the server gave back. Needs matplotlib, the extra `plot`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from vm_df_writer.demo.data import Event

__all__ = ["Panel", "draw"]

_INK, _FAINT, _BLUE, _RED = "#1f2933", "#7b8794", "#3e7cb1", "#d1343f"
# Changes its hue where the score is 1, which the norm puts in the middle.
_CALM_TO_ALARM = LinearSegmentedColormap.from_list(
    "calm to alarm",
    [(0.0, "#f7f9fb"), (0.5, "#a9c0d4"), (0.5, "#f9b05e"), (0.75, "#d1343f"), (1.0, "#7a0f1d")],
)
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
    with mpl.rc_context({"date.converter": "concise"}):
        figure = Figure(
            figsize=(7.0 * len(panels), 9.0),
            dpi=150,
            layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.06, hspace=0.03, wspace=0.04),
        )
        FigureCanvasAgg(figure)
        figure.suptitle(f"{title}\n", fontsize=14, color=_INK, x=0.012, ha="left")
        figure.text(0.012, 0.955, subtitle, fontsize=9.5, color=_FAINT)
        grid = figure.subplots(3, len(panels), squeeze=False, height_ratios=(3.2, 2.4, 1.2))
        for (above, middle, below), panel in zip(grid.T, panels, strict=True):
            mesh = _draw_hosts(above, panel)
            bar = figure.colorbar(mesh, ax=above, pad=0.012, aspect=28, ticks=[0, 0.5, 1, 2, 3])
            bar.ax.set_yticklabels(["0", "0.5", "1", "2", "≥ 3"], fontsize=7.5, color=_FAINT)
            bar.outline.set_visible(False)
            _draw_worst_host(middle, below, panel)
            for axes in (above, middle, below):
                axes.tick_params(labelsize=8, color=_FAINT, labelcolor=_INK, length=3)
                axes.spines[:].set_visible(False)
            above.tick_params(axis="y", labelsize=6, length=0)
            middle.tick_params(labelbottom=False)
        figure.savefig(path, facecolor="white")


def _draw_hosts(axes: Axes, panel: Panel) -> QuadMesh:
    """Draw the scores of all hosts, and boxes around what was put in."""
    scores = panel.outputs["anomaly_score"].resample(_CELL).max()
    times, hosts = _clock(scores.index), list(scores.columns)
    mesh = axes.pcolormesh(
        np.append(times, times[-1] + _CELL.to_timedelta64()),
        np.arange(len(hosts) + 1),
        scores.to_numpy().T,
        cmap=_CALM_TO_ALARM,
        norm=TwoSlopeNorm(1.0, 0.0, 3.0),
        rasterized=True,
    )
    axes.invert_yaxis()
    for event in panel.events:
        first, last = _clock(pd.DatetimeIndex([event.first, event.last]))
        around = _AROUND_EVENT.to_timedelta64()
        row = hosts.index(event.host)
        axes.fill_between(
            [first - around, last + around],
            row - 0.15,
            row + 1.15,
            facecolor="none",
            edgecolor=_INK,
            linewidth=0.7,
        )
    named = [event.host for event in panel.events]
    axes.set_yticks([hosts.index(host) + 0.5 for host in named], named)
    axes.margins(0)
    axes.set_title(panel.title, fontsize=10.5, color=_INK, loc="left")
    axes.set_title("boxed: injected anomalies", fontsize=8, color=_FAINT, loc="right")
    axes.set_ylabel("anomaly_score of each host", fontsize=8, color=_FAINT)
    return mesh


def _draw_worst_host(above: Axes, below: Axes, panel: Panel) -> None:
    """Draw values, bounds and scores around the worst anomaly."""
    scores = panel.outputs["anomaly_score"]
    host = (scores.clip(lower=1) - 1).sum().idxmax()
    outputs = pd.DataFrame({var: frame[host] for var, frame in panel.outputs.items()})
    row, n_rows = int(outputs["anomaly_score"].argmax()), int(_SHOWN / pd.Timedelta("1min"))
    start = max(0, min(row - n_rows // 2, len(outputs) - n_rows))
    shown = outputs.iloc[start : start + n_rows]
    times, score = _clock(shown.index), shown["anomaly_score"]

    band = (shown["yhat_lower"], shown["yhat_upper"])
    label = "yhat_lower to yhat_upper"
    above.fill_between(times, *band, color=_BLUE, alpha=0.16, linewidth=0, label=label)
    above.plot(times, shown["y"], color=_INK, linewidth=0.5, alpha=0.75, label="y")
    above.plot(times, shown["yhat"], color=_BLUE, linewidth=1.6, label="yhat")
    outside = shown["y"].where(score > 1)
    above.plot(times, outside, ".", color=_RED, markersize=2.5, label="anomaly_score > 1")
    above.set_title(str(host), fontsize=10, color=_INK, loc="left")
    above.legend(fontsize=7.5, frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1))

    below.fill_between(times, score.clip(upper=1), color=_FAINT, alpha=0.5, linewidth=0)
    below.fill_between(times, 1, score.clip(lower=1), color=_RED, alpha=0.8, linewidth=0)
    below.axhline(1.0, color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
    below.set_ylabel("anomaly_score", fontsize=8, color=_FAINT)
    below.set_ylim(bottom=0)
    below.sharex(above)
    above.margins(x=0)


def _clock(index: pd.Index) -> np.ndarray:
    """Return times in UTC as matplotlib takes them without pandas' own converters."""
    return pd.DatetimeIndex(index).tz_localize(None).to_numpy()
