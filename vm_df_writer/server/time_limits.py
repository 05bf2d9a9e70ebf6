"""What a server stores by the time of a sample, and what it would drop without a word. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from vm_df_writer.display.text import format_utc
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.prometheus import reach_s_of, retention_of
from vm_df_writer.server.server_info import ServerInfo, seconds_of_flag

__all__ = [
    "DEFAULT_FUTURE_S",
    "DEFAULT_RETENTION_S",
    "NEAR_MS",
    "TimeLimits",
    "future_s_of",
    "limits_of_prometheus",
    "retention_s_of",
    "time_limits_of",
]

_LONG_AGO, _FAR_AHEAD = np.iinfo(np.int64).min, np.iinfo(np.int64).max
# What gets too old while it is written and verified is better not sent.
_AGING_S = 120.0
_MONTH_S = 31 * 86_400.0
DEFAULT_RETENTION_S = _MONTH_S
"""How far back a server keeps samples by default."""
DEFAULT_FUTURE_S = 2 * 86_400.0
"""How far into the future a server takes samples; newer ones can be told to take more."""
NEAR_MS = 600_000
"""How far into the future receivers other than VictoriaMetrics take samples, if at all."""


@dataclass(frozen=True, kw_only=True)
class TimeLimits:
    """The samples that a server stores, by their time.

    Attributes
    ----------
    oldest_ms, newest_ms : int or None
        Epoch milliseconds of the oldest and the newest sample that it stores; None where it does
        not tell.
    reach_ms : int or None
        How far before the newest sample of any series a sample may lie; None if that is all one.
    oldest_remedy, newest_remedy : str
        What to do where older or newer samples are needed.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b'{"__name__":"y"}'], np.array([0, 3]), np.array([10, 20, 30]), np.array([[1.0, 2, 3]])
    ... )
    >>> kept = TimeLimits(oldest_ms=20, newest_ms=25).keep(block)
    >>> kept.timestamps_ms.tolist(), kept.values.tolist(), kept.dropped
    ([20], [[2.0]], {'too_old': 1, 'too_new': 1})
    """

    oldest_ms: int | None = None
    newest_ms: int | None = None
    reach_ms: int | None = field(default=None, repr=False)
    oldest_remedy: str = field(default="raise its -retentionPeriod", repr=False)
    newest_remedy: str = field(default="raise its -futureRetention", repr=False)

    def beside(self, newest_ms: int) -> TimeLimits:
        """Return the limits where samples as new as that are written.

        Examples
        --------
        >>> TimeLimits(newest_ms=90, reach_ms=30).beside(100).oldest_ms
        60
        """
        if self.reach_ms is None:
            return self
        if self.newest_ms is not None:
            newest_ms = min(newest_ms, self.newest_ms)
        oldest_ms = newest_ms - self.reach_ms
        if self.oldest_ms is not None:
            oldest_ms = max(oldest_ms, self.oldest_ms)
        return replace(self, oldest_ms=oldest_ms)

    def keep(self, block: SeriesBlock) -> SeriesBlock:
        """Return a block without the samples that would be dropped, which it counts."""
        times = block.timestamps_ms
        if not times.size or (self.oldest_ms is None and self.newest_ms is None):
            return block
        oldest_ms = _LONG_AGO if self.oldest_ms is None else self.oldest_ms
        newest_ms = _FAR_AHEAD if self.newest_ms is None else self.newest_ms
        # Nearly always all are kept, which two passes over the times say.
        if times.min() >= oldest_ms and times.max() <= newest_ms:
            return block
        block = block.without((times < oldest_ms)[None], "too_old")
        return block.without((block.timestamps_ms > newest_ms)[None], "too_new")

    def describe_excess(self, counts: SampleCounts) -> str | None:
        """Say which formatted lines the server would drop for their times, and what to do.

        Returns
        -------
        str or None
            None if the server stores all of them.
        """
        oldest_ms, newest_ms = self.oldest_ms, self.newest_ms
        if oldest_ms is not None and (n := int((counts.first_ms < oldest_ms).sum())):
            reason, side, limit_ms, remedy = "too_old", "before", oldest_ms, self.oldest_remedy
        elif newest_ms is not None and (n := int((counts.last_ms > newest_ms).sum())):
            reason, side, limit_ms, remedy = "too_new", "after", newest_ms, self.newest_remedy
        else:
            return None
        return (
            f"{reason}: {n:,} of its {len(counts.samples):,} lines have samples {side} "
            f"{format_utc(limit_ms)}, which the server drops; {remedy}, or send the file "
            "by curl to do without these"
        )


def limits_of_prometheus(info: ServerInfo, now_ms: int) -> TimeLimits:
    """Return what Prometheus stores, and does not suffer from.

    Before 2.54 it takes any sample of the future, and then refuses all that are older than that.
    """
    reach_ms = round(reach_s_of(info) * 1000)
    retention_s = retention_of(info)
    oldest = [] if retention_s is None else [now_ms - round((retention_s - _AGING_S) * 1000)]
    if info.head_max_ms is not None:
        oldest.append(info.head_max_ms - reach_ms)
    return TimeLimits(
        oldest_ms=max(oldest, default=None),
        newest_ms=now_ms + NEAR_MS,
        reach_ms=reach_ms,
        oldest_remedy=(
            "set storage.tsdb.out_of_order_time_window in its configuration to more than their "
            "age, and keep its retention longer"
        ),
        newest_remedy="write them when their time has come",
    )


def retention_s_of(facts: ServerInfo) -> float | None:
    """Return for how long a server keeps samples, in seconds; None if it does not tell.

    Examples
    --------
    >>> retention_s_of(ServerInfo(flags={"retentionPeriod": "2"})) / 86_400
    62.0
    """
    months_s = seconds_of_flag(facts.flags.get("retentionPeriod", "") + "M")  # without a unit
    return facts.seconds("retentionPeriod") if months_s is None else months_s


def future_s_of(facts: ServerInfo) -> float:
    """Return how far ahead of now a server takes samples, in seconds."""
    return max(facts.seconds("futureRetention") or 0.0, DEFAULT_FUTURE_S)


def time_limits_of(
    facts: ServerInfo,
    now_ms: int,
    latest_ms: int | None = None,
    *,
    storages: Sequence[ServerInfo] = (),
    retention_s: float | None = None,
) -> TimeLimits:
    """Return what a server stores at a given time of its own clock.

    What it would drop within two minutes counts as dropped already. Only a single node and the
    vmstorage nodes report their own retention. Behind vmagent, vmauth or vminsert the storage is
    unknown, so nothing is filtered unless it is named, or its retention is.

    Parameters
    ----------
    facts : ServerInfo
        The server that is written to.
    now_ms : int
        Epoch milliseconds of its clock.
    latest_ms : int, optional
        The same by another clock, which is ahead: then nothing counts as dropped that would be
        stored by one of the two.
    storages : sequence of ServerInfo
        The nodes that it hands on to.
    retention_s : float, optional
        The configured retention.

    Examples
    --------
    >>> facts = ServerInfo(kind="single", flags={"retentionPeriod": "1d"})
    >>> time_limits_of(facts, 1767225600000)
    TimeLimits(oldest_ms=1767139320000, newest_ms=1767398400000)
    >>> time_limits_of(ServerInfo(kind="vminsert"), 1767225600000, retention_s=86_400.0)
    TimeLimits(oldest_ms=1767139320000, newest_ms=None)
    """
    ages_s: list[tuple[float, str]] = []
    if retention_s is not None:
        ages_s.append((retention_s, "correct retention"))
    futures_s = []
    for each in ([facts] if facts.kind == "single" else []) + list(storages):
        told_s = retention_s_of(each)
        if told_s is None:
            continue
        futures_s.append(future_s_of(each))
        if "retentionFilter" in each.set_flags:  # some series are kept for other times than that
            continue
        ages_s.append((told_s, "raise its -retentionPeriod"))
        if backfill_s := each.seconds("maxBackfillAge"):
            ages_s.append((backfill_s, "raise its -maxBackfillAge"))
    newest_ms = None
    if futures_s:
        newest_ms = (latest_ms or now_ms) + round(min(futures_s) * 1000)
    if not ages_s:
        return TimeLimits(newest_ms=newest_ms)
    age_s, remedy = min(ages_s)
    oldest_ms = now_ms - round((age_s - _AGING_S) * 1000)
    return TimeLimits(oldest_ms=oldest_ms, newest_ms=newest_ms, oldest_remedy=remedy)
