"""What a server stores and what it would drop without a word, and the check before sending.

Nothing here asks a server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.text import format_utc
from vm_df_writer.frames.labels.limits import LabelLimits
from vm_df_writer.model.labels import LabelSets
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import BoolArray, SeriesBlock
from vm_df_writer.server.flags import ServerInfo
from vm_df_writer.server.server_info import ServerPair

__all__ = [
    "DEFAULT_FUTURE_S",
    "DEFAULT_RETENTION_S",
    "ServerLimits",
    "TimeLimits",
    "future_s_of",
    "label_limits_of",
    "line_limit_of",
    "retention_s_of",
    "time_limits_of",
]

_LONG_AGO, _FAR_AHEAD = np.iinfo(np.int64).min, np.iinfo(np.int64).max
# What gets too old while it is written and verified is better not sent.
_AGING_S = 120.0
_MONTH_S = 31 * 86_400.0
DEFAULT_RETENTION_S = _MONTH_S
"""How far back a server keeps samples by default."""
_LINE_BYTES = 10 * 2**20  # what new servers take by default; old ones take more
DEFAULT_FUTURE_S = 2 * 86_400.0
"""How far into the future a server takes samples; newer ones can be told to take more."""


@dataclass(frozen=True, kw_only=True)
class TimeLimits:
    """The samples that a server stores, by their time.

    Attributes
    ----------
    oldest_ms, newest_ms : int or None
        Epoch milliseconds of the oldest and the newest sample that it stores; None where it does
        not tell.

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
        too_old, too_new = times < oldest_ms, times > newest_ms
        counts = {"too_old": int(too_old.sum()), "too_new": int(too_new.sum())}
        dropped = {reason: n * len(block.values) for reason, n in counts.items() if n}
        block = replace(block, dropped={**block.dropped, **dropped})
        return _take(block, ~(too_old | too_new))

    def describe_excess(self, counts: SampleCounts) -> str | None:
        """Say which formatted lines the server would drop for their times, and what to do.

        Returns
        -------
        str or None
            None if the server stores all of them.
        """
        oldest_ms, newest_ms = self.oldest_ms, self.newest_ms
        if oldest_ms is not None and (n := int((counts.first_ms < oldest_ms).sum())):
            reason, side, limit_ms, flag = "too_old", "before", oldest_ms, "retentionPeriod"
        elif newest_ms is not None and (n := int((counts.last_ms > newest_ms).sum())):
            reason, side, limit_ms, flag = "too_new", "after", newest_ms, "futureRetention"
        else:
            return None
        return (
            f"{reason}: {n:,} of its {len(counts.samples):,} lines have samples {side} "
            f"{format_utc(limit_ms)}, which the server drops; raise its -{flag}, or send the file "
            "by curl to do without these"
        )


def _take(block: SeriesBlock, keep: BoolArray) -> SeriesBlock:
    """Return the samples of a block that are to be kept, without the groups that have none."""
    n_rows, n_groups = len(block.values), len(block.offsets) - 1
    counts = np.add.reduceat(keep, block.offsets[:-1], dtype=np.int64)
    groups = np.flatnonzero(counts)
    if not groups.size:
        return SeriesBlock.of_nothing(block.dropped)
    series = (np.arange(n_rows)[:, None] * n_groups + groups).ravel().tolist()
    return replace(
        block,
        label_sets=LabelSets.of(block.label_sets).take(series),
        offsets=np.append(0, np.cumsum(counts[groups])),
        timestamps_ms=block.timestamps_ms[keep],
        values=np.ascontiguousarray(block.values[:, keep]),
    )


def retention_s_of(facts: ServerInfo) -> float | None:
    """Return for how long a server keeps samples, in seconds; None if it does not tell.

    Examples
    --------
    >>> retention_s_of(ServerInfo(flags={"retentionPeriod": "2"})) / 86_400
    62.0
    """
    text = facts.flags.get("retentionPeriod", "")
    try:
        return float(text) * _MONTH_S
    except ValueError:
        return facts.seconds("retentionPeriod")


def future_s_of(facts: ServerInfo) -> float:
    """Return how far ahead of now a server takes samples, in seconds."""
    return max(facts.seconds("futureRetention") or 0.0, DEFAULT_FUTURE_S)


