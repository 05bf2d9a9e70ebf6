"""Dates in the headers of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

__all__ = ["clock_of", "http_date", "retry_after_s"]


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return for how long an answer asks to wait, in seconds; None if it does not.

    Examples
    --------
    >>> retry_after_s({"Retry-After": "10"}), retry_after_s({})
    (10.0, None)
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    moment = http_date(text)
    if moment is None:
        return None
    # By the server's own clock, if it tells it.
    now = http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def http_date(text: str) -> datetime | None:
    """Return the moment that a header such as ``Date`` holds; None if it holds none."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def clock_of(headers: Mapping[str, str]) -> datetime | None:
    """Return the time of the server that answered, to the second; None if it does not tell.

    That of a cached answer is its date and its age.

    Examples
    --------
    >>> date = "Mon, 30 Nov 2026 08:00:00 GMT"
    >>> str(clock_of({"Date": date, "Age": "60"}))
    '2026-11-30 08:01:00+00:00'
    """
    date, age = http_date(headers.get("Date", "")), headers.get("Age", "0").strip()
    if date is None or not re.fullmatch("[0-9]{1,9}", age):
        return None
    try:
        return date + timedelta(seconds=int(age))
    except OverflowError:
        return None
