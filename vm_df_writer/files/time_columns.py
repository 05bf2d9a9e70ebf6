"""Times that a file has in several columns -> one column of text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import pandas as pd

from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ColumnError
from vm_df_writer.frames.roles.name_words import part_of_time

__all__ = ["join_times"]

_JOINED = "timestamp"

_DIGITS_OF_DAY = r"(\d{4})(\d\d)(\d\d)"


def join_times(
    frame: pd.DataFrame, names: Sequence[str], *, name: Hashable = None, as_written: bool
) -> pd.DataFrame:
    """Return a frame in which some columns are one, with a blank between their texts.

    Parameters
    ----------
    frame : DataFrame
        As a file was read.
    names : sequence of str
        The columns, in order.
    name : hashable
        What the caller calls the time. If it is one of the columns, it is what they become, and
        else they become ``timestamp``.
    as_written : bool
        Whether nothing else is done. Otherwise numbers of years, months, days, hours and minutes
        become dates and times of day as ISO 8601 has them.

    Raises
    ------
    ColumnError
        If a column is not there, or the name of the new one is taken.

    Examples
    --------
    >>> frame = pd.DataFrame({"YEAR": [2026], "MO": [3], "DY": [1], "HR": [6], "y": [1.0]})
    >>> join_times(frame, ["YEAR", "MO", "DY", "HR"], as_written=False)["timestamp"][0]
    '2026-03-01 06:00'
    """
    for one in names:
        if one not in frame.columns:
            known = [str(column) for column in frame.columns]
            raise ColumnError(
                f"time_columns: {one!r} is not a column (there are: "
                f"{', '.join(map(repr, known[:20]))}){did_you_mean(one, known)}"
            )
    rest = frame.drop(columns=[*names])
    joined_name = name if name in names else _JOINED
    if joined_name in rest.columns:
        raise ColumnError(
            f"time_columns: there is a column {joined_name!r} already, which is what they become; "
            "rename it"
        )
    texts = [frame[one].astype("string").str.strip() for one in names]
    if not as_written:
        texts = _as_dates_and_clocks(names, texts)
    joined = texts[0]
    for text in texts[1:]:
        joined = joined + " " + text
    rest.insert(0, joined_name, joined.astype(object).where(joined.notna(), None))
    return rest


def _as_dates_and_clocks(names: Sequence[str], texts: Sequence[pd.Series]) -> list[pd.Series]:
    numbers = [text.str.removesuffix(".0") for text in texts]
    parts = [
        part_of_time(name) if text.str.fullmatch(r"\d*").fillna(value=True).all() else None
        for name, text in zip(names, numbers, strict=True)
    ]
    by_part = {part: text for part, text in zip(parts, numbers, strict=True) if part is not None}
    joined = [text for part, text in zip(parts, texts, strict=True) if part is None]
    if {"year", "month"} <= by_part.keys():
        date = by_part["year"] + "-" + by_part["month"].str.zfill(2)
        joined.insert(0, date + "-" + (by_part["day"].str.zfill(2) if "day" in by_part else "01"))
    elif by_part.keys() & {"year", "month", "day"}:
        return list(texts)
    elif joined:
        joined[0] = joined[0].str.replace(f"^{_DIGITS_OF_DAY}$", r"\1-\2-\3", regex=True)
    if len(joined) > 1 and joined[1].str.fullmatch(r"\d{1,4}").fillna(value=True).all():
        by_part["hour"] = joined.pop(1)
    if "hour" in by_part:
        joined.append(_clock(by_part["hour"], by_part.get("minute"), by_part.get("second")))
    return joined


def _clock(hours: pd.Series, minutes: pd.Series | None, seconds: pd.Series | None) -> pd.Series:
    """Return times of day of numbers; 630 is half past six where there are no minutes."""
    if minutes is None and (hours.str.len() > 2).any():
        digits = hours.str.zfill(4)
        return digits.str[:2] + ":" + digits.str[2:]
    clock = hours.str.zfill(2) + ":" + ("00" if minutes is None else minutes.str.zfill(2))
    return clock if seconds is None else clock + ":" + seconds.str.zfill(2)
