"""The seconds of a duration such as ``5s``, ``1h30m`` and ``100y``."""

from __future__ import annotations

import re

__all__ = ["seconds_of"]

# Months are those of VictoriaMetrics' flags (lib/flagutil), and what is below a second is Go's.
_UNITS_S = {
    "ns": 1e-9,
    "us": 1e-6,
    "\u00b5s": 1e-6,  # micro sign
    "\u03bcs": 1e-6,  # Greek mu
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 7 * 86_400.0,
    "M": 31 * 86_400.0,
    "y": 365 * 86_400.0,
}
_PART = re.compile(f"([0-9]+\\.?[0-9]*|\\.[0-9]+)({'|'.join(_UNITS_S)})")
# More than any server or caller means: what is larger is no duration.
_MOST_YEARS = 10_000


def seconds_of(duration: str) -> float:
    """Return the seconds of a duration, to the microsecond.

    Raises
    ------
    ValueError
        If it is none.

    Examples
    --------
    >>> seconds_of("1m30s"), seconds_of("500ms"), seconds_of("1.5d")
    (90.0, 0.5, 129600.0)
    """
    parts = _PART.findall(duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise ValueError("expected numbers with units, such as 1h30m")
    seconds = sum(float(number) * _UNITS_S[unit] for number, unit in parts)
    if seconds >= _MOST_YEARS * _UNITS_S["y"]:
        raise ValueError(f"expected less than {_MOST_YEARS} years")
    return round(seconds, 6)
