"""Deduplication: the samples that a server leaves out, because it keeps one per interval. Pure.

Both deduplication (``-dedup.minScrapeInterval``) and downsampling (``-downsampling.period``) keep
the last sample of each interval; intervals end at multiples of their length, which they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vm_df_writer.model.series import IntArray
from vm_df_writer.server.server_info import ServerInfo, seconds_of_flag

__all__ = ["KeepOneRule", "describe_equal_times", "keep_one_rule_of"]

_PERIOD = re.compile(r"(?:^|[,:])([0-9][0-9a-zA-Z.]*):([0-9][0-9a-zA-Z.]*)(?=,|$)")


@dataclass(frozen=True)
class KeepOneRule:
    """Intervals of which a server keeps one sample each.

    Attributes
    ----------
    rules : tuple of (int, int)
        Epoch milliseconds before which a rule applies, and the interval in milliseconds;
        where several do, the longest interval.

    Examples
    --------
    >>> deduplication = KeepOneRule(((1767225600000, 60_000),))
    >>> deduplication.interval_ends(
    ...     np.array([1767225540000, 1767225540001, 1767225600001])
    ... ).tolist()
    [1767225540000, 1767225600000, 1767225600001]
    """

    rules: tuple[tuple[int, int], ...]

    def interval_ends(self, timestamps_ms: IntArray) -> IntArray:
        """Return the end of the interval that each sample is in; without one, the sample's."""
        interval = np.ones_like(timestamps_ms)
        for before_ms, interval_ms in self.rules:
            np.maximum(interval, np.where(timestamps_ms < before_ms, interval_ms, 1), out=interval)
        ends: IntArray = -(-timestamps_ms // interval) * interval
        return ends

    def last_end(self, timestamp_ms: int) -> int:
        """Return the end of the interval that one sample is in."""
        return int(self.interval_ends(np.array([timestamp_ms]))[0])


def keep_one_rule_of(facts: Iterable[ServerInfo], now_ms: int) -> KeepOneRule | None:
    """Return how servers deduplicate what they store; None if they do not, or do not report it.

    Examples
    --------
    >>> flags = {"dedup.minScrapeInterval": "1s", "downsampling.period": "30d:5m,180d:1h"}
    >>> keep_one_rule_of([ServerInfo(flags=flags)], 1767225600000).rules[1:]
    ((1764633600000, 300000), (1751673600000, 3600000))
    """
    rules = []
    for each in facts:
        interval_s = each.seconds("dedup.minScrapeInterval")
        if interval_s:
            rules.append((np.iinfo(np.int64).max, round(interval_s * 1000)))
        # A filter may stand before; whether it means a series shows in what comes back of that.
        for age, interval in _PERIOD.findall(each.flags.get("downsampling.period", "")):
            age_s, interval_s = seconds_of_flag(age), seconds_of_flag(interval)
            if age_s is not None and interval_s:
                rules.append((now_ms - round(age_s * 1000), round(interval_s * 1000)))
    return KeepOneRule(tuple(rules)) if rules else None


def describe_equal_times(rule: KeepOneRule | None) -> str:
    """Say which samples of one series and time a query sees, for a message.

    Examples
    --------
    >>> describe_equal_times(None)
    'without deduplication, of which the server reports none, a query sees all samples of one time'
    """
    if rule is None:
        return (
            "without deduplication, of which the server reports none, a query sees all samples of "
            "one time"
        )
    return (
        "the server deduplicates, so that a query sees one sample of each time, that with the "
        "largest value (of an old server, the one that was written last)"
    )
