"""Cutting: the rows of a frame that lie in a range of time."""

from __future__ import annotations

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.timestamps import read_timestamps

__all__ = ["cut_time", "lies_outside"]


def cut_time(
    frame: pd.DataFrame, reading: ReadOptions, since_ms: int | None, until_ms: int | None
) -> pd.DataFrame:
    """Return the rows of a frame from `since_ms` on and before `until_ms`.

    Rows without a time stay, so that they are counted as such.

    Raises
    ------
    FrameError
        If the frame has no time that can be read.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.date_range("2026", periods=2, tz="UTC"))
    >>> cut_time(frame, ReadOptions(), 1767312000000, None)["y"].tolist()
    [2.0]
    """
    if frame.empty or (since_ms is None and until_ms is None):
        return frame
    time = find_time(frame, reading)
    stamps = read_timestamps(
        time.read(frame),
        time_unit=reading.time_unit,
        naive_tz=reading.naive_tz,
        where=str(time),
    )
    kept = stamps.ms >= (stamps.ms.min() if since_ms is None else since_ms)
    if until_ms is not None:
        kept &= stamps.ms < until_ms
    if stamps.nat is not None:
        kept |= stamps.nat
    return frame if kept.all() else frame[kept]


def lies_outside(
    first_ms: int | None, last_ms: int | None, since_ms: int | None, until_ms: int | None
) -> bool:
    """Say whether a range of time, if it is known, lies wholly outside another.

    Examples
    --------
    >>> (
    ...     lies_outside(0, 9, 10, None),
    ...     lies_outside(0, 10, 10, None),
    ...     lies_outside(None, None, 10, 20),
    ... )
    (True, False, False)
    """
    too_old = since_ms is not None and last_ms is not None and last_ms < since_ms
    too_new = until_ms is not None and first_ms is not None and first_ms >= until_ms
    return too_old or too_new
