"""Times without a zone -> times of a zone, also in the night when its clocks go back."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from vm_df_writer.display.text import shown
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.time_numbers import PER_SECOND
from vm_df_writer.model.series import BoolArray, IntArray

__all__ = ["check_clocks", "check_zone", "localize"]

# Clocks go back by at most this; wall times further apart are not of one night.
_ONE_NIGHT_NS = 3 * 3600 * 10**9
_ROWS_OF_A_NIGHT = 20_000
_MOST_SUSPECTS = 10_000


def check_zone(zone: str) -> None:
    """Refuse an unknown zone.

    Raises
    ------
    TimestampError
        Names it.
    """
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise TimestampError(
            f"naive_tz: {shown(zone)} is not a known time zone; use a name such as 'Europe/Berlin'"
        ) from None


def check_clocks(
    times: pd.DatetimeIndex, where: str, series: Callable[[], IntArray] | None = None
) -> None:
    """Refuse times taken for UTC that look like the wall times of a night when clocks go back.

    In that night the times of a series step back by less than an hour, to times that it had
    before; or one hour comes twice, where there is a row for each.

    Parameters
    ----------
    times : DatetimeIndex, shape (n_rows,)
        Without a zone.
    where : str
        How messages name the source.
    series : callable, optional
        As for :func:`localize`.

    Raises
    ------
    TimestampError
        Names the first time that occurs twice.

    Examples
    --------
    >>> check_clocks(pd.DatetimeIndex(["2026-10-25 02:00", "2026-10-25 02:30"]), "index")
    """
    wall = times.asi8
    hour = 3600 * PER_SECOND[times.unit]
    if not _suspects(times, wall, hour).size:
        return
    numbers = np.zeros(len(times), np.int64) if series is None else series()
    order = np.argsort(numbers, kind="stable")
    wall, numbers = wall[order], numbers[order]
    for row in _suspects(times[order], wall, hour).tolist():
        night = slice(max(0, row - _ROWS_OF_A_NIGHT), row + 1)
        before = wall[night][numbers[night] == numbers[row]]
        step = wall[row + 1] - wall[row]
        is_hourly = step == 0 and len(before) > 1 and before[-1] - before[-2] == hour
        if numbers[row + 1] == numbers[row] and (
            is_hourly or (step < 0 and wall[row + 1] in before)
        ):
            first = order[row + 1]
            raise TimestampError(
                f"{where}: wall times occur twice (first: {times[first]}, row {first}), as where "
                "clocks go back; name their zone with naive_tz=, such as "
                "naive_tz='Europe/Berlin', or pass naive_tz='Etc/UTC' if they are UTC all the same"
            )


def _suspects(times: pd.DatetimeIndex, wall: IntArray, hour: int) -> IntArray:
    """Return the rows behind which a clock may have gone back; none where rows are in no order."""
    back = wall[1:] <= wall[:-1]
    if np.count_nonzero(back) > _MOST_SUSPECTS:  # times are repeated throughout
        back = wall[1:] < wall[:-1]
    if np.count_nonzero(back) > _MOST_SUSPECTS:
        return np.zeros(0, np.int64)
    rows: IntArray = np.flatnonzero(back)
    # What is missing is the smallest integer.
    rows = rows[np.minimum(wall[rows], wall[rows + 1]) > np.iinfo(np.int64).min]
    if not len(rows):
        return rows
    rows = rows[wall[rows] - wall[rows + 1] < hour]
    at = times[rows]
    is_autumn = ((at.month == 10) & (at.day >= 25)) | (np.isin(at.month, (4, 11)) & (at.day <= 7))
    is_night = np.asarray(is_autumn & (at.day_of_week == 6) & (at.hour < 4), dtype=bool)
    suspects: IntArray = rows[is_night]
    return suspects


def localize(
    times: pd.DatetimeIndex,
    zone: str,
    where: str,
    *,
    series: Callable[[], IntArray] | None = None,
    folds: BoolArray | None = None,
) -> pd.DatetimeIndex:
    """Take wall times for those of a zone.

    A wall time that occurs twice, as clocks go back, is resolved by the order of rows: where the
    times of a series step back once in that night, those before it are the first ones.

    Parameters
    ----------
    times : DatetimeIndex, shape (n_rows,)
        Without a zone.
    zone, where : str
        The zone; how messages name the source.
    series : callable, optional
        Returns a number for each row, equal for rows of one series; by default all are of one.
        Called only if there are wall times that occur twice.
    folds : ndarray of bool, shape (n_rows,), optional
        Rows that say of themselves that they are the second of two.

    Raises
    ------
    TimestampError
        If a wall time does not exist, or it is not clear which of two it is.

    Examples
    --------
    >>> night = ["2026-10-25 02:00", "2026-10-25 02:30", "2026-10-25 02:00"]
    >>> localize(pd.DatetimeIndex(night), "Europe/Berlin", "index").tz_convert("UTC").hour.tolist()
    [0, 0, 1]
    """
    unique = times.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    missing = np.asarray(times.isna())
    if (np.asarray(unique.isna()) == missing).all():
        return unique
    first = times.tz_localize(zone, ambiguous=np.ones(len(times), bool), nonexistent="NaT")
    bad = np.asarray(first.isna()) & ~missing
    if bad.any():
        raise TimestampError(
            f"{_count(where, times, bad)} do not exist in {zone} ({_first(times, bad)}): clocks "
            "leave them out; correct them, or name the zone that they are of with naive_tz="
        )
    is_twice = np.asarray(unique.isna()) & ~missing
    if folds is not None and folds.any():
        return times.tz_localize(zone, ambiguous=~folds)
    numbers = np.zeros(len(times), np.int64) if series is None else series()
    order = np.argsort(numbers, kind="stable")
    for rows in (order, order[::-1]):  # the newest may come first
        is_first = _first_of_two(times, is_twice, numbers, rows)
        if is_first is not None:
            found = times.tz_localize(zone, ambiguous=is_first)
            if _ascends(found.asi8[rows], is_twice[rows], missing[rows], numbers[rows]):
                return found
    raise TimestampError(
        f"{_count(where, times, is_twice)} occur twice in {zone} ({_first(times, is_twice)}), "
        "and the order of rows does not tell which of the two they are",
        hint="pass times with their offset, or localize them yourself with "
        "tz_localize(ambiguous=...)",
        file_hint="write the times with their offset",
    )


def _count(where: str, times: pd.DatetimeIndex, bad: BoolArray) -> str:
    return f"{where}: {int(bad.sum())} of {len(times)} wall times"


def _first(times: pd.DatetimeIndex, bad: BoolArray) -> str:
    row = int(bad.argmax())
    return f"first: {times[row]}, row {row}"


def _first_of_two(
    times: pd.DatetimeIndex, is_twice: BoolArray, series: IntArray, order: IntArray
) -> BoolArray | None:
    """Say which rows are the first of two; None where a series does not step back once a night."""
    at = np.flatnonzero(is_twice[order])
    rows = order[at]
    wall = times.as_unit("ns").asi8[rows]
    step = np.diff(wall)
    follows = np.zeros(len(at), dtype=bool)
    follows[1:] = (np.diff(at) == 1) & (np.diff(series[rows]) == 0) & (np.abs(step) < _ONE_NIGHT_NS)
    steps_back = follows.copy()
    steps_back[1:] &= step <= 0
    starts = np.flatnonzero(~follows)
    if (np.add.reduceat(steps_back, starts, dtype=np.int64) != 1).any():
        return None
    n_back, night = np.cumsum(steps_back), np.cumsum(~follows) - 1
    is_first = np.ones(len(times), dtype=bool)
    is_first[rows] = n_back == n_back[starts][night]
    return is_first


def _ascends(utc: IntArray, is_twice: BoolArray, missing: BoolArray, series: IntArray) -> bool:
    """Say whether what was resolved fits to the rows before and behind it."""
    matters = (is_twice[1:] | is_twice[:-1]) & ~(missing[1:] | missing[:-1])
    matters &= series[1:] == series[:-1]
    return bool((utc[1:] >= utc[:-1])[matters].all())
