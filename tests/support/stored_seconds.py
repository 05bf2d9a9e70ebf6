"""Frames of one series with a sample a second, and what a server has at each second."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import requests

from tests.support.writers import FIRST
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.line_block import read_line


def frame(values: list[float], *, start: int = 0) -> pd.DataFrame:
    """Return a long frame of a series y of host a, whose first sample is at a second."""
    times = FIRST + pd.to_timedelta(np.arange(start, start + len(values)), unit="s")
    return pd.DataFrame({"time": times, "host": "a", "y": values})


def stored(server: LocalVictoriaMetrics, name: str, also: str = "") -> dict[int, list[float]]:
    """Return all values that stand at each second, of the series of a test."""
    requests.get(f"{server.url}/internal/force_flush", timeout=10)
    time.sleep(0.5)  # an old server shows the last of it that much later
    selector = f'{{__name__="{name}_y"{"," + also if also else ""}}}'
    form = {"match[]": selector, "start": "1", "end": "4102444800"}
    found: dict[int, list[float]] = {}
    for line in requests.get(f"{server.url}/api/v1/export", form, timeout=10).iter_lines():
        _, times, values = read_line(line)
        for ms, value in zip(times.tolist(), values.tolist(), strict=True):
            second = (ms - FIRST.value // 10**6) // 1000
            found.setdefault(second, []).append(value)
    return {second: sorted(values) for second, values in found.items()}
