"""Frames to picture, and what stands in a picture of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

INDEX = pd.date_range("2026-01-01", periods=120, freq="1min", tz="UTC", name="time")


def outputs(*, anomalies: tuple[int, ...] = (50, 51)) -> pd.DataFrame:
    """A frame as vmanomaly makes it."""
    y = np.sin(np.arange(120) / 20)
    y[list(anomalies)] += 5
    frame = pd.DataFrame({"y": y, "yhat": 0.0, "yhat_lower": -2.0, "yhat_upper": 2.0}, index=INDEX)
    return frame.assign(anomaly_score=frame["y"].abs() / 2)


def of_hosts(**anomalies: tuple[int, ...]) -> pd.DataFrame:
    """A wide frame of many series."""
    frames = {host: outputs(anomalies=at) for host, at in anomalies.items()}
    wide = pd.concat(frames, axis=1, names=["host", "var"])
    return wide.reorder_levels(["var", "host"], axis=1)


def lines_of(axes: Axes) -> dict[str, Any]:
    return {str(line.get_label()): line for line in axes.lines}


def times_of(line: Any) -> list[pd.Timestamp]:
    ms = np.rint(line.get_xdata() * 86_400_000).astype(np.int64)
    return list(pd.to_datetime(ms, unit="ms", utc=True))


def cells_of(axes: Axes) -> np.ma.MaskedArray[Any, Any]:
    (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))
    return np.ma.asarray(mesh.get_array())


def rows_of(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_yticklabels()]


def png_of(axes: Axes) -> bytes:
    picture = io.BytesIO()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.savefig(picture)
    return picture.getvalue()
