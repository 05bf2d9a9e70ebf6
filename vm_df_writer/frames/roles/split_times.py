"""Times in several columns: a date beside a time of day or an hour, or year, month and day."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from decimal import InvalidOperation

import pandas as pd

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.roles.column_ref import ColumnRef
from vm_df_writer.frames.roles.name_words import part_of_time
from vm_df_writer.frames.samples.contents import first_rows, kind_of_dtype

__all__ = ["find_hours", "find_parts", "is_period", "parts_of_one_time", "two_columns_of_one_time"]

_EXAMINED_ROWS = 1000
_PERIOD = re.compile(r"(19[789]\d|20\d\d|21\d\d)([-/.]?(Q[1-4]|W?\d\d))?")


def find_hours(frame: pd.DataFrame, date: ColumnRef, names: Sequence[Hashable]) -> ColumnRef | None:
    """Return the column of the hours that dates lack, or of times of day such as 1830.

    It is called after hours or a time, and rows of one date differ in it.

    Parameters
    ----------
    frame : DataFrame
        Its columns are no MultiIndex.
    date : ColumnRef
        The dates, each a whole day.
    names : sequence of hashable
        The columns among which to look.

    Examples
    --------
    >>> frame = pd.DataFrame({"date": ["2026-03-01"] * 2, "hour": [0, 1], "y": [0.5, 1.5]})
    >>> find_hours(frame, ColumnRef("column", "date"), ["hour"])
    ColumnRef(kind='column', name='hour')
    """
    days = pd.Series(first_rows(date.read(frame), _EXAMINED_ROWS)).reset_index(drop=True)
    if days.dtype == object:
        # There may be lists among them, which are equal to nothing, and what pandas cannot compare.
        days = days.map(str)
    if days.is_unique:
        return None
    for name in names:
        hours = _numbers_of(frame[name].iloc[:_EXAMINED_ROWS])
        if hours is None or not _are_hours(hours, is_named=part_of_time(name) == "hour"):
            continue
        rows = pd.DataFrame({"day": days, "hour": hours.to_numpy()})
        if rows.drop_duplicates()["day"].duplicated().any():
            return ColumnRef("column", name)
    return None


def _numbers_of(column: pd.Series) -> pd.Series | None:
    """Return whole numbers, also such as are written as text; None if there are others."""
    kind = kind_of_dtype(column.dtype)
    if kind == "integer":
        return column
    if kind not in ("text", "object"):
        return None
    try:
        texts = column.dropna().astype(str).str.strip()
    except InvalidOperation:  # pandas cannot tell whether a signaling NaN is missing
        return None
    if not texts.str.fullmatch(r"\d{1,4}").all():
        return None
    return pd.to_numeric(column.astype("string").str.strip(), errors="coerce")


def _are_hours(numbers: pd.Series, *, is_named: bool) -> bool:
    known = numbers.dropna()
    if known.empty or known.min() < 0:
        return False
    if is_named and known.max() <= 24:
        return True
    return bool(known.max() <= 2400 and (known % 100 < 60).all())


def is_period(value: object) -> bool:
    """Say whether a value is a year, or a month or quarter of one.

    Examples
    --------
    >>> [is_period(value) for value in (2026, "2026-03", "2026Q1", "March", 12)]
    [True, True, True, False, False]
    """
    return _PERIOD.fullmatch(str(value)) is not None


def find_parts(frame: pd.DataFrame) -> Sequence[Hashable]:
    """Return the columns that hold year, month and smaller parts of the time; or none.

    Examples
    --------
    >>> columns = ["No", "year", "month", "day", "hour", "TEMP"]
    >>> find_parts(pd.DataFrame([[1] * 6], columns=columns))
    ['year', 'month', 'day', 'hour']
    """
    parts: dict[str, Hashable] = {}
    for position, name in enumerate(frame.columns):
        part = part_of_time(name)
        if (
            part is not None
            and part not in parts
            and _numbers_of(frame.iloc[:_EXAMINED_ROWS, position]) is not None
        ):
            parts[part] = name
    in_order = ("year", "month", "day", "hour", "minute", "second")
    found = [parts[part] for part in in_order if part in parts]
    n_first = next((i for i, part in enumerate(in_order) if part not in parts), len(in_order))
    return found[:n_first] if n_first > 1 else []


def parts_of_one_time(names: Sequence[Hashable]) -> TimestampError:
    """Return the refusal of a time whose year and smaller parts have columns of their own."""
    parts = {str(part_of_time(name)): f"frame[{name!r}]" for name in names}
    parts.setdefault("day", "1")
    listed = ", ".join(f"{part!r}: {code}" for part, code in parts.items())
    return TimestampError(
        f"timestamps: columns {', '.join(map(repr, names))} hold the parts of one time",
        hint="join them into one column, such as frame = frame.assign(timestamp=pd.to_datetime("
        f"pd.DataFrame({{{listed}}}))).drop(columns={list(names)!r})",
        file_hint=f"join them with time_columns={list(names)!r}",
    )


def two_columns_of_one_time(
    date: ColumnRef, clock: ColumnRef, hours: pd.Series | pd.Index | None = None
) -> TimestampError:
    """Return the refusal of a time in two columns: dates, and times of day or `hours`."""
    names = [date.name, clock.name]
    day, time = (f"frame[{name!r}]" for name in names)
    joined = f"{day}.astype(str) + ' ' + {time}.astype(str)"
    if hours is not None:
        numbers = f"{time}.astype(int)"
        joined = f"pd.to_datetime({day}) + pd.to_timedelta({numbers}, unit='h')"
        if pd.to_numeric(pd.Series(hours), errors="coerce").max() > 24:  # 1830 is half past six
            minutes = f"{numbers} // 100 * 60 + {numbers} % 100"
            joined = f"pd.to_datetime({day}) + pd.to_timedelta({minutes}, unit='min')"
    what = "times of day" if hours is None else "numbers of hours"
    return TimestampError(
        f"timestamps: {date} holds dates and {clock} {what}, which together are the time",
        hint=f"join them into one column, such as frame = frame.assign(timestamp={joined})"
        f".drop(columns={names!r})",
        file_hint=f"join them with time_columns={names!r}",
    )
