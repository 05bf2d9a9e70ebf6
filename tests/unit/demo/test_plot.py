"""The picture of the demo, judged by its pixels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from vm_df_writer.demo.data import Event, make_values, score

pytest.importorskip("matplotlib")

import matplotlib.pyplot as plt
from matplotlib.image import imread

from vm_df_writer.demo.plot import Panel, draw

END = pd.Timestamp("2026-01-08", tz="UTC")


def panel_of(*events: Event, highest: float) -> Panel:
    """Return a panel in which the worst score of each host is the given one."""
    values, _ = make_values(END, days=2, hosts=3, level=40.0, seed=1)
    outputs = score(values)
    scores = outputs["anomaly_score"]
    outputs["anomaly_score"] = scores * (highest / scores.max())
    return Panel("cpu_usage", outputs, events)


def drawn(path: Path, *panels: Panel) -> npt.NDArray[np.float64]:
    """Return the picture's red, green and blue between 0 and 1."""
    draw(path, "the title", "the subtitle", panels)
    pixels: npt.NDArray[np.float64] = np.asarray(imread(path), np.float64)[:, :, :3]
    return pixels


def n_red(pixels: npt.NDArray[np.float64]) -> int:
    """Count the pixels in the colours of an alarm."""
    return int((pixels[:, :, 0] - pixels[:, :, 2] > 0.3).sum())


def n_dark(pixels: npt.NDArray[np.float64]) -> int:
    return int((pixels.max(axis=2) < 0.5).sum())


def test_each_metric_is_a_column_of_the_picture(tmp_path: Path) -> None:
    panel = panel_of(highest=0.9)
    one, two = drawn(tmp_path / "1.png", panel), drawn(tmp_path / "2.png", panel, panel)
    assert one.shape == (1350, 1050, 3)
    assert two.shape == (1350, 2100, 3)


def test_scores_above_one_are_red_and_others_are_not(tmp_path: Path) -> None:
    calm, calmer, alarm = (
        n_red(drawn(tmp_path / f"{highest}.png", panel_of(highest=highest)))
        for highest in (0.2, 0.9, 3.0)
    )
    assert calm == calmer  # that of the colour bar
    assert alarm > calm + 100


def test_an_injected_anomaly_is_boxed_and_its_host_is_named(tmp_path: Path) -> None:
    event = Event("db-01", END - pd.Timedelta("20h"), END - pd.Timedelta("10h"))
    with_box = drawn(tmp_path / "box.png", panel_of(event, highest=0.9))
    without = drawn(tmp_path / "none.png", panel_of(highest=0.9))
    assert n_dark(with_box) > n_dark(without) + 300


def test_no_figure_is_left_open_in_pyplot(tmp_path: Path) -> None:
    open_before = plt.get_fignums()
    draw(tmp_path / "picture.png", "title", "subtitle", [panel_of(highest=2.0)])
    assert plt.get_fignums() == open_before