def time_limits_of(facts: ServerInfo, now_ms: int) -> TimeLimits:
    """Return what a server stores at a given time of its own clock.

    What it would drop within two minutes counts as dropped already. Only a single node reports
    its own retention. Behind vmagent, vmauth or vminsert the storage is unknown, so nothing is
    filtered.

    Examples
    --------
    >>> facts = ServerInfo(kind="single", flags={"retentionPeriod": "1d"})
    >>> time_limits_of(facts, 1767225600000)
    TimeLimits(oldest_ms=1767139320000, newest_ms=1767398400000)
    """
    retention_s = retention_s_of(facts)
    if facts.kind != "single" or retention_s is None:
        return TimeLimits()
    backfill_s = facts.seconds("maxBackfillAge") or retention_s
    newest_ms = now_ms + round(future_s_of(facts) * 1000)
    if "retentionFilter" in facts.set_flags:  # some series are kept for other times than that
        return TimeLimits(newest_ms=newest_ms)
    oldest_ms = now_ms - round((min(retention_s, backfill_s) - _AGING_S) * 1000)
    return TimeLimits(oldest_ms=oldest_ms, newest_ms=newest_ms)


def label_limits_of(config: WriterConfig, write: ServerInfo, read: ServerInfo) -> LabelLimits:
    """Return what the servers store of labels.

    A server that stores reports its limits, and stricter configured ones win. Before a server that
    passes samples on, the limits of the server that is read from hold, and configured ones win.
    Without a report the configured limits hold; by default they are what all versions store.

    Parameters
    ----------
    config : WriterConfig
        Its `max_labels`, `max_label_name_bytes` and `max_label_value_bytes`.
    write, read : ServerInfo
        The servers that are written to and read from.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> single = ServerInfo(kind="single", flags={"maxLabelsPerTimeseries": "40"})
    >>> label_limits_of(config, single, single).max_labels
    40
    """
    stores = write.kind in ("single", "vminsert")
    limits = {}
    for field, key, flag in (
        ("max_labels", "max_labels", "maxLabelsPerTimeseries"),
        ("max_name_bytes", "max_label_name_bytes", "maxLabelNameLen"),
        ("max_value_bytes", "max_label_value_bytes", "maxLabelValueLen"),
    ):
        configured: int = getattr(config, key)
        told = write.number(flag) if stores else read.number(flag)
        if told is None:
            limits[field] = configured
        elif key not in config.model_fields_set:
            limits[field] = told
        else:
            limits[field] = min(told, configured) if stores else configured
    return LabelLimits(**limits)


def line_limit_of(facts: ServerInfo) -> int:
    """Return how many bytes a line may have; a server answers 400 to a longer one.

    Examples
    --------
    >>> line_limit_of(ServerInfo()), line_limit_of(ServerInfo(flags={"import.maxLineLen": "9KB"}))
    (10485760, 9000)
    """
    return facts.size("import.maxLineLen") or _LINE_BYTES


@dataclass(frozen=True, kw_only=True)
class ServerLimits:
    """What the servers store, as far as it is known before anything is sent.

    Attributes
    ----------
    labels : LabelLimits
        How many labels, and how long.
    times : TimeLimits
        Between which times.
    max_line_bytes : int
        How long an import line may be.
    are_reported : bool
        False if no server reported anything, so that all of it is assumed.

    Examples
    --------
    >>> config = WriterConfig(datasource_url="http://localhost:8428")
    >>> limits = ServerLimits.of(config, ServerPair())
    >>> limits.labels.max_labels, limits.times, limits.are_reported
    (30, TimeLimits(oldest_ms=None, newest_ms=None), False)
    """

    labels: LabelLimits
    times: TimeLimits
    max_line_bytes: int
    are_reported: bool

    @classmethod
    def of(cls, config: WriterConfig, servers: ServerPair) -> Self:
        """Return the limits that follow from a configuration and from what servers reported."""
        return cls(
            labels=label_limits_of(config, servers.write, servers.read),
            times=time_limits_of(servers.write, servers.now_ms()),
            max_line_bytes=line_limit_of(servers.write),
            are_reported=servers.write.is_known or servers.read.is_known,
        )

    def describe_loss(self, counts: SampleCounts) -> str | None:
        """Say what the servers would not store of lines that are already formatted.

        A frame is checked before it is formatted. This is for lines of another time, or of another
        server's limits.

        Returns
        -------
        str or None
            The reason and what to do; None if the servers store all of it.

        Examples
        --------
        >>> config = WriterConfig(datasource_url="http://localhost:8428", max_labels=1)
        >>> counts = SampleCounts([b'{"__name__":"y","host":"a"}'], *np.array([[1], [60], [70]]))
        >>> limits = ServerLimits.of(config, ServerPair())
        >>> print(limits.describe_loss(counts))  # doctest: +ELLIPSIS
        labels: '{"__name__":"y","host":"a"}' has 2 labels, and the server keeps 1; raise ...
        """
        for label_set in dict.fromkeys(counts.label_sets):
            if excess := self.labels.describe_excess(label_set):
                return f"labels: {label_set[:80].decode(errors='replace')!r} has {excess}"
        return self.times.describe_excess(counts)
