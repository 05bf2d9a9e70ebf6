"""Frames whose values come back exactly, and writers whose policies fit this machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.retry import RetryPolicy
from vm_df_writer.delivery.sender import Throttle
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

FIRST = pd.Timestamp("2026-01-01", tz="UTC")


def frame_of(rows: int, columns: int, *, gaps: float = 0.0) -> pd.DataFrame:
    """Return a wide frame whose values come back exactly, a share of them missing."""
    rng = np.random.default_rng(rows)
    values = rng.integers(-9_999, 9_999, (rows, columns)) / 1000
    values[rng.random(values.shape) < gaps] = np.nan
    index = pd.date_range(FIRST, periods=rows, freq="1s")
    return pd.DataFrame(values, index=index, columns=[f"c{i}" for i in range(columns)])


# What is not there a second after the flush of a server on this machine is lost.
IMPATIENT = ReadBackPolicy(patience_s=1.0, queued_patience_s=4.0)


def writer_with(
    url: str,
    *,
    read_back: ReadBackPolicy = IMPATIENT,
    throttle: Throttle = iter,
    **parameters: Any,
) -> VmWriter:
    """Return a writer that is quick to try again, and to call something lost."""
    return impatient(WriterConfig(datasource_url=url, **parameters), read_back, throttle)


def impatient(
    config: WriterConfig, read_back: ReadBackPolicy = IMPATIENT, throttle: Throttle = iter
) -> VmWriter:
    """Return the same of a whole configuration."""
    retry = replace(RetryPolicy.of(config), first_wait_s=0.01, longest_wait_s=0.1)
    return VmWriter.from_backend(
        Backend.of(config, retry=retry, read_back=read_back, throttle=throttle)
    )


def writer_to(url: str, run: str, **parameters: Any) -> VmWriter:
    """Return such a writer, under a metric name of the test's own."""
    return writer_with(url, metric_format={"__name__": run, "column": "$VAR"}, **parameters)


def acting_before_reading_back(act: Callable[[], object]) -> ReadBackPolicy:
    """Return a policy that does something once, when all is acknowledged and nothing read back."""
    has_acted = False

    def clock() -> float:
        nonlocal has_acted
        if not has_acted:
            has_acted = True
            act()
        return IMPATIENT.clock()

    return replace(IMPATIENT, clock=clock)
