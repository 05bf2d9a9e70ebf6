"""WriteReport: what every write returns, and an account that always closes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import pandas as pd

from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import describe_counts, format_utc
from vm_df_writer.model.cache_reset import CACHE_RESETS, CacheReset, worst_reset
from vm_df_writer.model.reading import Reading
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.replaced import Replaced
from vm_df_writer.model.report_shorthands import ReportShorthands, refusal
from vm_df_writer.model.sample_counts import SampleCounts, series_frame
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import WindowDigest

__all__ = ["CacheReset", "Verification", "WriteReport"]


@dataclass(frozen=True, kw_only=True)
class WriteReport(ReportShorthands):
    """What became of every sample of a frame.

    The account always closes: the samples of the frame are `samples`, plus the sum of
    `dropped`, plus `undelivered`.

    Attributes
    ----------
    layout : str
        How the frame was read; ``mixed`` for merged reports of several layouts.
    reading : Reading or None
        How the frame was understood, column by column, and as a line of text; None for merged
        reports of several readings, and where no frame was read.
    rows, series : int
        Rows of the frame; series with at least one sample to send.
    samples : int
        Samples that the server acknowledged.
    dropped : mapping of str to int
        Samples left out, by reason (``nan``, ``inf``, ``nat``, ``duplicate``; ``too_old`` and
        ``too_new`` for what the server says that it would drop; ``exists`` for what it has).
    adjusted : mapping of str to int
        Samples stored not quite as given, by reason (``sub_millisecond``, ``inexact``, and
        ``rounded`` where rounding was asked for).
    bytes_raw, bytes_sent : int
        Size of the import lines, and of the acknowledged bodies as they went over the wire.
    requests, retries, in_doubt : int
        Acknowledged requests; attempts beyond the first; bodies of which an unacknowledged
        attempt may have been stored too.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last sample to send.
    elapsed_s : float
        Wall time of the write in seconds.
    undelivered : int
        Samples that were to be sent and were not acknowledged.
    spooled : tuple of str
        Files that hold the undelivered samples.
    replaced : Replaced or None
        With ``if_exists="replace"``: how many series had other samples at the frame's times, and
        were exported, deleted and imported again; how many of their samples stay; the bytes of all.
    verification : Verification or None
        What reading back found; None if it was not asked for.
    server_drops : mapping of str to int, or None
        By how much the server's own counters of what it drops moved meanwhile. Only a hint:
        other clients move them too. None if ``/metrics`` could not be read, or was not renewed
        in time, which happens once a second.
    cache_reset : str or None
        What becomes of graphs that the server computed before, where the write touched times
        that it caches: ``automatic`` (it recomputes them within seconds), ``advised`` (they may
        not show the samples; pass ``reset_cache=True``), ``done`` or ``failed``. Else None.
    vmui_url, grafana_url : str or None
        Links that show what was written. None if nothing was, and none to vmui if the server has
        no vmui.

    Examples
    --------
    >>> report = WriteReport(layout="wide", samples=10, dropped={"nan": 2})
    >>> merged = report + WriteReport(layout="wide", samples=5, dropped={"nan": 1})
    >>> merged.samples, merged.dropped, merged.total
    (15, {'nan': 3}, 18)
    """

    layout: str
    rows: int = 0
    series: int = 0
    samples: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    adjusted: Mapping[str, int] = field(default_factory=dict)
    bytes_raw: int = 0
    bytes_sent: int = 0
    requests: int = 0
    retries: int = 0
    in_doubt: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    elapsed_s: float = 0.0
    undelivered: int = 0
    spooled: tuple[str, ...] = ()
    replaced: Replaced | None = None
    verification: Verification | None = None
    server_drops: Mapping[str, int] | None = None
    cache_reset: CacheReset | None = None
    vmui_url: str | None = None
    grafana_url: str | None = None
    reading: Reading | None = None
    digests: tuple[WindowDigest, ...] | None = field(default=None, repr=False, compare=False)
    acknowledged_counts: tuple[SampleCounts, ...] = field(default=(), repr=False, compare=False)
    undelivered_counts: tuple[SampleCounts, ...] = field(default=(), repr=False, compare=False)

    @property
    def samples_per_s(self) -> float:
        """Acknowledged samples per second of wall time."""
        return self.samples / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def total(self) -> int:
        """All samples of the frame: acknowledged, dropped and undelivered."""
        return self.samples + sum(self.dropped.values()) + self.undelivered

    @property
    def headline(self) -> str:
        """What became of the samples, in a clause.

        Examples
        --------
        >>> WriteReport(layout="wide", samples=7, undelivered=3).headline
        '3 of 10 samples are not acknowledged'
        """
        if self.layout == "spool":
            return f"{self.undelivered:,} samples are left in {len(self.spooled):,} files"
        if self.undelivered:
            return f"{self.undelivered:,} of {self.total:,} samples are not acknowledged"
        if self.verification is not None and self.verification.missing:
            lost = f"{self.verification.missing:,} samples that the server did not keep"
            return f"while sending again {lost}"
        return "every sample is acknowledged, and only reading them back failed"

    def __add__(self, other: WriteReport) -> WriteReport:
        """Merge two reports; series that both wrote count once if the lines are known."""
        merged: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name)
            for name in (
                "rows", "samples", "bytes_raw", "bytes_sent", "requests", "retries", "in_doubt",
                "elapsed_s", "undelivered", "spooled", "acknowledged_counts", "undelivered_counts",
            )
        }  # fmt: skip
        for name in ("dropped", "adjusted"):
            merged[name] = dict(Counter(getattr(self, name)) + Counter(getattr(other, name)))
        if self.digests is not None and other.digests is not None:
            merged["digests"] = self.digests + other.digests
        else:
            merged["digests"] = None
        drops = [d for d in (self.server_drops, other.server_drops) if d is not None]
        for name in ("vmui_url", "grafana_url", "reading"):
            same = getattr(self, name) == getattr(other, name)
            merged[name] = getattr(self, name) if same else None
        firsts = [ms for ms in (self.first_ms, other.first_ms) if ms is not None]
        lasts = [ms for ms in (self.last_ms, other.last_ms) if ms is not None]
        replaced = [r for r in (self.replaced, other.replaced) if r is not None]
        seen = [v for v in (self.verification, other.verification) if v is not None]
        report = replace(
            self,
            **merged,
            layout=self.layout if self.layout == other.layout else "mixed",
            first_ms=min(firsts, default=None),
            last_ms=max(lasts, default=None),
            replaced=sum(replaced[1:], start=replaced[0]) if replaced else None,
            verification=sum(seen[1:], start=seen[0]) if seen else None,
            server_drops=dict(sum(map(Counter, drops), Counter())) if drops else None,
            cache_reset=worst_reset([self.cache_reset, other.cache_reset]),
            series=self.series + other.series,
        )
        known = {
            labels
            for table in (*report.acknowledged_counts, *report.undelivered_counts)
            for labels in table.label_sets
        }
        return replace(report, series=len(known)) if known else report

    def summary(self) -> WriteReport:
        """Return the report without what it knows of each line, which is most of its size.

        Series that two summaries share count twice when they are merged, and
        :meth:`to_frame` has no rows.
        """
        return replace(self, acknowledged_counts=(), undelivered_counts=(), digests=None)

    def receipt(self) -> Receipt:
        """Return what was written, to be checked later without the frame.

        Raises
        ------
        ConfigError
            If the write was made without ``receipt=True``, or not all is acknowledged.
        """
        if self.digests is None:
            raise refusal("receipt: the write was made without one; pass receipt=True")
        if self.undelivered:
            raise refusal(
                f"receipt: {self.headline}, and a receipt is of what the server has; deliver them"
            )
        return Receipt.of(self.digests)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; times as epoch milliseconds."""
        plain = {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.repr}
        return plain | {"samples_per_s": self.samples_per_s}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per series.

        Returns
        -------
        DataFrame
            A column for each label (missing where a series lacks it), `samples`
            (acknowledged), `undelivered`, and `first` and `last` as UTC timestamps.
        """
        acknowledged = SampleCounts.concat(self.acknowledged_counts).per_series()
        undelivered = SampleCounts.concat(self.undelivered_counts).per_series()
        both = pd.concat(
            [
                acknowledged.assign(undelivered=0),
                undelivered.rename(columns={"samples": "undelivered"}).assign(samples=0),
            ]
        )
        per_series = both.groupby(level=0, sort=False)
        return series_frame(
            per_series.agg(
                {"samples": "sum", "undelivered": "sum", "first_ms": "min", "last_ms": "max"}
            )
        )

    def _facts(self) -> dict[str, object]:
        drops = self.server_drops and describe_counts(self.server_drops)
        facts: dict[str, object] = {
            "read as": self.reading,
            "layout": self.layout,
            "rows": f"{self.rows:,}",
            "series": f"{self.series:,}",
            "samples acknowledged": f"{self.samples:,}",
            "dropped": describe_counts(self.dropped),
            "adjusted": describe_counts(self.adjusted),
            "undelivered": f"{self.undelivered:,}",
            "time range": f"{format_utc(self.first_ms)} to {format_utc(self.last_ms)}",
            "requests": f"{self.requests:,} ({self.retries:,} retries, {self.in_doubt:,} in doubt)",
            "bytes": f"{self.bytes_raw:,} raw, {self.bytes_sent:,} sent",
            "elapsed": f"{self.elapsed_s:.2f} s, {self.samples_per_s:,.0f} samples/s",
            "spooled": self.spooled
            and f"{len(self.spooled):,} files, the first is {self.spooled[0]}",
            "replaced": self.replaced if self.replaced and self.replaced.series else None,
            "verification": self.verification,
            "server's own drops": drops,
            "cached graphs": self.cache_reset and CACHE_RESETS[self.cache_reset],
            "vmui": self.vmui_url,
            "grafana": self.grafana_url,
        }
        return {name: fact for name, fact in facts.items() if fact}

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        account = f"{self.samples:,} samples of {self.series:,} series acknowledged"
        told = [self.layout, account, f"{sum(self.dropped.values()):,} dropped"]
        if self.undelivered:
            told.append(f"{self.undelivered:,} UNDELIVERED")
        if self.verification is not None:
            told.append(str(self.verification))
        return f"<WriteReport: {', '.join(told)}>"

    def __str__(self) -> str:
        """Return a table of plain text."""
        return "\n".join(f"{name:<21} {value}" for name, value in self._facts().items())

    def _repr_html_(self) -> str:
        return facts_table("vm_df_writer: written", self._facts())


def _plain(value: Any) -> Any:
    if isinstance(value, Reading | Replaced | Verification):
        return value.to_dict()
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
