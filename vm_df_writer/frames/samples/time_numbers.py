"""Numbers that may be times: epochs in some unit, dates as digits, days of a spreadsheet."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from vm_df_writer.config.read_options import TimeUnit
from vm_df_writer.errors import TimestampError
from vm_df_writer.frames.samples.contents import first_rows, is_known_to_pandas
from vm_df_writer.model.series import FloatArray

__all__ = ["END_S", "FIRST_S", "PER_SECOND", "as_numbers", "calendar_date", "likely_unit",
           "look_like_times", "serial_date"]  # fmt: skip

PER_SECOND: dict[TimeUnit, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# The server would drop or misplace anything outside; no score is that old or that new.
FIRST_S = int(pd.Timestamp("1971-01-01", tz="UTC").timestamp())
END_S = int(pd.Timestamp("2200-01-01", tz="UTC").timestamp())
# Days since 1899-12-30, as spreadsheets count: 1990 to 2070.
_SERIAL_DAYS = (32874, 62093)
_A_FEW = 10
_EPOCH = re.compile(r"\d{1,19}(\.\d*)?")
_CALENDAR_FORMATS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


def as_numbers(
    source: pd.Index | pd.Series, time_unit: TimeUnit | None, where: str
) -> pd.Index | pd.Series:
    """Return numbers that are objects, or epochs as text, as numbers; anything else as it is.

    Examples
    --------
    >>> as_numbers(pd.Series(["1767225600"]), "s", "index").tolist()
    [1767225600]
    """
    if isinstance(source.dtype, pd.CategoricalDtype):
        # Categories that are whole numbers cannot say that one is missing.
        is_text = source.dtype.categories.dtype.kind in "OUM"
        source = source.astype(source.dtype.categories.dtype if is_text else object)
    if not is_known_to_pandas(source.dtype):
        return source
    is_text = getattr(source.dtype, "type", None) is str
    if source.dtype != object and not is_text:
        return source
    kind = "string" if is_text else pd.api.types.infer_dtype(source)
    if kind == "string":
        return _epochs_of_text(source, time_unit)
    if kind not in ("integer", "floating", "mixed-integer-float", "decimal"):
        return source
    try:
        return pd.Series(source, dtype="Int64" if kind == "integer" else "float64")
    except OverflowError:
        largest = max(source.dropna(), key=abs)
        raise TimestampError(
            f"{where}: {largest} is no epoch in any unit; correct or drop such rows"
        ) from None
    except ValueError:
        # Of numbers a Decimal's signaling NaN alone has no float, nor can pandas drop it.
        row = next(n for n, given in enumerate(source) if getattr(given, "is_snan", bool)())
        raise TimestampError(
            f"{where}, row {row}: Decimal('sNaN') is no time; put None in its place or drop the row"
        ) from None


def _epochs_of_text(
    source: pd.Index | pd.Series, time_unit: TimeUnit | None
) -> pd.Index | pd.Series:
    """Return the numbers of texts of digits, such as JSON has for large ones; else the text."""
    first = [text for text in first_rows(source, _A_FEW).tolist() if isinstance(text, str) and text]
    if not all(_EPOCH.fullmatch(text.strip()) for text in first):
        return source
    texts = pd.Series(source).astype("string").str.strip()
    texts = texts.mask(texts == "")
    if texts.isna().all() or not texts.str.fullmatch(_EPOCH.pattern).fillna(value=True).all():
        return source
    has_fractions = texts.str.contains(".", regex=False).any()
    numbers = pd.Series(pd.to_numeric(texts), dtype="Float64" if has_fractions else "Int64")
    # Eight digits are a date in ISO 8601.
    return source if time_unit is None and likely_unit(numbers) is None else numbers


def look_like_times(values: pd.Index | pd.Series) -> bool:
    """Say whether numbers can be times, of whatever kind.

    Examples
    --------
    >>> [look_like_times(pd.Series([n])) for n in (1767225600, 20260301, 45453.5, 0.125, 45453)]
    [True, True, True, False, False]
    """
    if likely_unit(values) is not None or calendar_date(values) is not None:
        return True
    return serial_date(values) is not None and not bool((_known(values) % 1 == 0).all())


def likely_unit(values: pd.Index | pd.Series) -> TimeUnit | None:
    """Return the unit in which all numbers are epochs of 1971 to 2200; there is one at most.

    Examples
    --------
    >>> likely_unit(pd.Series([1767225600, 1767225660])), likely_unit(pd.Series([1, 2, 3]))
    ('s', None)
    """
    known = _known(values)
    if not len(known):
        return None
    first, last = float(known.min()), float(known.max())
    for unit, per_second in PER_SECOND.items():
        if FIRST_S * per_second <= first and last < END_S * per_second:
            return unit
    return None


def calendar_date(
    values: pd.Index | pd.Series, *, is_time: bool = False
) -> tuple[pd.Timestamp, str] | None:
    """Return the first time and the format of whole numbers whose digits are dates.

    Years and months alone are dates only of what surely `is_time`.

    Examples
    --------
    >>> calendar_date(pd.Series([2026061012, 2026061013]))
    (Timestamp('2026-06-10 12:00:00'), '%Y%m%d%H')
    >>> calendar_date(pd.Series([1767225600])) is None
    True
    """
    known = _known(values)
    if not len(known) or not (known % 1 == 0).all() or known.min() < 0:
        return None
    n_digits = len(str(int(known[0])))
    formats = {**_CALENDAR_FORMATS, 4: "%Y", 6: "%Y%m"} if is_time else _CALENDAR_FORMATS
    form = formats.get(n_digits)
    if form is None or known.min() < 10 ** (n_digits - 1) or known.max() >= 10**n_digits:
        return None
    texts = pd.Series(known.astype(np.int64)).astype(str)
    times = pd.to_datetime(texts, format=form, errors="coerce")
    if times.isna().any() or not times.dt.year.between(1971, 2199).all():
        return None
    return times.iloc[0], form


def serial_date(values: pd.Index | pd.Series) -> pd.Timestamp | None:
    """Return the first time of numbers that look like a spreadsheet's days since 1899.

    Examples
    --------
    >>> serial_date(pd.Series([46082.25]))
    Timestamp('2026-03-01 06:00:00')
    """
    known = _known(values)
    if not len(known) or known.min() < _SERIAL_DAYS[0] or known.max() > _SERIAL_DAYS[1]:
        return None
    return pd.Timestamp("1899-12-30") + pd.Timedelta(days=float(known[0])).round("ms")


def _known(values: pd.Index | pd.Series) -> FloatArray:
    given: FloatArray = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known: FloatArray = given[np.isfinite(given)]
    return known
