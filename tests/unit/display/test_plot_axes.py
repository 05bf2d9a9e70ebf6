from __future__ import annotations

import pandas as pd
import pytest

mpl = pytest.importorskip("matplotlib")

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from vm_df_writer.display.plot_axes import (  # noqa: E402
    dress,
    figure_of,
    panels,
    theme_of,
    width_px,
)


def axes_on(face: str, *, width_in: float = 6.0) -> Axes:
    figure = Figure(figsize=(width_in, 4), dpi=100)
    axes: Axes = figure.subplots()
    axes.set_facecolor(face)
    return axes


def draw(axes: Axes) -> None:
    figure = figure_of(axes)
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()


def brightness(color: str) -> int:
    return sum(int(color[i : i + 2], 16) for i in (1, 3, 5))


@pytest.mark.parametrize("text", ["black", "white"])
def test_what_is_written_differs_from_what_it_is_written_on(text: str) -> None:
    with mpl.rc_context({"text.color": text}):
        light, dark = theme_of(axes_on("white")), theme_of(axes_on("#101820"))
    assert brightness(light.ink) < brightness(light.faint) < 3 * 255
    assert brightness(dark.ink) > brightness(dark.faint) > 0
    assert light.alarm != dark.alarm


def test_the_ink_of_the_style_is_kept_where_it_can_be_read() -> None:
    with mpl.rc_context({"text.color": "#102030"}):
        assert theme_of(axes_on("white")).ink == "#102030"


def test_colours_change_their_hue_at_the_threshold() -> None:
    ramp = theme_of(axes_on("white")).calm_to_alarm
    below, above = to_hex(ramp(0.49)), to_hex(ramp(0.51))
    assert int(below[5:], 16) > int(below[1:3], 16)  # blue
    assert int(above[5:], 16) < int(above[1:3], 16)  # orange


def test_times_are_told_in_utc() -> None:
    axes = axes_on("white")
    times = pd.date_range("2026-01-01T23:30", periods=3, freq="1h", tz="Europe/Berlin")
    axes.plot(times.tz_convert(None).to_numpy(), [1, 2, 3])
    dress(axes)
    draw(axes)
    assert axes.xaxis.get_major_formatter().get_offset().endswith("UTC")
    assert "23:00" in [label.get_text() for label in axes.get_xticklabels()]
    assert not any(spine.get_visible() for spine in axes.spines.values())


def test_times_may_be_left_to_the_panel_below() -> None:
    axes = axes_on("white")
    axes.plot(pd.date_range("2026-01-01", periods=3, freq="1h").to_numpy(), [1, 2, 3])
    dress(axes, show_times=False)
    draw(axes)
    assert not axes.xaxis.get_offset_text().get_visible()
    assert not any(tick.label1.get_visible() for tick in axes.xaxis.get_major_ticks())


def test_one_axes_is_divided_into_two_panels_that_share_its_place() -> None:
    figure = Figure()
    for ax in (figure.subplots(), figure.add_axes((0.1, 0.1, 0.8, 0.8))):
        before = ax.get_position()
        above, below = panels(ax, values=True, scores=True)
        assert above is ax
        assert below is not None
        assert below.get_position().y1 <= above.get_position().y0
        assert above.get_position().y1 == pytest.approx(before.y1)
        assert below.get_position().y0 == pytest.approx(before.y0)
        assert above.get_position().height > below.get_position().height


def test_one_panel_takes_all_of_an_axes() -> None:
    ax = axes_on("white")
    assert panels(ax, values=True, scores=False) == (ax, None)
    assert panels(ax, values=False, scores=True) == (None, ax)
    assert len(figure_of(ax).axes) == 1


def test_of_two_axes_each_is_the_panel_that_it_was_given_as() -> None:
    one, other = axes_on("white"), axes_on("white")
    assert panels((one, other), values=True, scores=True) == (one, other)
    assert panels((one, other), values=True, scores=False) == (one, None)
    assert panels((one, other), values=False, scores=True) == (None, other)


def test_an_axes_has_a_column_of_pixels_for_each_of_its_width_and_a_hundred_at_least() -> None:
    assert 400 < width_px(axes_on("white")) < 600
    assert width_px(axes_on("white", width_in=0.5)) == 100
