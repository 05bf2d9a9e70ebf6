"""Rounding as vmctl does it: fewer digits make smaller bodies and cheaper storage."""

from __future__ import annotations

import numpy as np

from vm_df_writer.model.series import FloatArray

__all__ = ["round_values"]

_EXACT = 2.0**53
_EXACT_POWER = 22


def round_values(
    values: FloatArray, significant_figures: int | None, round_digits: int | None
) -> FloatArray:
    """Round to significant figures, to decimal digits, or to both in this order.

    A value that has no more digits than that, or is not finite, stays as it is.

    Examples
    --------
    >>> round_values(np.array([123.456, 0.00123456, np.nan]), 3, None).tolist()
    [123.0, 0.00123, nan]
    >>> round_values(np.array([123.456, 1e300]), None, 1).tolist()
    [123.5, 1e+300]
    """
    if significant_figures is not None:
        with np.errstate(divide="ignore"):
            exponents = np.floor(np.log10(np.abs(values)))
        digits = significant_figures - 1 - exponents
        rounded = _round_at(values, digits)
        far = np.isfinite(values) & (np.abs(digits) > _EXACT_POWER) & (values != 0)
        if far.any():  # no float64 holds these powers of ten: print and read
            rounded[far] = np.char.mod(f"%.{significant_figures - 1}e", values[far]).astype(float)
        values = rounded
    if round_digits is not None:
        values = _round_at(values, np.full(values.shape, float(round_digits)))
    return values


def _round_at(values: FloatArray, digits: FloatArray) -> FloatArray:
    with np.errstate(over="ignore", invalid="ignore"):
        # Powers of ten up to 1e22 are exact, so dividing by one gives the float64 that is
        # nearest to the rounded decimal number: the one with the shortest text.
        up, down = 10.0 ** np.maximum(digits, 0), 10.0 ** np.maximum(-digits, 0)
        scaled = values * up / down
        rounded = np.rint(scaled) * down / up
    can_round = (np.abs(scaled) < _EXACT) & (np.abs(digits) <= _EXACT_POWER)
    return np.where(can_round, rounded, values)
