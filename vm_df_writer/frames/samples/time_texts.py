"""Text and datetime objects -> a DatetimeIndex, strictly."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.time_forms import how_to_convert
from vm_df_writer.model.series import BoolArray

__all__ = ["folds_of", "in_python", "parse_times"]

# A zone behind a time of day, in any form that pandas reads. Behind a blank may be a date alone.
_ZONE = r"\d[T ]\d[^Zz+-]*[Zz+-]"
# Forms that mean one thing and that pandas does not read: ISO 8601 in small letters, as RFC 3339
# allows, and the " UTC" of BigQuery, Athena and Go.
_SPELLINGS = (
    (r"(?<=\d)t(?=\d)", "T"),
    (r"(?<=\d)\s*z(?=\s*$)", "Z"),
    (r"\s+UTC(?=\s*$)", "Z"),
    (r"(?<=Z|\d)\[\w[\w/+-]*\]$", ""),
)  # the zone whose offset stands before, as in RFC 9557
# The midnight at the end of a day.
_END_OF_DAY = r"(?<=\d[T ])24:00(?=$|:00|\s*[Zz+-])"
_ODD = r"\dt\d|z\s*$|UTC\s*$|[T ]24:00|[+-]\d\d:?\d\d\[|Z\["


def parse_times(source: pd.Index, kind: str, where: str) -> pd.DatetimeIndex:
    """Parse ISO 8601 text, or convert objects of the kind that pandas infers.

    Raises
    ------
    TimestampError
        If a value is no time, or some have a zone and others have none.

    Examples
    --------
    >>> spelt = pd.Index(["2026-01-01 24:00:00 UTC", "2026-01-01t01:00:00z"])
    >>> parse_times(spelt, "string", "x").strftime("%d %H").tolist()
    ['02 00', '01 01']
    """
    known = source[source.notna()]
    is_end_of_day = None
    options: dict[str, Any] = {}
    if kind == "string":
        options["format"] = "ISO8601"
        spelled, is_end_of_day = _spelled_as_iso(source)
        known = spelled[spelled.notna()]
        known = known[known != ""]  # no time, as pandas reads it
        has_zone = np.asarray(known.str.contains(_ZONE), dtype=bool)
    else:
        spelled = source
        has_zone = np.array([getattr(value, "tzinfo", None) is not None for value in known])
    options["utc"] = bool(has_zone.any())
    is_mixed = options["utc"] and not has_zone.all()
    is_clock = np.asarray(source.isin(["now", "today"]))  # pandas would look at it
    if not is_mixed and not is_clock.any():
        with suppress(ValueError, TypeError, OverflowError):
            times = pd.DatetimeIndex(pd.to_datetime(spelled, **options))
            if is_end_of_day is None:
                return times
            return times.where(~is_end_of_day, times + pd.Timedelta(days=1))
    parsed = pd.to_datetime(spelled, errors="coerce", **options)
    bad = np.asarray(parsed.isna()) & spelled.isin(known) | is_clock
    if bad.any():
        row = int(bad.argmax())
        hint, file_hint = how_to_convert(known, in_python(where))
        raise TimestampError(
            f"{where}, row {row}: expected an ISO 8601 time, got {source[row]!r}",
            hint=hint,
            file_hint=file_hint,
        )
    # pandas takes a naive time among aware ones for UTC: not ours to guess.
    raise TimestampError(
        f"{where}: times with and without a zone are mixed",
        hint="convert the column with pd.to_datetime",
        file_hint="write all of them with their zone, or none",
    )


def _spelled_as_iso(source: pd.Index) -> tuple[pd.Index, BoolArray | None]:
    """Return times in the spelling that pandas reads, and which of them are of the day after."""
    is_odd = source.str.contains(_ODD, regex=True, na=False)
    if not np.asarray(is_odd, dtype=bool).any():
        return source, None
    texts = pd.Series(source.astype(object))  # Arrow's expressions look neither back nor ahead
    for form, replacement in _SPELLINGS:
        texts = texts.str.replace(form, replacement, regex=True)
    is_end_of_day = texts.str.contains(_END_OF_DAY, regex=True, na=False).to_numpy(dtype=bool)
    texts = texts.str.replace(_END_OF_DAY, "00:00", regex=True)
    spelled: pd.Index = pd.Index(texts)
    return spelled, is_end_of_day if is_end_of_day.any() else None


def in_python(where: str) -> str:
    """Return the code for what messages call so.

    Examples
    --------
    >>> in_python("column 'time'"), in_python("index level 'time'")
    ("frame['time']", 'frame.index.to_series()')
    """
    kind, _, name = where.partition(" ")
    return f"frame[{name}]" if kind == "column" else "frame.index.to_series()"


def folds_of(source: pd.Index | pd.Series) -> BoolArray | None:
    """Return which datetime objects say that they are the second of two equal wall times."""
    if source.dtype != object:
        return None
    return np.fromiter((getattr(value, "fold", 0) == 1 for value in source), dtype=bool)
