"""Index or column -> epoch milliseconds."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import TimeUnit
from vm_df_writer.errors import TimestampError
from vm_df_writer.model.series import BoolArray, IntArray

__all__ = ["Timestamps", "holds_time", "read_timestamps"]

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# The server would drop or misplace anything outside; no score is that old or that new.
_FIRST_S = int(pd.Timestamp("1971-01-01", tz="UTC").timestamp())
_END_S = int(pd.Timestamp("2200-01-01", tz="UTC").timestamp())
# A zone behind a time of day, in any form that pandas reads. Behind a blank may be a date alone.
_ZONE = r"\d[T ]\d[^Zz+-]*[Zz+-]"
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
        Rows whose digits below one millisecond were floored away; None if there are none.
    """

    ms: IntArray
    nat: BoolArray | None = None
    sub_ms: BoolArray | None = None

    def flags(self, rows: slice | IntArray) -> dict[str, BoolArray]:
        """Say which of some rows are not stored as given: ``sub_millisecond``, if any are."""
        return {} if self.sub_ms is None else {"sub_millisecond": self.sub_ms[rows]}


def holds_time(dtype: Any) -> bool:
    """Say whether a dtype is one of points in time: datetime64, Arrow timestamp or period.

    Examples
    --------
    >>> holds_time(pd.date_range("2026", periods=1).dtype), holds_time(np.dtype("int64"))
    (True, False)
    """
    if isinstance(dtype, pd.ArrowDtype):
        return dtype.kind == "M"
    return isinstance(dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)) or (
        isinstance(dtype, np.dtype) and dtype.kind == "M"
    )


