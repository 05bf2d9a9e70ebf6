"""Which column or index level is the time: all that could be are counted before one is chosen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.roles.column_ref import ColumnRef, find_named, names_of
from vm_df_writer.frames.roles.column_survey import ColumnSurvey, survey_columns
from vm_df_writer.frames.roles.name_words import is_time_name, part_of_time
from vm_df_writer.frames.roles.split_times import (
    find_hours,
    find_parts,
    is_period,
    parts_of_one_time,
    two_columns_of_one_time,
)
from vm_df_writer.frames.roles.text_kinds import is_time_of_day, is_time_text
from vm_df_writer.frames.samples.contents import DtypeKind, first_rows, kind_of_dtype
from vm_df_writer.frames.samples.time_numbers import look_like_times

__all__ = ["find_time"]

Content = Literal["time", "date", "time of day", "written", "unlikely", "none"]

_EXAMINED_ROWS = 1000
# An index without a name that holds larger numbers is meant to hold something.
_MOST_ROWS = 10**10


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: ColumnRef
    content: Content
    is_named: bool
    is_typed: bool
    """Of a dtype of times, or the one level of an index that holds nothing but times."""

    @property
    def is_strong(self) -> bool:
        return self.is_typed or (self.is_named and self.content in ("time", "date", "written"))


def find_time(
    frame: pd.DataFrame, reading: ReadOptions, survey: ColumnSurvey | None = None
) -> ColumnRef:
    """Find the time of a frame: what `time` names, else the one column or index level that can be.

    A dtype of times, and a name such as ``time`` or ``ds`` on what can be times, make a
    candidate; text that begins with a date makes one where there is no other.

    Parameters
    ----------
    frame, reading
        The frame and what is said of it.
    survey : ColumnSurvey, optional
        The names and kinds of the columns, if they are known.

    Raises
    ------
    TimestampError
        If there is none, or more than one.

    Examples
    --------
    >>> frame = pd.DataFrame({"ds": ["2026-01-01"], "host": ["a"], "y": [0.5]})
    >>> find_time(frame, ReadOptions())
    ColumnRef(kind='column', name='ds')
    """
    if reading.time is not None:
        return find_named(frame, reading.time, "time")
    survey = survey or survey_columns(frame)
    candidates = [*_of_index(frame), *_of_columns(frame, survey)]
    others = {*(reading.label_columns or ()), *(reading.value_columns or ())}
    if others:  # what has another role is the time only if nothing else is
        free = [c for c in candidates if c.source.name not in others]
        if any(c.is_named or c.content in ("time", "date") for c in free):
            candidates = free
    strong = [candidate for candidate in candidates if candidate.is_strong]
    by_content = [c for c in candidates if c.content in ("time", "date")]
    found = strong or by_content
    if len(found) > 0 and survey.beside_floats and frame.columns.is_unique:
        _check_no_split_time(frame, survey, found, candidates)
    if len(found) > 1:
        named = [c for c in found if c.is_named] or found
        listed = " and ".join(str(candidate.source) for candidate in found)
        raise TimestampError(
            f"timestamps: {listed} may each be the time; name it with time=, such as "
            f"time={named[0].source.name!r}"
        )
    if found:
        return found[0].source
    if len(unlikely := [c.source for c in candidates if c.is_named]) == 1:
        return unlikely[0]  # reading it says what is wrong with it
    return _index_or_nothing(frame)


def _check_no_split_time(
    frame: pd.DataFrame,
    survey: ColumnSurvey,
    found: Sequence[_Candidate],
    candidates: Sequence[_Candidate],
) -> None:
    """Refuse dates whose times of day stand in another column."""
    clocks = [c.source for c in candidates if c.content == "time of day"]
    hours = [
        name
        for _, name, kind in survey.beside_floats
        if kind in ("integer", "text", "object")
        and (part_of_time(name) == "hour" or is_time_name(name))
    ]
    if not clocks and not hours:
        return
    dates = [c for c in found if kind_of_dtype(c.source.read(frame).dtype) != "integer"]
    if len(dates) != 1 or not _holds_days(dates[0], frame):
        return
    if len(found) == 1 and clocks:
        raise two_columns_of_one_time(dates[0].source, clocks[0])
    others = [name for name in hours if name != dates[0].source.name]
    clock = find_hours(frame, dates[0].source, others)
    if clock is not None and all(c in dates or c.source == clock for c in found):
        raise two_columns_of_one_time(dates[0].source, clock, clock.read(frame))


def _holds_days(candidate: _Candidate, frame: pd.DataFrame) -> bool:
    if candidate.content != "time":
        return candidate.content == "date"
    values = first_rows(candidate.source.read(frame), _EXAMINED_ROWS)
    if kind_of_dtype(values.dtype) != "time" or isinstance(values.dtype, pd.PeriodDtype):
        return False
    known = pd.DatetimeIndex(values.dropna())
    return bool((known == known.normalize()).all())


def _of_index(frame: pd.DataFrame) -> list[_Candidate]:
    index = frame.index
    if not isinstance(index, pd.MultiIndex):
        if isinstance(index, pd.RangeIndex) and not is_time_name(index.name):
            return []
        content = _content_of(index)
        is_typed = content in ("time", "date") and kind_of_dtype(index.dtype) != "integer"
        candidate = _Candidate(
            ColumnRef("index level", index.name), content, is_time_name(index.name), is_typed
        )
        return [candidate] if is_typed or candidate.is_named else []
    return [
        _Candidate(
            ColumnRef("index level", name),
            _content_of(level),
            is_time_name(name),
            kind_of_dtype(level.dtype) == "time",
        )
        for name, level in zip(index.names, index.levels, strict=True)
        if is_time_name(name) or kind_of_dtype(level.dtype) not in ("integer", "number")
    ]


def _of_columns(frame: pd.DataFrame, survey: ColumnSurvey) -> list[_Candidate]:
    positions: dict[int, DtypeKind] = {
        position: kind
        for position, name, kind in survey.beside_floats
        if kind in ("time", "text", "object")
    }
    if any(word in survey.text.lower() for word in ("time", "date", "ts", "ds")):
        for position, name in enumerate(survey.names):
            if is_time_name(name):
                positions.setdefault(position, "other")
    found = []
    for position, kind in sorted(positions.items()):
        is_named = is_time_name(survey.names[position])
        content = "time" if kind == "time" else _content_of(frame.iloc[:, position])
        if is_named or content != "none":
            source = ColumnRef("column", survey.names[position])
            found.append(_Candidate(source, content, is_named, kind == "time"))
    return found


def _content_of(values: pd.Index | pd.Series) -> Content:
    """Say what the first values may be: enough to choose by; reading the time reads them all."""
    kind = kind_of_dtype(values.dtype)
    if kind == "time":
        return "time"
    if kind in ("integer", "number"):
        if pd.api.types.is_bool_dtype(values.dtype):
            return "none"
        # Whole numbers called a time are one, in a unit that has to be said, or a mistake.
        return "time" if kind == "integer" or look_like_times(values) else "unlikely"
    if kind == "other":
        return "none"
    first = _first_known(values)
    if first is None:
        return "unlikely" if len(values) else "written"
    return _content_of_text(first) if isinstance(first, str) else _content_of_object(first)


def _content_of_text(text: str) -> Content:
    if is_time_of_day(text):
        return "time of day"
    if is_time_text(text):
        return "time" if ":" in text else "date"
    return "written" if any(map(str.isdigit, text)) else "none"


def _content_of_object(value: object) -> Content:
    if isinstance(value, dt.time):
        return "time of day"
    if isinstance(value, (dt.datetime, np.datetime64)):
        return "time"
    if isinstance(value, (dt.date, pd.Period)):
        return "date"
    return "written" if isinstance(value, (int, float, np.number)) else "none"


def _first_known(values: pd.Index | pd.Series) -> Any:
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.dtype.categories
    for value in values.array[:_EXAMINED_ROWS].tolist():
        if _is_known(value):
            return value
    # pandas compares objects with themselves to find what is missing, and some refuse.
    known = values if values.dtype == object else values.dropna()
    return next(filter(_is_known, known.tolist()), None)


def _is_known(value: Any) -> bool:
    if value is None or value is pd.NA or value is pd.NaT:
        return False
    return not (isinstance(value, float) and np.isnan(value)) and not (
        isinstance(value, str) and not value
    )


def _such_as(frame: pd.DataFrame) -> str:
    """Return the first column that can be the time, as an example; empty if none can."""
    if isinstance(frame.columns, pd.MultiIndex) or not frame.columns.is_unique:
        return ""
    for name in frame.columns.tolist():
        if part_of_time(name) is not None and is_period(_first_known(frame[name])):
            return f", such as time={name!r}"
    for column, dtype in frame.dtypes.items():
        if kind_of_dtype(dtype) in ("integer", "number") and look_like_times(frame[column]):
            return f", such as time={column!r}"
    return ""


def _index_or_nothing(frame: pd.DataFrame) -> ColumnRef:
    """Return the index where it can be the time; say that there is none where it cannot."""
    index = frame.index
    if not isinstance(frame.columns, pd.MultiIndex) and (parts := find_parts(frame)):
        raise parts_of_one_time(parts)
    remedy = f"name the column of the time with time={_such_as(frame)}"
    if isinstance(frame.columns, pd.MultiIndex):
        remedy = "a frame with MultiIndex columns has it in the index: use frame.set_index(...)"
    if isinstance(index, pd.MultiIndex):
        raise TimestampError(
            f"timestamps: no index level and no column holds times (there are: {names_of(frame)}); "
            f"{remedy}"
        )
    is_numbering = (
        index.name is None
        and kind_of_dtype(index.dtype) == "integer"
        and index.notna().any()
        and index.min() >= 0
        and index.max() < _MOST_ROWS
        and not look_like_times(index)
    )
    if is_numbering:
        raise TimestampError(
            "timestamps: the frame has no time: its index numbers the rows, and no column holds "
            f"times (there are: {names_of(frame)}); {remedy}"
        )
    return ColumnRef("index level", index.name)
