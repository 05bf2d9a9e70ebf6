"""Frames whose values come back exactly, and writers that are quick to try again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer import VmWriter

FIRST = pd.Timestamp("2026-01-01", tz="UTC")


def frame_of(rows: int, columns: int, *, gaps: float = 0.0) -> pd.DataFrame:
    """Return a wide frame whose values come back exactly, a share of them missing."""
    rng = np.random.default_rng(rows)
    values = rng.integers(-9_999, 9_999, (rows, columns)) / 1000
    values[rng.random(values.shape) < gaps] = np.nan
    index = pd.date_range(FIRST, periods=rows, freq="1s")
    return pd.DataFrame(values, index=index, columns=[f"c{i}" for i in range(columns)])


def writer_to(url: str, run: str, **parameters: Any) -> VmWriter:
    """Return a writer that is quick to try again."""
    writer = VmWriter(url, metric_format={"__name__": run, "column": "$VAR"}, **parameters)
    sender = writer._backend.sender
    sender._retry = replace(sender._retry, first_wait_s=0.01, longest_wait_s=0.1)
    return writer
