"""Index or column -> epoch milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import TimeUnit
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.contents import (
    NARROW_FLOATS,
    first_rows,
    is_known_to_pandas,
    kind_of_dtype,
)
from vm_df_writer.frames.samples.time_numbers import (
    END_S,
    FIRST_S,
    PER_SECOND,
    as_numbers,
    calendar_date,
    likely_unit,
    serial_date,
)
from vm_df_writer.frames.samples.time_texts import folds_of, in_python, parse_times
from vm_df_writer.frames.samples.wall_times import check_clocks, check_zone, localize
from vm_df_writer.model.series import BoolArray, FloatArray, IntArray

__all__ = ["Timestamps", "read_timestamps"]

# Digits below this are the noise of a float that was a whole millisecond: 0.781 s is stored as
# 0.780999899 by pd.to_datetime(unit="s").
_NOISE_MS = 0.001
_EXAMINED_ROWS = 10_000
_UNIT_NAMES = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Timestamps:
    """The time of each row of a frame.

    Attributes
    ----------
    ms : ndarray of int64, shape (n_rows,)
        Milliseconds since 1970-01-01T00:00:00Z; meaningless where `nat` is True. C-contiguous.
    nat : ndarray of bool, shape (n_rows,), or None
        Rows without a time; None if every row has one.
    sub_ms : ndarray of bool, shape (n_rows,), or None
        Rows whose digits below one millisecond were rounded away; None if there are none.
    zone : str
        The zone that the source is of.
    """

    ms: IntArray
    nat: BoolArray | None = None
    sub_ms: BoolArray | None = None
    zone: str = "UTC"

    def flags(self, rows: slice | IntArray) -> dict[str, BoolArray]:
        """Say which of some rows are not stored as given: ``sub_millisecond``, if any are."""
        return {} if self.sub_ms is None else {"sub_millisecond": self.sub_ms[rows]}


def read_timestamps(
    source: pd.Index | pd.Series,
    *,
    time_unit: TimeUnit | None = None,
    naive_tz: str = "UTC",
    where: str = "timestamps",
    series: Callable[[], IntArray] | None = None,
) -> Timestamps:
    """Convert an index or a column to epoch milliseconds; the order of rows is kept.

    Digits below one millisecond are floored, which is the precision that VictoriaMetrics
    stores; less than a microsecond below a millisecond, they are rounded up. Periods count from
    their start. ISO 8601 strings are parsed strictly.

    Parameters
    ----------
    source : Index or Series, shape (n_rows,)
        Datetimes of any resolution and zone, periods, datetime objects, ISO strings, or
        numbers together with `time_unit`.
    time_unit : {"s", "ms", "us", "ns"}, optional
        The unit of numbers; they are refused without it.
    naive_tz : str
        The zone of times that name none.
    where : str
        How messages name the source.
    series : callable, optional
        Returns a number for each row, equal for rows of one series: asked for where clocks go
        back, and the order of rows has to tell two equal wall times apart.

    Raises
    ------
    TimestampError
        If the source holds no times, a wall time is ambiguous or missing in its zone, or a
        time lies outside 1971..2200.

    Examples
    --------
    >>> index = pd.DatetimeIndex(["2026-01-01 01:00"], tz="Europe/Berlin")
    >>> read_timestamps(index).ms.tolist()
    [1767225600000]
    """
    check_zone(naive_tz)
    source = as_numbers(source, time_unit, where)
    if not is_known_to_pandas(source.dtype):
        raise TimestampError(
            f"{where}: expected times, got {source.dtype}; name the column or index level of the "
            "time with time="
        )
    if pd.api.types.is_integer_dtype(source.dtype):
        return _from_integers(source, _check_numbers(source, time_unit, where), where)
    if pd.api.types.is_float_dtype(source.dtype):
        return _from_floats(source, _check_numbers(source, time_unit, where), where)
    times = _to_datetimes(source, where)
    if times.tz is None and naive_tz == "UTC":
        check_clocks(times, where, series)
    elif times.tz is None:
        times = localize(times, naive_tz, where, series=series, folds=folds_of(source))
    return replace(_from_epochs(times.asi8, times.unit, None, where), zone=str(times.tz or "UTC"))


def _check_numbers(
    source: pd.Index | pd.Series, time_unit: TimeUnit | None, where: str
) -> TimeUnit:
    """Return the unit of numbers; refuse those that are a time in another way."""
    source = first_rows(source, _EXAMINED_ROWS)
    source = source[source.notna()]
    kind = "integers" if pd.api.types.is_integer_dtype(source.dtype) else "numbers"
    column = in_python(where)
    if (found := calendar_date(source, is_time=True)) is not None:
        raise TimestampError(
            f"{where}: {kind} whose digits are a date (first: {_first(source)}, which is "
            f"{found[0]}), and no epoch",
            hint=f"convert them with pd.to_datetime({column}.astype('int64').astype('str'), "
            f"format={found[1]!r})",
            file_hint=f"pass time_format={found[1]!r}",
        )
    if (moment := serial_date(source)) is not None:
        raise TimestampError(
            f"{where}: {kind} that look like the serial dates of Excel (first: {_first(source)}, "
            f"which is {moment})",
            hint=f"convert them with pd.to_datetime({column}, unit='D', "
            "origin='1899-12-30').dt.round('ms')",
            file_hint="pass time_format='excel'",
        )
    if time_unit is not None:
        return time_unit
    first, likely = _first(source), likely_unit(source)
    if likely is None:
        raise TimestampError(
            f"{where}: {kind} do not say their unit (first: {first}), and are times of 1971 to "
            "2199 in none; name another column as the time with time=, or convert this one"
        )
    moment = pd.Timestamp(
        float(source.iloc[0] if isinstance(source, pd.Series) else source[0]), unit=likely
    ).floor("s")
    raise TimestampError(
        f"{where}: {kind} do not say their unit (first: {first}); pass time_unit={likely!r} if "
        f"they are {_UNIT_NAMES[likely]} ({moment} UTC)"
    )


def _first(source: pd.Index | pd.Series) -> str:
    return repr(first_rows(source, 1).tolist()[0]) if len(source) else "none"


def _from_integers(source: pd.Index | pd.Series, unit: TimeUnit, where: str) -> Timestamps:
    if pd.api.types.is_unsigned_integer_dtype(source.dtype) and len(source):
        largest = source.max()
        if not pd.isna(largest) and int(largest) > np.iinfo(np.int64).max:
            raise TimestampError(f"{where}: {largest} is no epoch in {unit}")
    missing = np.asarray(source.isna(), dtype=bool)
    if missing.any():
        # Unsigned integers cannot hold what marks a missing one.
        epochs = np.where(missing, _NAT, source.fillna(0).to_numpy(dtype=np.int64))
        return _from_epochs(epochs, unit, unit, where)
    return _from_epochs(source.to_numpy(dtype=np.int64), unit, unit, where)


def _from_floats(source: pd.Index | pd.Series, unit: TimeUnit, where: str) -> Timestamps:
    if str(source.dtype) in NARROW_FLOATS:
        raise TimestampError(
            f"{where}: {source.dtype} has too few digits for an epoch (first: {_first(source)}); "
            "pass the times as float64 or integers"
        )
    numbers = source.to_numpy(dtype=np.float64, na_value=np.nan)
    nat = np.isnan(numbers)
    known = np.where(nat, FIRST_S * PER_SECOND[unit], numbers)
    _check_range(known, unit, unit, where)
    exact = known * (1000 / PER_SECOND[unit])
    nearest = np.rint(exact)
    sub_ms = np.abs(exact - nearest) >= _NOISE_MS
    ms = np.where(sub_ms, np.floor(exact), nearest).astype(np.int64)
    return Timestamps(ms, nat if nat.any() else None, sub_ms if sub_ms.any() else None)


def _to_datetimes(source: pd.Index | pd.Series, where: str) -> pd.DatetimeIndex:
    if isinstance(source, pd.DatetimeIndex):
        return source
    if isinstance(source.dtype, pd.PeriodDtype):
        return pd.PeriodIndex(source).to_timestamp(how="start")
    if kind_of_dtype(source.dtype) == "time":
        if getattr(getattr(source.dtype, "pyarrow_dtype", None), "tz", None) is None:
            return pd.DatetimeIndex(source)
        # pandas would go through Python objects.
        clock = pd.Series(source).dt.tz_convert("UTC").dt.tz_localize(None)
        return pd.DatetimeIndex(clock).tz_localize("UTC")
    kind = pd.api.types.infer_dtype(source)
    if kind == "empty":
        return pd.DatetimeIndex(np.full(len(source), np.datetime64("NaT", "ms")))
    if kind not in ("string", "datetime", "datetime64", "date"):
        raise TimestampError(
            f"{where}: expected times, got {kind} values of dtype {source.dtype} "
            f"(first: {_first(source)}); name the column or index level of the time with time="
        )
    return parse_times(pd.Index(source, dtype=source.dtype), kind, where)


def _from_epochs(
    epochs: IntArray, unit: TimeUnit, given_unit: TimeUnit | None, where: str
) -> Timestamps:
    nat = None
    if len(epochs) and epochs.min() == _NAT:
        nat = epochs == _NAT
    _check_range(epochs if nat is None else epochs[~nat], unit, given_unit, where)
    per_second = PER_SECOND[unit]
    if per_second <= 1000:
        # Of every second row of a frame pandas hands out a view with gaps, which orjson refuses.
        dense = np.ascontiguousarray(epochs)
        ms = dense if unit == "ms" else np.where(epochs == _NAT, 0, epochs) * 1000
        return Timestamps(ms, nat)
    per_ms = per_second // 1000
    ms = epochs // per_ms
    sub_ms = ms * per_ms != epochs
    if nat is not None:
        sub_ms &= ~nat
    if not sub_ms.any():
        return Timestamps(ms, nat)
    ms += epochs - ms * per_ms > per_ms * (1 - _NOISE_MS)
    return Timestamps(ms, nat, sub_ms)


def _check_range(
    epochs: IntArray | FloatArray, unit: TimeUnit, given_unit: TimeUnit | None, where: str
) -> None:
    if not len(epochs):
        return
    per_second = PER_SECOND[unit]
    for extreme in (epochs.min().item(), epochs.max().item()):
        if FIRST_S * per_second <= extreme < END_S * per_second:
            continue
        row = int((epochs == extreme).argmax())
        if given_unit is None:
            moment = np.datetime64(extreme, unit)
            raise TimestampError(
                f"{where}: {moment} (row {row}) lies outside 1971..2200; correct or drop such rows"
            )
        likely = [u for u, n in PER_SECOND.items() if FIRST_S * n <= extreme < END_S * n]
        hint = f"it looks like {likely[0]}" if likely else "it looks like no unit of time"
        raise TimestampError(
            f"{where}: {extreme} (row {row}) taken as {unit} lies outside 1971..2200; "
            f"{hint}: check time_unit="
        )
