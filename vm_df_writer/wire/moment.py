"""A moment as servers take it for ``start``, ``end`` and ``time``."""

from __future__ import annotations

import numpy as np

__all__ = ["moment_text"]

# VictoriaMetrics 1.112 takes a number from here on for milliseconds: without a word it answers for
# a time in 1970. Text is taken alike by all.
_FIRST_MISREAD_MS = 2**32 * 1000


def moment_text(epoch_ms: int) -> str:
    """Return epoch milliseconds as seconds, or from 2106 on as text of ISO 8601.

    Examples
    --------
    >>> moment_text(1767225600500), moment_text(7258118400000)
    ('1767225600.500', '2200-01-01T00:00:00.000Z')
    """
    if epoch_ms < _FIRST_MISREAD_MS:
        return f"{epoch_ms / 1000:.3f}"
    return f"{np.datetime64(epoch_ms, 'ms')}Z"
