"""hypothesis strategies: times, values and labels in every dtype that pandas holds them in."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

HAS_ARROW = find_spec("pyarrow") is not None
if HAS_ARROW:
    import pyarrow as pa
IS_PANDAS_3 = int(pd.__version__.split(".")[0]) >= 3

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_SUNDAY = 6
_STARTS_S = st.integers(31_536_000, 7_258_118_400 - 10_000)  # 1971 to 2200


@dataclass(frozen=True)
class TimeColumn:
    """The times of the rows as pandas holds them, what they mean, and how to read them."""

    held: pd.Series
    meant_ns: Sequence[int | None]
    reading: dict[str, Any]

    def as_index(self) -> pd.Index:
        """Return the times as an index of the same dtype."""
        index: pd.Index = pd.Index(self.held, dtype=self.held.dtype)
        return index


@dataclass(frozen=True)
class NumberColumn:
    """Numbers as pandas holds them, and the float64 that each of them means (NaN: none)."""

    held: pd.Series
    meant: Sequence[float]


@dataclass(frozen=True)
class TextColumn:
    """Labels as pandas holds them, and the text that each of them means (None: absent)."""

    held: pd.Series
    meant: Sequence[str | None]
    is_text: bool = True


@st.composite
def time_columns(
    draw: st.DrawFn,
    n_rows: int,
    *,
    unique: bool = False,
    starts_s: st.SearchStrategy[int] = _STARTS_S,
) -> TimeColumn:
    """Draw times soon after a start: some alike and some missing, unless they are unique."""
    unit = draw(st.sampled_from(list(_PER_SECOND)))
    zone = draw(
        st.sampled_from([None, "UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
    )
    around_s = draw(starts_s)
    if zone is None and pd.Timestamp(around_s + 60, unit="s").day_of_week == _SUNDAY:
        around_s += 86_400  # in a night when clocks go back, rows in any order are a question
    step = _PER_SECOND[unit]
    offsets = st.integers(0, 50) if unit == "s" else st.integers(0, 9) | st.integers(0, 30 * step)
    ticks = st.lists(offsets, min_size=n_rows, max_size=n_rows, unique_by=_ms(step, unique))
    epochs = [around_s * step + tick for tick in draw(ticks)]
    kinds = ["datetime", "integer", "object", "iso"]
    if HAS_ARROW:
        kinds += ["arrow", "arrow_integer"]
    kind = draw(st.sampled_from([*kinds, "datetime"]))
    if kind == "object" and unit == "ns":
        kind = "datetime"
    known: list[int | None] = list(epochs)
    if n_rows and not unique and draw(st.booleans()):
        for row in draw(st.lists(st.integers(0, n_rows - 1), max_size=2)):
            known[row] = None
    meant = [None if epoch is None else epoch * (10**9 // step) for epoch in known]
    column, reading = _hold_times(kind, known, unit, zone)
    if zone is None and kind not in ("integer", "arrow_integer") and draw(st.booleans()):
        reading["naive_tz"] = "Asia/Kathmandu"
        shift_ns = 20_700 * 10**9  # 5:45, all through the years in question but for 1971..1985
        if around_s > 700_000_000:
            meant = [None if ns is None else ns - shift_ns for ns in meant]
        else:
            del reading["naive_tz"]
    return TimeColumn(column, meant, reading)


def _ms(step: int, unique: bool) -> Callable[[int], object]:
    if unique:
        # Less than a microsecond below a millisecond, times are rounded up.
        return lambda tick: (tick * (10**9 // step) + 999) // 10**6
    return lambda _: object()


def _hold_times(
    kind: str, epochs: Sequence[int | None], unit: str, zone: str | None
) -> tuple[pd.Series, dict[str, Any]]:
    if kind in ("integer", "arrow_integer"):
        dtype = "int64[pyarrow]" if kind == "arrow_integer" else "Int64"
        if kind == "integer" and None not in epochs:
            dtype = "int64"
        return pd.Series(epochs, dtype=dtype), {"time_unit": unit}
    raw = np.array([np.iinfo(np.int64).min if e is None else e for e in epochs], np.int64)
    times = pd.Series(raw.view(f"M8[{unit}]"))
    if zone is not None:
        times = times.dt.tz_localize("UTC").dt.tz_convert(zone)
    if kind == "object":
        moments = [None if pd.isna(t) else t.to_pydatetime() for t in times]
        return pd.Series(moments, dtype=object), {}
    if kind == "iso":
        return pd.Series([None if pd.isna(t) else t.isoformat() for t in times], dtype=object), {}
    if kind == "arrow":
        return times.astype(pd.ArrowDtype(pa.timestamp(unit, zone))), {}
    return times, {}


def _nullable(values: st.SearchStrategy[Any], *nulls: Any) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, values, st.sampled_from(nulls))


def _narrowest(value: float) -> float:
    """Return the float64 whose text is that of a float32."""
    return float(str(np.float32(value)))


_FLOATS = st.one_of(
    st.floats(), st.floats(-1e3, 1e3), st.sampled_from([0.1, -0.0, 5e-324, 1.7976931348623157e308])
)
_FLOATS_32 = st.floats(width=32)
_WIDE_INTS = st.integers(-(2**63), 2**63 - 1)
_DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
)

# Dtype, what it holds, and what a value means.
_NUMBERS: dict[str, tuple[Any, st.SearchStrategy[Any], Callable[[Any], float]]] = {
    "float64": (np.float64, _FLOATS, float),
    "float32": (np.float32, _FLOATS_32, _narrowest),
    "float16": (np.float16, st.floats(width=16), _narrowest),
    "int64": (np.int64, _WIDE_INTS, float),
    "int8": (np.int8, st.integers(-128, 127), float),
    "uint64": (np.uint64, st.integers(0, 2**64 - 1), float),
    "bool": (np.bool_, st.booleans(), float),
    "Int64": ("Int64", _nullable(_WIDE_INTS, None), float),
    "UInt8": ("UInt8", _nullable(st.integers(0, 255), None), float),
    "Float64": ("Float64", _nullable(_FLOATS, None), float),
    "Float32": ("Float32", _nullable(_FLOATS_32, None), _narrowest),
    "boolean": ("boolean", _nullable(st.booleans(), None), float),
    "object floats": (object, _nullable(_FLOATS, None, math.nan), float),
    "object ints": (object, _nullable(st.integers(-(2**90), 2**90), None, pd.NA), float),
    "object decimals": (object, _nullable(_DECIMALS, None, Decimal("NaN")), float),
    "sparse floats": (pd.SparseDtype(np.float64, np.nan), _nullable(_FLOATS, math.nan), float),
    "sparse ints": (pd.SparseDtype(np.int64, 0), st.integers(-5, 5), float),
}
if HAS_ARROW:
    _NUMBERS |= {
        "int64[pyarrow]": ("int64[pyarrow]", _nullable(_WIDE_INTS, None), float),
        "double[pyarrow]": ("double[pyarrow]", _nullable(_FLOATS, None), float),
        "float[pyarrow]": ("float[pyarrow]", _nullable(_FLOATS_32, None), _narrowest),
        "bool[pyarrow]": ("bool[pyarrow]", _nullable(st.booleans(), None), float),
        "decimal[pyarrow]": (
            pd.ArrowDtype(pa.decimal128(20, 4)),
            _nullable(_DECIMALS, None),
            float,
        ),
    }


NUMBER_KINDS = tuple(_NUMBERS)


@st.composite
def number_columns(draw: st.DrawFn, n_rows: int, kind: str | None = None) -> NumberColumn:
    kind = kind or draw(st.sampled_from(["float64", *_NUMBERS]))
    dtype, elements, convert = _NUMBERS[kind]
    held = draw(st.lists(elements, min_size=n_rows, max_size=n_rows))
    meant = [math.nan if value is None or value is pd.NA else convert(value) for value in held]
    return NumberColumn(pd.Series(held, dtype=dtype), meant)


def texts(*, max_size: int = 6) -> st.SearchStrategy[str]:
    """Draw any Unicode but lone surrogates, and often what JSON has to escape."""
    tricky = st.text(
        st.sampled_from('"\\/\n\r\t\x00\x1f\x7f{}[],:$é\u2028\U0001f600 a'), max_size=4
    )
    return st.text(st.characters(exclude_categories=["Cs"]), max_size=max_size) | tricky


def _float_text(value: float) -> str | None:
    if math.isnan(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) <= 2**53 else str(value)


def _is_held_by_pandas_2(text: str) -> bool:
    # pandas 2 cuts strings at a NUL when it makes categories and index levels of them.
    return IS_PANDAS_3 or "\0" not in text


@st.composite
def text_columns(draw: st.DrawFn, n_rows: int, *, is_level: bool = False) -> TextColumn:
    kinds: list[Any] = [object, "string", "category"]
    if IS_PANDAS_3:
        kinds.append("str")
    if HAS_ARROW:
        kinds += ["string[pyarrow]", pd.ArrowDtype(pa.large_string())]
    kind = draw(st.sampled_from(kinds))
    values = texts()
    if not IS_PANDAS_3 and (is_level or kind == "category"):
        values = values.filter(_is_held_by_pandas_2)
    few = draw(st.lists(values, min_size=1, max_size=4))
    held = draw(st.lists(_nullable(st.sampled_from(few), None), min_size=n_rows, max_size=n_rows))
    meant = [text or None for text in held]
    if kind == "category":
        unused = [text for text in ("unused", "", "\U0001f4a4") if text not in few]
        categories = [*unused, *dict.fromkeys(few)]
        return TextColumn(pd.Series(pd.Categorical(held, categories=categories)), meant)
    return TextColumn(pd.Series(held, dtype=kind), meant)


@st.composite
def other_labels(draw: st.DrawFn, n_rows: int) -> TextColumn:
    """Draw labels that are no text: they have to be named with label_columns."""
    kind = draw(st.sampled_from(["int64", "Int64", "float64", "bool", "object", "date"]))
    elements: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], str | None]]] = {
        "int64": (_WIDE_INTS | st.integers(0, 3), str),
        "Int64": (_nullable(st.integers(0, 3), None), str),
        "float64": (st.floats() | st.integers(0, 3).map(float), _float_text),
        "bool": (st.booleans(), lambda value: str(value).lower()),
        "object": (_nullable(st.integers(5, 9) | st.just("x"), None, math.nan, ""), _mixed_text),
        "date": (st.dates(), dt.date.isoformat),
    }
    values, convert = elements[kind]
    held = draw(st.lists(values, min_size=n_rows, max_size=n_rows))
    meant = [None if value is None else convert(value) for value in held]
    dtype = "object" if kind == "date" else kind
    return TextColumn(pd.Series(held, dtype=dtype), meant, is_text=False)


def _mixed_text(value: float | str) -> str | None:
    return None if value == "" or value != value else str(value)
