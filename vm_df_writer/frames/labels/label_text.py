"""Label values as the server will store them: text."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["label_text"]


def label_text(value: Any) -> str | None:
    """Return a label value as text; None if it means that the label is absent.

    Whole floats are written without their ``.0``, since pandas makes floats of integers
    as soon as one of them is missing, and the series must not change its name then.

    Examples
    --------
    >>> [label_text(v) for v in ("a", 7, 7.0, 0.5, True, None, "", dt.date(2026, 1, 2))]
    ['a', '7', '7', '0.5', 'true', None, None, '2026-01-02']
    """
    if isinstance(value, str):
        return str.__str__(value) or None  # the text of a str-based Enum, not its name
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        if np.isnan(value):
            return None
        number = float(value)
        # str of the value itself: the digits of a float32 are fewer than those of its float64.
        return str(int(number)) if number.is_integer() and abs(number) <= 2**53 else str(value)
    if isinstance(value, (dt.date, dt.datetime, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return pd.Timedelta(value).isoformat()
    if isinstance(value, (Decimal, pd.Period, pd.Interval)):
        return str(value)
    raise TypeError(type(value).__name__)
