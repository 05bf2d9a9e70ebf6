"""Pictures of scores: what stands in them, and that nothing else changes."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import ColumnError, ConfigError, FrameError, plot_heatmap, plot_scores

mpl = pytest.importorskip("matplotlib")

from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from tests.support.plotting import (  # noqa: E402
    INDEX,
    lines_of,
    of_hosts,
    outputs,
    png_of,
    times_of,
)

pytestmark = pytest.mark.usefixtures("without_a_window")


def test_scores_are_drawn_below_what_was_observed_and_expected() -> None:
    values, scores = plot_scores(outputs())
    lines = lines_of(values)
    assert {"y", "yhat", "anomaly_score > 1"} <= lines.keys()
    assert values.get_legend_handles_labels()[1][0] == "yhat_lower to yhat_upper"
    assert lines["y"].get_ydata().tolist() == outputs()["y"].tolist()
    assert scores.get_ylabel() == "anomaly_score"
    assert scores.lines[0].get_ydata() == [1.0, 1.0]
    assert scores.get_position().y1 <= values.get_position().y0
    assert png_of(values).startswith(b"\x89PNG")


def test_samples_above_the_threshold_are_marked() -> None:
    values, _ = plot_scores(outputs(anomalies=(50, 70)), threshold=2)
    marked = lines_of(values)["anomaly_score > 2"]
    assert times_of(marked) == [INDEX[50], INDEX[70]]


def test_of_many_series_the_one_furthest_above_the_threshold_is_drawn() -> None:
    frame = of_hosts(a=(), b=(50, 51, 52), c=(50,))
    for layout in (frame, frame.stack("host", future_stack=True).reset_index()):  # noqa: PD013
        values, scores = plot_scores(layout)
        assert values.get_title("left") == "host=b"
        assert scores.get_title("right") == "the worst of 3 series"


def test_a_series_can_be_chosen_by_its_labels() -> None:
    values, scores = plot_scores(of_hosts(a=(), b=(50,)), series={"host": "a"})
    assert values.get_title("left") == "host=a"
    assert scores.get_title("right") == ""
    assert len(lines_of(values)["anomaly_score > 1"].get_xdata()) == 0


def test_variables_may_have_names_of_their_own() -> None:
    frame = outputs().rename(columns={"y": "cpu", "anomaly_score": "score"})
    values, scores = plot_scores(frame, y="cpu", anomaly_score="score")
    assert {"cpu", "score > 1"} <= lines_of(values).keys()
    assert scores.get_ylabel() == "score"


def test_a_frame_of_scores_alone_has_one_panel() -> None:
    (scores,) = plot_scores(outputs()[["anomaly_score"]])
    assert scores.get_ylabel() == "anomaly_score"
    (values,) = plot_scores(outputs()[["y", "yhat"]])
    assert lines_of(values).keys() == {"y", "yhat"}


def test_given_axes_are_used_and_pyplot_keeps_nothing(ax: Axes) -> None:
    from matplotlib import pyplot as plt

    before = dict(mpl.rcParams)
    below = ax.get_figure().add_axes((0.1, 0.0, 0.8, 0.1))  # type: ignore[union-attr]
    assert plot_scores(outputs(), ax=(ax, below)) == (ax, below)
    other = Figure().subplots()
    assert plot_heatmap(of_hosts(a=(), b=()), ax=other) is other
    assert plt.get_fignums() == []
    assert dict(mpl.rcParams) == before


def test_one_given_axes_is_divided(ax: Axes) -> None:
    whole = ax.get_position()
    values, scores = plot_scores(outputs(), ax=ax)
    assert values is ax
    assert scores.get_figure() is ax.get_figure()
    assert scores.get_position().y0 == pytest.approx(whole.y0)
    assert values.get_position().y1 == pytest.approx(whole.y1)
    free = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    above, below = plot_scores(outputs(), ax=free)
    assert below.get_position().y1 <= above.get_position().y0


def test_without_axes_pyplot_has_the_one_new_figure_and_none_after_an_error() -> None:
    from matplotlib import pyplot as plt

    values, _ = plot_scores(outputs())
    assert plt.get_fignums() == [values.get_figure().number]  # type: ignore[union-attr]
    plt.close("all")
    with pytest.raises(ColumnError):
        plot_scores(outputs().drop(columns=["y", "anomaly_score"]))
    assert plt.get_fignums() == []


def test_times_are_utc_whatever_the_zone_of_the_frame() -> None:
    values, _ = plot_scores(outputs().tz_convert("Asia/Tokyo"))
    assert times_of(lines_of(values)["y"]) == INDEX.tolist()


def test_missing_samples_interrupt_the_lines_and_the_band() -> None:
    frame = outputs()
    gap = frame.index[40:60]
    for holey in (frame.drop(gap), frame.drop(gap).reindex(frame.index)):
        values, _ = plot_scores(holey)
        assert np.isnan(lines_of(values)["y"].get_ydata()).sum() == 1
        (band,) = values.collections
        assert len(band.get_paths()) == 2


def test_a_million_samples_become_a_few_thousand_points_and_no_peak_is_lost() -> None:
    n = 1_000_000
    values = np.random.default_rng(1).normal(size=n)
    values[n // 3] = 100.0
    frame = pd.DataFrame(
        {"y": values, "yhat": 0.0, "yhat_lower": -4.0, "yhat_upper": 4.0},
        index=pd.date_range("2026-01-01", periods=n, freq="1s"),
    ).assign(anomaly_score=np.abs(values) / 6)
    above, below = plot_scores(frame)
    points = lines_of(above)["y"].get_ydata()
    assert len(points) <= 4 * 1_000
    assert points.max() == 100.0
    assert lines_of(above)["anomaly_score > 1"].get_ydata().tolist() == [100.0]
    assert below.get_ylim()[1] > 100 / 6


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_colours_stand_out_from_the_background(style: str) -> None:
    from matplotlib import colors
    from matplotlib import pyplot as plt

    def luminance(color: Any) -> float:
        linear = [c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in color[:3]]
        return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))

    def contrast(color: Any, other: Any) -> float:
        pair = sorted((luminance(colors.to_rgb(color)), luminance(colors.to_rgb(other))))
        return (pair[1] + 0.05) / (pair[0] + 0.05)

    with plt.style.context(style):
        values, scores = plot_scores(outputs())
        face = values.get_facecolor()
        for line in (*values.lines, *scores.lines):
            assert contrast(line.get_color(), face) >= 3  # as WCAG asks of graphics
        assert contrast(scores.yaxis.label.get_color(), face) >= 4.5  # and of text


def test_the_frame_is_not_modified() -> None:
    frame = of_hosts(a=(), b=(50,))
    before = frame.copy()
    plot_scores(frame)
    plot_heatmap(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_frame_without_the_variables_is_refused() -> None:
    frame = outputs()[["yhat", "yhat_lower"]].assign(anomaly_scores=1.0)
    message = (
        r"^plot: the frame has no variable 'y' and no 'anomaly_score' \(there are: "
        r"anomaly_scores, yhat, yhat_lower\); name yours with y= or anomaly_score=; "
        r"did you mean 'anomaly_scores'\?$"
    )
    with pytest.raises(ColumnError, match=message):
        plot_scores(frame)
    with pytest.raises(ColumnError, match=r"no variable 'anomaly_score' .* name yours with anom"):
        plot_heatmap(frame)


def test_series_that_cannot_be_chosen_are_refused() -> None:
    frame = of_hosts(a=(), b=(50,))
    message = r"^series: no series has host=z \(there are: host=a, host=b\); correct the labels$"
    with pytest.raises(ColumnError, match=message):
        plot_scores(frame, series={"host": "z"})
    message = (
        r"^series: 2 series could be drawn, and none has a score to choose by \(host=a, host=b\); "
        r"name one with series=$"
    )
    with pytest.raises(ColumnError, match=message):
        plot_scores(frame[["y"]])


def test_a_frame_without_a_valid_sample_is_refused() -> None:
    with pytest.raises(FrameError, match=r"^plot: the series has no valid sample; check the frame"):
        plot_scores(outputs() * np.nan)
    with pytest.raises(FrameError, match=r"^plot: none of 2 series has a valid score; check the"):
        plot_heatmap(of_hosts(a=(), b=()) * np.nan)


def test_matplotlib_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = r"^plot: matplotlib is not installed; pip install 'vm_df_writer\[plot\]'"
    with pytest.raises(ConfigError, match=message):
        plot_scores(outputs())
