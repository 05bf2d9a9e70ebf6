"""Axes for pictures: where they come from, and their colours and ticks. Needs matplotlib."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import Any

import numpy as np
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure, SubFigure

__all__ = ["Theme", "dress", "figure_of", "new_axes", "panels", "theme_of", "width_px"]

_WIDTH_IN, _VALUES_IN, _SCORES_IN = 10.0, 3.2, 1.5
_OFFSETS = ["UTC", "%Y UTC", "%Y-%b UTC", *["%Y-%b-%d UTC"] * 2, "%Y-%b-%d %H:%M UTC"]
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


@dataclass(frozen=True)
class Theme:
    """The colours of a picture, which fit the background that it is drawn on."""

    ink: str
    faint: str
    expected: str
    alarm: str
    calm_to_alarm: LinearSegmentedColormap


def theme_of(axes: Axes) -> Theme:
    """Return colours for the style that `axes` were made in, which may be light or dark."""
    face, ink = np.array(to_rgb(axes.get_facecolor())), np.array(to_rgb(rcParams["text.color"]))
    is_dark = face @ _LUMINANCE < 0.5
    if is_dark == (ink @ _LUMINANCE < 0.5):  # the Axes were made in another style than the current
        ink = np.array(to_rgb("#e8edf2" if is_dark else "#1f2933"))
    calm, busy, worst = (
        ("#16212b", "#44617a", "#ffe3d6") if is_dark else ("#f7f9fb", "#a9c0d4", "#7a0f1d")
    )
    alarm = "#ff5d62" if is_dark else "#d1343f"
    stops = [(0.0, calm), (0.5, busy), (0.5, "#f9b05e"), (0.75, alarm), (1.0, worst)]
    return Theme(
        ink=to_hex(tuple(ink)),
        faint=to_hex(tuple(0.6 * ink + 0.4 * face)),
        expected="#62aeea" if is_dark else "#3e7cb1",
        alarm=alarm,
        # Changes its hue in the middle, where the norm puts the threshold.
        calm_to_alarm=LinearSegmentedColormap.from_list("calm to alarm", stops),
    )


def dress(axes: Axes, *, show_times: bool = True) -> None:
    """Give an Axes small quiet ticks, no frame, and times as people say them, in UTC."""
    theme = theme_of(axes)
    locator = AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    axes.xaxis_date(tz=UTC)
    axes.xaxis.set_major_locator(locator)
    formatter: Any = ConciseDateFormatter  # without annotations
    axes.xaxis.set_major_formatter(formatter(locator, tz=UTC, offset_formats=_OFFSETS))
    axes.xaxis.get_offset_text().set(fontsize=8, color=theme.faint, visible=show_times)
    axes.tick_params(labelsize=8, color=theme.faint, labelcolor=theme.ink, length=3)
    axes.tick_params(axis="x", labelbottom=show_times)
    axes.spines[:].set_visible(False)
    axes.margins(x=0)


def new_axes(height_in: float) -> Axes:
    """Make a figure as notebooks and scripts expect it: by pyplot, which shows and closes it."""
    from matplotlib import pyplot as plt  # only here: it keeps figures, and picks a window system

    return plt.subplots(figsize=(_WIDTH_IN, height_in), layout="constrained")[1]


def panels(
    ax: Axes | tuple[Axes, Axes] | None, *, values: bool, scores: bool
) -> tuple[Axes | None, Axes | None]:
    """Return the panel of the values and that of the scores; None where it is not wanted.

    Parameters
    ----------
    ax : Axes, pair of Axes or None
        What the caller gave; None makes a new figure, one Axes is divided.
    values, scores : bool
        Which panels are wanted.
    """
    if ax is None:
        ax = new_axes(_VALUES_IN * values + _SCORES_IN * scores + 0.4)
    if not isinstance(ax, Axes):
        above, below = ax
        return above if values else None, below if scores else None
    if not (values and scores):
        return (ax, None) if values else (None, ax)
    heights = (_VALUES_IN, _SCORES_IN)
    figure, place = figure_of(ax), ax.get_subplotspec()
    if place is not None:
        halves = place.subgridspec(2, 1, height_ratios=heights, hspace=0.05)
        ax.set_subplotspec(halves[0])
        return ax, figure.add_subplot(halves[1])
    box = ax.get_position()
    share = _SCORES_IN / sum(heights)
    ax.set_position((box.x0, box.y0 + box.height * share, box.width, box.height * (1 - share)))
    return ax, figure.add_axes((box.x0, box.y0, box.width, box.height * share * 0.9))


def figure_of(axes: Axes) -> Figure | SubFigure:
    """Return the figure that an Axes stands in."""
    figure = axes.get_figure()
    assert figure is not None  # noqa: S101 - only an Axes that was removed has none
    return figure


def width_px(axes: Axes) -> int:
    """Return how many columns of pixels an Axes has."""
    return max(100, int(axes.get_window_extent().width))
