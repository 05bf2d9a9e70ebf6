"""Heatmaps: a row for each series, whatever the layout of the frame."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import plot_heatmap

pytest.importorskip("matplotlib")

from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from tests.support.plotting import INDEX, cells_of, of_hosts, png_of, rows_of

pytestmark = pytest.mark.usefixtures("without_a_window")


HEATMAP_FRAMES = {
    "wide": of_hosts(a=(), b=(50,)),
    "long": of_hosts(a=(), b=(50,)).stack("host", future_stack=True).reset_index(),  # noqa: PD013
    "melted": of_hosts(a=(), b=(50,))
    .melt(ignore_index=False)
    .rename(columns={"var": "variable"})
    .reset_index(),
    "column per series": pd.DataFrame(of_hosts(a=(), b=(50,))["anomaly_score"]).rename_axis(
        columns=None
    ),
}


@pytest.mark.parametrize("layout", HEATMAP_FRAMES)
def test_a_heatmap_has_a_row_for_each_series_of_every_layout(layout: str) -> None:
    axes = plot_heatmap(HEATMAP_FRAMES[layout])
    assert rows_of(axes) == ["a", "b"]
    cells = cells_of(axes)
    assert cells.shape == (2, 120)
    assert cells.max() == HEATMAP_FRAMES["wide"]["anomaly_score"].to_numpy().max()
    assert cells.argmax() == 120 + 50
    assert png_of(axes).startswith(b"\x89PNG")


def test_a_cell_holds_the_highest_score_of_its_time() -> None:
    index = pd.date_range("2026-01-01", periods=10_000, freq="1min", tz="UTC")
    scores = pd.DataFrame({"a": np.zeros(10_000), "b": np.zeros(10_000)}, index=index)
    scores.iloc[1234, 0] = 7.0
    axes = plot_heatmap(scores)
    assert axes.get_title("right") == "highest score in 1 h"
    assert cells_of(axes)[0].tolist() == [7.0 if hour == 1234 // 60 else 0.0 for hour in range(167)]


def test_cells_without_samples_are_left_out() -> None:
    frame = of_hosts(a=(), b=(50,))
    frame.loc[INDEX[10:20], ("anomaly_score", "a")] = np.nan
    mask = np.ma.getmaskarray(cells_of(plot_heatmap(frame)))
    assert np.argwhere(mask).tolist() == [[0, minute] for minute in range(10, 20)]


def test_of_many_series_the_worst_are_drawn_in_the_order_of_the_frame() -> None:
    scores = pd.DataFrame(
        np.tile([0.1, 5.0, 0.2, 9.0, 0.3], (20, 1)), index=INDEX[:20], columns=list("abcde")
    )
    axes = plot_heatmap(scores, max_series=3)
    assert rows_of(axes) == ["b", "d", "e"]
    assert axes.get_title("right").startswith("the worst 3 of 5 series")


def test_rows_are_named_by_the_labels_in_which_they_differ() -> None:
    frame = pd.concat({"x": of_hosts(a=(), b=())}, axis=1, names=["zone"])
    frame = frame.reorder_levels(["var", "host", "zone"], axis=1)
    assert rows_of(plot_heatmap(frame)) == ["a", "b"]
    two_zones = pd.concat([frame, frame.rename(columns={"x": "y"}, level="zone")], axis=1)
    assert rows_of(plot_heatmap(two_zones))[-1] == "host=b, zone=y"


def test_rows_that_have_no_room_for_a_name_give_way_to_the_worst(ax: Axes) -> None:
    scores = pd.DataFrame(np.zeros((5, 60)), index=INDEX[:5], columns=[f"h{i}" for i in range(60)])
    scores["h7"] = 3.0
    assert rows_of(plot_heatmap(scores, ax=ax)) == ["h7"]


def test_the_colour_changes_at_the_threshold() -> None:
    axes = plot_heatmap(of_hosts(a=(), b=(50,)), threshold=-2.5)
    (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))
    assert np.ma.asarray(mesh.norm(np.array([-2.5]))).tolist() == [0.5]
