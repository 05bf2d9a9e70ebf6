"""Text and datetime objects -> a DatetimeIndex, strictly."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from vm_df_writer.errors import TimestampError
from vm_df_writer.model.series import BoolArray

__all__ = ["folds_of", "in_python", "parse_times"]

_EXAMINED = 10_000
# Dates as people write them, the day first and the month first.
_OTHER_FORMS = [
    f"{date}{clock}"
    for sign in "/.-"
    for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
    for date in (f"%d{sign}%m{sign}%Y", f"%m{sign}%d{sign}%Y")
]

# A zone behind a time of day, in any form that pandas reads. Behind a blank may be a date alone.
_ZONE = r"\d[T ]\d[^Zz+-]*[Zz+-]"
# Forms that mean one thing and that pandas does not read: ISO 8601 in small letters, as RFC 3339
# allows, and the " UTC" of BigQuery, Athena and Go.
_SPELLINGS = ((r"(?<=\d)t(?=\d)", "T"), (r"(?<=\d)\s*z(?=\s*$)", "Z"), (r"\s+UTC(?=\s*$)", "Z"))


def parse_times(source: pd.Index, kind: str, where: str) -> pd.DatetimeIndex:
    """Parse ISO 8601 text, or convert objects of the kind that pandas infers.

    Raises
    ------
    TimestampError
        If a value is no time, or some have a zone and others have none.

    Examples
    --------
    >>> parse_times(
    ...     pd.Index(["2026-01-01 00:00:00 UTC", "2026-01-01t01:00:00z"]), "string", "x"
    ... ).hour
    Index([0, 1], dtype='int32')
    """
    known = source[source.notna()]
    options: dict[str, Any] = {}
    if kind == "string":
        options["format"] = "ISO8601"
        spelled = _spelled_as_iso(source)
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
            return pd.DatetimeIndex(pd.to_datetime(spelled, **options))
    parsed = pd.to_datetime(spelled, errors="coerce", **options)
    bad = np.asarray(parsed.isna()) & spelled.isin(known) | is_clock
    if bad.any():
        row = int(bad.argmax())
        hint, file_hint = _conversion(known[:_EXAMINED], in_python(where))
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


def _spelled_as_iso(source: pd.Index) -> pd.Index:
    is_odd = source.str.contains(r"\dt\d|z\s*$|UTC\s*$", regex=True, na=False)
    if not np.asarray(is_odd, dtype=bool).any():
        return source
    texts = pd.Series(source)
    for form, replacement in _SPELLINGS:
        texts = texts.str.replace(form, replacement, regex=True)
    spelled: pd.Index = pd.Index(texts)
    return spelled


def _conversion(known: pd.Index, column: str) -> tuple[str, str]:
    """Return what to do with text in another form, in a frame and in a file.

    The form is named if all of the text has it.
    """
    forms = [
        form
        for form in _OTHER_FORMS
        if len(known) and pd.to_datetime(known, format=form, errors="coerce").notna().all()
    ]
    if len(forms) == 1:
        hint = f"convert it with {column} = pd.to_datetime({column}, format={forms[0]!r})"
        return hint, f"pass time_format={forms[0]!r}"
    if len(forms) > 1:
        hint = (
            f"convert it with pd.to_datetime, and say with format= whether the day comes first "
            f"({forms[0]!r}) or the month ({forms[1]!r})"
        )
        file_hint = (
            f"pass time_format={forms[0]!r} if the day comes first, or time_format={forms[1]!r} if "
            "the month does"
        )
        return hint, file_hint
    return (
        "convert the column with pd.to_datetime",
        "name the form with time_format=, such as time_format='%d/%m/%Y %H:%M'",
    )


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
