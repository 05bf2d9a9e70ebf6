"""CacheReset: what became of graphs that the server had computed before a write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

__all__ = ["CACHE_RESETS", "CacheReset", "worst_reset"]

CacheReset = Literal["failed", "advised", "done", "automatic"]

# The worst first.
CACHE_RESETS: dict[CacheReset, str] = {
    "failed": "the server did not forget them, and may not show these samples in them",
    "advised": "may not show these samples yet; reset_cache=True makes the server forget them",
    "done": "the server was told to forget them",
    "automatic": "the server renews them by itself, within seconds",
}


def worst_reset(resets: Iterable[CacheReset | None]) -> CacheReset | None:
    """Return the worst of several, None if there is none.

    Examples
    --------
    >>> worst_reset(["done", None, "failed"])
    'failed'
    """
    found = {*resets}
    return next((reset for reset in CACHE_RESETS if reset in found), None)
