"""Times as files have them: in a form that the caller names, or in several columns."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ColumnError, TimestampError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.timestamps import holds_time

__all__ = ["parse_times"]

_JOINED = "timestamp"


def parse_times(frame: pd.DataFrame, reading: ReadOptions, options: FileOptions) -> pd.DataFrame:
    """Return the frame with its times in one column, as datetimes if their form is named.

    Raises
    ------
    ColumnError
        If a column that is to be joined is not there.
    TimestampError
        If a time has another form, or it is not clear which column holds the times.

    Examples
    --------
    >>> frame = pd.DataFrame({"day": ["31/12/2026"], "hour": ["06:00"], "y": [1.0]})
    >>> options = FileOptions(time_columns=["day", "hour"], time_format="%d/%m/%Y %H:%M")
    >>> parse_times(frame, ReadOptions(), options)["timestamp"][0]
    Timestamp('2026-12-31 06:00:00')
    """
    if options.time_columns:
        frame = _join(frame, options.time_columns)
    time_format = options.time_format
    if time_format is None:
        return frame
    column = find_time(frame, reading)
    if isinstance(frame.index, pd.MultiIndex) and column.kind == "index level":
        frame = frame.reset_index(level=[column.name])
    elif column.kind == "index level":
        return frame.set_axis(pd.DatetimeIndex(_parse(frame.index, str(column), time_format)))
    return frame.assign(**{str(column.name): _parse(frame[column.name], str(column), time_format)})


def _join(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    for name in names:
        if name not in frame.columns:
            known = [str(column) for column in frame.columns]
            raise ColumnError(
                f"time_columns: {name!r} is not a column (there are: "
                f"{', '.join(map(repr, known[:20]))}){did_you_mean(name, known)}"
            )
    rest = frame.drop(columns=[*names])
    if _JOINED in rest.columns:
        raise ColumnError(
            f"time_columns: there is a column {_JOINED!r} already, which is what they become; "
            "rename it"
        )
    texts = [frame[name].astype("string").str.strip() for name in names]
    joined = texts[0]
    for text in texts[1:]:
        joined = joined + " " + text
    rest.insert(0, _JOINED, joined.astype(object).where(joined.notna(), None))
    return rest


def _parse(source: pd.Index | pd.Series, where: str, time_format: str) -> pd.Series:
    given = pd.Series(source)
    if holds_time(given.dtype):
        return given
    if time_format == "excel":
        days, texts = pd.to_numeric(given, errors="coerce"), given.astype("string")
        times = pd.to_datetime(days, unit="D", origin="1899-12-30", errors="coerce").dt.round("ms")
    else:
        texts = given.astype("string").str.strip().mask(lambda text: text == "")
        has_zone = "%z" in time_format or "%Z" in time_format
        times = pd.to_datetime(texts, format=time_format, utc=has_zone, errors="coerce")
    bad = (times.isna() & texts.notna()).to_numpy()
    if bad.any():
        row = int(bad.argmax())
        raise TimestampError(
            f"{where}, row {row}: expected a time of the form {time_format!r}, got "
            f"{texts.iloc[row]!r}; correct the file, or pass another time_format="
        )
    return times
