"""Firings of alerts beside what truly happened: hits, misses and false alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray

__all__ = ["Intervals", "interval_frame", "overlaps", "runs"]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Intervals of time that belong to one label set; both ends are included.

    Attributes
    ----------
    labels : mapping of str to str
        Whose they are; a label that is missing may have any value.
    starts_ms, ends_ms : ndarray of int64, shape (n_intervals,)
        Ordered by start.
    """

    labels: Mapping[str, str]
    starts_ms: IntArray
    ends_ms: IntArray

    def fits(self, other: Intervals) -> bool:
        """Tell whether both can be of one series: no label contradicts."""
        return all(other.labels.get(name, value) == value for name, value in self.labels.items())


def runs(times_ms: IntArray, active: BoolArray, *, longest_gap_ms: int | None = None) -> IntArray:
    """Return start and end of each run of active samples.

    Parameters
    ----------
    times_ms : ndarray of int64, shape (n_samples,)
        Ascending.
    active : ndarray of bool, shape (n_samples,)
        What is active.
    longest_gap_ms : int, optional
        Where samples are further apart, a run ends.

    Returns
    -------
    ndarray of int64, shape (2, n_runs)

    Examples
    --------
    >>> runs(np.array([0, 1, 2, 3, 9]), np.array([0, 1, 1, 0, 1], bool)).tolist()
    [[1, 9], [2, 9]]
    """
    begins = active & ~np.append(False, active[:-1])
    ends = active & ~np.append(active[1:], False)
    if longest_gap_ms is not None:
        is_far = np.diff(times_ms) > longest_gap_ms
        begins |= active & np.append(False, is_far)
        ends |= active & np.append(is_far, False)
    return np.stack([times_ms[begins], times_ms[ends]])


def overlaps(intervals: Intervals, others: Sequence[Intervals]) -> tuple[BoolArray, FloatArray]:
    """Say which intervals meet one of the others that fit.

    Returns
    -------
    met : ndarray of bool, shape (n_intervals,)
    first_ms : ndarray of float64, shape (n_intervals,)
        When the earliest of those begins; NaN where none does.
    """
    first_ms = np.full(len(intervals.starts_ms), np.inf)
    for other in others:
        if not len(other.starts_ms) or not intervals.fits(other):
            continue
        # The earliest one that has not ended before the interval begins.
        ends_ms = np.maximum.accumulate(other.ends_ms)
        at = np.searchsorted(ends_ms, intervals.starts_ms)
        starts_ms = np.append(other.starts_ms, np.iinfo(np.int64).max)[at]
        meets = starts_ms <= intervals.ends_ms
        first_ms[meets] = np.minimum(first_ms[meets], starts_ms[meets])
    met = np.isfinite(first_ms)
    return met, np.where(met, first_ms, np.nan)


def interval_frame(parts: Sequence[tuple[Intervals, Mapping[str, Any]]]) -> pd.DataFrame:
    """Return a row for each interval: its labels, `start`, `end`, and more columns.

    A label that has the name of another column becomes ``label_`` and its name.

    Parameters
    ----------
    parts : sequence of (Intervals, mapping of str to array)
        The intervals of a label set, and more columns of them.
    """
    frames = []
    names: set[str] = set()
    # A server gives series in any order; a backtest gives the same frame each time.
    for intervals, more in sorted(parts, key=lambda part: sorted(part[0].labels.items())):
        times = {
            "start": pd.to_datetime(intervals.starts_ms, unit="ms", utc=True),
            "end": pd.to_datetime(intervals.ends_ms, unit="ms", utc=True),
        }
        labels = {
            f"label_{name}" if name in {*times, *more} else name: value
            for name, value in intervals.labels.items()
        }
        if not len(intervals.starts_ms):
            continue
        names |= labels.keys()
        frames.append(pd.DataFrame({**labels, **times, **more}, index=range(len(times["start"]))))
    if not frames:
        return pd.DataFrame(columns=["alertname", "start", "end", "hit", "found", "delay"])
    whole = pd.concat(frames, ignore_index=True).sort_values(
        "start", ignore_index=True, kind="stable"
    )
    ordered = sorted(names, key=lambda name: (name != "alertname", name))
    return whole[[*ordered, *(name for name in whole.columns if name not in names)]]
