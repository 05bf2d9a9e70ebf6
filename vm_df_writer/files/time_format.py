"""Times as files have them: in a form that the caller names, or in several columns."""

from __future__ import annotations

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import TimestampError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.time_columns import join_times
from vm_df_writer.frames.roles.time_candidates import find_time
from vm_df_writer.frames.samples.contents import kind_of_dtype

__all__ = ["parse_times"]


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
        as_written = options.time_format is not None
        frame = join_times(frame, options.time_columns, name=reading.time, as_written=as_written)
    time_format = options.time_format
    if time_format is None:
        return frame
    column = find_time(frame, reading)
    if isinstance(frame.index, pd.MultiIndex) and column.kind == "index level":
        frame = frame.reset_index(level=[column.name])
    elif column.kind == "index level":
        return frame.set_axis(pd.DatetimeIndex(_parse(frame.index, str(column), time_format)))
    return frame.assign(**{str(column.name): _parse(frame[column.name], str(column), time_format)})


def _parse(source: pd.Index | pd.Series, where: str, time_format: str) -> pd.Series:
    given = pd.Series(source)
    if kind_of_dtype(given.dtype) == "time":
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