def read_timestamps(
    source: pd.Index | pd.Series,
    *,
    time_unit: TimeUnit | None = None,
    naive_tz: str = "UTC",
    where: str = "timestamps",
) -> Timestamps:
    """Convert an index or a column to epoch milliseconds; the order of rows is kept.

    Digits below one millisecond are floored, which is the precision that VictoriaMetrics
    stores. Periods count from their start. ISO 8601 strings are parsed strictly.

    Parameters
    ----------
    source : Index or Series, shape (n_rows,)
        Datetimes of any resolution and zone, periods, datetime objects, ISO strings, or
        integers together with `time_unit`.
    time_unit : {"s", "ms", "us", "ns"}, optional
        The unit of integers; they are refused without it.
    naive_tz : str
        The zone of times that name none.
    where : str
        How messages name the source.

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
    _check_zone(naive_tz)
    dtype = source.dtype
    if dtype == object and pd.api.types.infer_dtype(source, skipna=True) == "integer":
        try:
            source = pd.Series(source, dtype="Int64")
        except OverflowError:
            largest = max(source.dropna(), key=abs)
            raise TimestampError(
                f"{where}: {largest} is no epoch in any unit; correct or drop such rows"
            ) from None
        dtype = source.dtype
    if pd.api.types.is_integer_dtype(dtype):
        return _from_integers(source, time_unit, where)
    if pd.api.types.is_float_dtype(dtype):
        raise TimestampError(
            f"{where}: expected times, got {dtype} (first: {_first(source)}); a float cannot hold "
            'an epoch exactly: convert with .astype("int64") and pass time_unit='
        )
    times = _to_datetimes(source, where)
    if times.tz is None and naive_tz != "UTC":
        times = _localize(times, naive_tz, where)
    return _from_epochs(times.asi8, times.unit, None, where)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise TimestampError(
            f"naive_tz: {zone!r} is not a known time zone; use a name such as 'Europe/Berlin'"
        ) from None


def _first(source: pd.Index | pd.Series) -> str:
    return repr(source[:1].tolist()[0]) if len(source) else "none"


def _from_integers(
    source: pd.Index | pd.Series, time_unit: TimeUnit | None, where: str
) -> Timestamps:
    if time_unit is None:
        raise TimestampError(
            f"{where}: integers do not say their unit (first: {_first(source)}); "
            "pass time_unit='s', 'ms', 'us' or 'ns'"
        )
    if pd.api.types.is_unsigned_integer_dtype(source.dtype) and len(source):
        largest = source.max()
        if not pd.isna(largest) and int(largest) > np.iinfo(np.int64).max:
            raise TimestampError(f"{where}: {largest} is no epoch in {time_unit}")
    missing = np.asarray(source.isna(), dtype=bool)
    if missing.any():
        # Unsigned integers cannot hold what marks a missing one.
        epochs = np.where(missing, _NAT, source.fillna(0).to_numpy(dtype=np.int64))
        return _from_epochs(epochs, time_unit, time_unit, where)
    return _from_epochs(source.to_numpy(dtype=np.int64), time_unit, time_unit, where)


def _to_datetimes(source: pd.Index | pd.Series, where: str) -> pd.DatetimeIndex:
    if isinstance(source.dtype, pd.PeriodDtype):
        return pd.PeriodIndex(source).to_timestamp(how="start")
    if isinstance(source.dtype, pd.ArrowDtype) and holds_time(source.dtype):
        zoned = getattr(source.dtype.pyarrow_dtype, "tz", None) is not None
        if zoned:  # pandas would go through Python objects
            clock = pd.Series(source).dt.tz_convert("UTC").dt.tz_localize(None)
            return pd.DatetimeIndex(clock).tz_localize("UTC")
    if holds_time(source.dtype):
        return pd.DatetimeIndex(source)
    kind = pd.api.types.infer_dtype(source, skipna=True)
    if kind == "empty":
        return pd.DatetimeIndex(np.full(len(source), np.datetime64("NaT", "ms")))
    if kind not in ("string", "datetime", "datetime64", "date"):
        raise TimestampError(
            f"{where}: expected times, got {kind} values of dtype {source.dtype} "
            f"(first: {_first(source)}); name the column or index level of the time with time="
        )
    return _parse(pd.Index(source, dtype=source.dtype), kind, where)


def _parse(source: pd.Index, kind: str, where: str) -> pd.DatetimeIndex:
    known = source[source.notna()]
    options: dict[str, Any] = {}
    if kind == "string":
        options["format"] = "ISO8601"
        known = known[known != ""]  # no time, as pandas reads it
        has_zone = np.asarray(known.str.contains(_ZONE), dtype=bool)
    else:
        has_zone = np.array([getattr(value, "tzinfo", None) is not None for value in known])
    options["utc"] = bool(has_zone.any())
    is_mixed = options["utc"] and not has_zone.all()
    is_clock = np.asarray(source.isin(["now", "today"]))  # pandas would look at it
    if not is_mixed and not is_clock.any():
        with suppress(ValueError, TypeError, OverflowError):
            return pd.DatetimeIndex(pd.to_datetime(source, **options))
    parsed = pd.to_datetime(source, errors="coerce", **options)
    bad = np.asarray(parsed.isna()) & source.isin(known) | is_clock
    if bad.any():
        row = int(bad.argmax())
        raise TimestampError(
            f"{where}, row {row}: expected an ISO 8601 time, got {source[row]!r}; convert the "
            "column with pd.to_datetime"
        )
    # pandas takes a naive time among aware ones for UTC: not ours to guess.
    raise TimestampError(
        f"{where}: times with and without a zone are mixed; convert the column with pd.to_datetime"
    )


def _localize(times: pd.DatetimeIndex, zone: str, where: str) -> pd.DatetimeIndex:
    unique = times.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    missing = np.asarray(times.isna())
    if (np.asarray(unique.isna()) == missing).all():
        return unique
    first_of_two = np.ones(len(times), dtype=bool)
    existing = times.tz_localize(zone, ambiguous=first_of_two, nonexistent="NaT")
    bad, what = np.asarray(existing.isna()) & ~missing, "do not exist"
    if not bad.any():
        bad, what = np.asarray(unique.isna()) & ~missing, "occur twice"
    row = int(bad.argmax())
    raise TimestampError(
        f"{where}: {int(bad.sum())} of {len(times)} wall times {what} in {zone} "
        f'(first: {times[row]}, row {row}); pass naive_tz="UTC" or localize the index yourself'
    )


def _from_epochs(
    epochs: IntArray, unit: TimeUnit, given_unit: TimeUnit | None, where: str
) -> Timestamps:
    nat = None
    if len(epochs) and epochs.min() == _NAT:
        nat = epochs == _NAT
    _check_range(epochs if nat is None else epochs[~nat], unit, given_unit, where)
    per_second = _PER_SECOND[unit]
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
    return Timestamps(ms, nat, sub_ms if sub_ms.any() else None)


def _check_range(epochs: IntArray, unit: TimeUnit, given_unit: TimeUnit | None, where: str) -> None:
    if not len(epochs):
        return
    per_second = _PER_SECOND[unit]
    for extreme in (int(epochs.min()), int(epochs.max())):
        if _FIRST_S * per_second <= extreme < _END_S * per_second:
            continue
        row = int((epochs == extreme).argmax())
        if given_unit is None:
            moment = np.datetime64(extreme, unit)
            raise TimestampError(
                f"{where}: {moment} (row {row}) lies outside 1971..2200; correct or drop such rows"
            )
        likely = [u for u, n in _PER_SECOND.items() if _FIRST_S * n <= extreme < _END_S * n]
        hint = f"it looks like {likely[0]}" if likely else "it looks like no unit of time"
        raise TimestampError(
            f"{where}: {extreme} (row {row}) taken as {unit} lies outside 1971..2200; "
            f"{hint}: check time_unit="
        )
