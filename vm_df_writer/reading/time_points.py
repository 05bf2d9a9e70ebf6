"""Time points: what a caller passes as the start or the end of a read."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.time_numbers import END_S, FIRST_S

__all__ = ["FIRST_MS", "LAST_MS", "TimePoint", "epoch_ms_of"]

TimePoint = str | int | date | np.datetime64

# What a writer takes: servers drop or misplace what is outside.
FIRST_MS, LAST_MS = FIRST_S * 1000, END_S * 1000


def epoch_ms_of(keyword: str, point: object, naive_tz: str = "UTC") -> int:
    """Return a point in time as epoch milliseconds; what is below a millisecond is cut off.

    Parameters
    ----------
    keyword : str
        What the caller passes it as, for messages.
    point : str, int, datetime, date, Timestamp or datetime64
        Text is ISO 8601, a number epoch milliseconds.
    naive_tz : str
        The zone of a time that names none.

    Raises
    ------
    TimestampError
        If it is no time between 1971 and 2200.

    Examples
    --------
    >>> epoch_ms_of("start", "2026-01-01"), epoch_ms_of("end", 1767225600123)
    (1767225600000, 1767225600123)
    >>> epoch_ms_of("start", 1767225600)
    Traceback (most recent call last):
    vm_df_writer.errors.TimestampError: start: 1767225600 is not in 1971 to 2200 as epoch \
milliseconds; pass milliseconds, a pd.Timestamp or text such as '2026-01-01T00:00:00Z'
    """
    remedy = "pass milliseconds, a pd.Timestamp or text such as '2026-01-01T00:00:00Z'"
    if isinstance(point, int | np.integer) and point not in (True, False):
        epoch_ms, how = int(point), " as epoch milliseconds"
    elif isinstance(point, str | date | np.datetime64):
        try:
            index = pd.DatetimeIndex([pd.Timestamp(point)])
            utc = index.tz_localize(naive_tz) if index.tz is None else index
        except ValueError as error:
            raise TimestampError(
                f"{keyword}: {str(point)!r} cannot be read as a time ({error})",
                hint=remedy,
                file_hint="write it as 2026-01-01T00:00:00Z",
                keyword=keyword,
            ) from None
        epoch_ms, how = int(utc.as_unit("ms").asi8[0]), ""
    else:
        raise TimestampError(f"{keyword}: {point!r} is no time", hint=remedy, keyword=keyword)
    if not FIRST_MS <= epoch_ms <= LAST_MS:
        raise TimestampError(
            f"{keyword}: {point} is not in 1971 to 2200{how}", hint=remedy, keyword=keyword
        )
    return epoch_ms
