"""Verification: reads back what was written, and says what the server did not keep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain, repeat

import orjson

from vm_df_writer.delivery.comparison import Comparison, Shortfall
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.delivery.retry import RETRIED_STATUSES
from vm_df_writer.delivery.selectors import exact_selector, shared_selectors
from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.report import Verification, format_utc
from vm_df_writer.series import SeriesBlock

__all__ = ["Findings", "Settle", "verify_blocks"]

# Measured on 1.79.5: a series found by its own selector costs the server 60 us in requests of
# 100 selectors, 45 us in requests of 500 and no less in larger ones; a series found by a selector
# that it shares with many costs 6 us.
_MAX_SELECTORS = 500
_MAX_SELECTOR_BYTES = 2**19  # far below the 10 MiB that the server takes as a form
_MANY_SAMPLES = 100  # per series: from here on, finding the series is not what costs
_MAX_FOREIGN_BYTES = 500  # per series: foreign series that are cheaper to read than to avoid

_WORST_KEPT = 100
_WORST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Settle:
    """How long to wait until what was acknowledged can be read.

    Attributes
    ----------
    unflushed_wait_s : float
        From the last acknowledgement to the first look, where the server does not
        let us flush its buffers. A look that comes too early makes new series
        invisible for some 10 s more: the server remembers that it found none.
    patience_s : float
        How long after the first look a shortfall is looked at again before it is
        called a loss, and how long a failing read is tried again.
    sleep, clock : callable
        The time that passes.
    """

    unflushed_wait_s: float = 5.0
    patience_s: float = 15.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What reading back found, and where samples are short.

    Attributes
    ----------
    verification : Verification
        The counts over all series.
    short_series : int
        Series of which not every sample was found.
    worst : tuple of Shortfall
        Those with the most samples lost, at most 100 of them.

    Examples
    --------
    >>> short = Shortfall(b'{"__name__":"y"}', 20, 5, 0, 1767225600000)
    >>> findings = Findings(
    ...     verification=Verification(expected=90, found=85, missing=5),
    ...     short_series=1,
    ...     worst=(short,),
    ... )
    >>> print(findings.describe())  # doctest: +ELLIPSIS
    verify: 5 of 90 samples, in 1 series, were not read back as they were sent (5 missing, 0 with \
another value): {"__name__":"y"} lacks 5 of 20, from 2026-01-01 00:00:00 UTC; look for ...
    """

    verification: Verification
    short_series: int
    worst: tuple[Shortfall, ...]

    def describe(self) -> str:
        """Return the counts, the worst series and what to do, for an error."""
        v = self.verification
        named = [
            f"{short.label_set[:300].decode(errors='replace')} lacks {short.lost:,} of "
            f"{short.expected:,}, from {format_utc(short.first_ms)}"
            for short in self.worst[:_WORST_NAMED]
        ]
        if self.short_series > _WORST_NAMED:
            named.append(f"and {self.short_series - _WORST_NAMED:,} more series")
        advice = (
            "look for the reason in the server's log (retention, label limits, a crash), then "
            "write these series again"
            if v.missing
            else "look for another writer of these series, for deduplication, and for values of "
            "very different magnitude in one series"
        )
        return (
            f"verify: {v.missing + v.mismatched:,} of {v.expected:,} samples, in "
            f"{self.short_series:,} series, were not read back as they were sent "
            f"({v.missing:,} missing, {v.mismatched:,} with another value): "
            f"{'; '.join(named)}; {advice}"
        )


def verify_blocks(
    blocks: Iterable[SeriesBlock],
    client: HttpClient,
    endpoint: Endpoint,
    *,
    settle: Settle | None = None,
) -> Findings:
    """Read back what was written, and compare it sample by sample.

    To be called as soon as the last sample is acknowledged, with the same blocks
    again; it holds one of them at a time.

    Parameters
    ----------
    blocks : iterable of SeriesBlock
        What was sent. A block bounds what one request reads: its series, from its
        first to its last timestamp.
    client : HttpClient
        Who reads.
    endpoint : Endpoint
        Where.
    settle : Settle, optional
        How long to wait until samples can be read.

    Returns
    -------
    Findings
        The counts, and the series that are short.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    reader = _Reader(client, endpoint, settle or Settle())
    verification = Verification()
    shortfalls: dict[bytes, Shortfall] = {}
    for block in blocks:
        if not block.n_series:
            continue
        found_short = reader.verify(block)
        missing = sum(short.missing for short in found_short)
        mismatched = sum(short.mismatched for short in found_short)
        verification += Verification(
            expected=block.n_samples,
            found=block.n_samples - missing - mismatched,
            missing=missing,
            mismatched=mismatched,
        )
        for short in found_short:
            known = shortfalls.get(short.label_set)
            shortfalls[short.label_set] = known.merge(short) if known else short
    return Findings(
        verification=verification,
        short_series=len(shortfalls),
        worst=tuple(nlargest(_WORST_KEPT, shortfalls.values(), key=lambda short: short.lost)),
    )


class _Reader:
    """Looks at the server again and again, until all is there or patience ends."""

    def __init__(self, client: HttpClient, endpoint: Endpoint, settle: Settle) -> None:
        self._client = client
        self._export_url = endpoint.read_url("/api/v1/export")
        self._flush_url = endpoint.root_url("/internal/force_flush")
        self._settle = settle
        self._acknowledged_at = settle.clock()
        self._deadline: float | None = None
        self._can_flush = True
        self._can_share = True

    def verify(self, block: SeriesBlock) -> Iterable[Shortfall]:
        """Return the series of a block that stay short."""
        if self._deadline is None:
            self._wait_until_readable()
            self._deadline = self._settle.clock() + self._settle.patience_s
        short = self._look(block, range(block.n_series))
        for pause_s in chain((0.25, 0.5, 1.0, 2.0, 4.0), repeat(5.0)):
            if not short:
                break
            self._settle.sleep(pause_s)
            self._flush()
            short = self._look(block, list(short))
            if self._settle.clock() >= self._deadline:
                break
        return short.values()

    def _wait_until_readable(self) -> None:
        self._flush()
        if not self._can_flush:
            waited_s = self._settle.clock() - self._acknowledged_at
            self._settle.sleep(max(0.0, self._settle.unflushed_wait_s - waited_s))

    def _flush(self) -> None:
        """Make the server's buffers readable; it also forgets what it did not find."""
        if not self._can_flush:
            return
        try:
            self._client.get(self._flush_url)
        except DeliveryError:
            self._can_flush = False

    def _look(self, block: SeriesBlock, series: Sequence[int]) -> dict[int, Shortfall]:
        """Read some series of a block once, and return those that are short."""
        sparse = block.n_samples < _MANY_SAMPLES * block.n_series
        if sparse and self._can_share and len(series) > _MAX_SELECTORS:
            comparison = self._read_shared(block, series)
            if comparison is not None:
                return comparison.shortfalls()
            self._can_share = False
        short: dict[int, Shortfall] = {}
        for batch in _batches(block, series):
            short |= self._read_exact(block, batch).shortfalls()
        return short

    def _read_shared(self, block: SeriesBlock, series: Sequence[int]) -> Comparison | None:
        """Read series by the labels they share; None if that is not the cheaper way."""
        selectors = shared_selectors(orjson.loads(block.label_sets[s]) for s in series)
        if len(selectors) > _MAX_SELECTORS:
            return None
        comparison = Comparison(block, series)
        foreign_bytes = 0
        try:
            for line in self._export(comparison, selectors):
                if not comparison.add(line):
                    foreign_bytes += len(line)
                    if foreign_bytes > _MAX_FOREIGN_BYTES * len(series):
                        return None
        except DeliveryError:  # one large answer may be too slow where small ones are not
            return None
        return comparison

    def _read_exact(self, block: SeriesBlock, series: Sequence[int]) -> Comparison:
        """Read series by all their labels, again if the server is only passing unwell."""
        comparison = Comparison(block, series)
        selectors = [exact_selector(orjson.loads(block.label_sets[s])) for s in series]
        deadline = self._settle.clock() + self._settle.patience_s
        for pause_s in chain((1.0, 2.0, 4.0), repeat(5.0)):
            try:
                for line in self._export(comparison, selectors):
                    comparison.add(line)
                break
            except DeliveryError as error:
                passing = not isinstance(error, ServerRejected) or error.status in RETRIED_STATUSES
                if not passing or self._settle.clock() + pause_s > deadline:
                    raise
            self._settle.sleep(pause_s)
        return comparison

    def _export(self, comparison: Comparison, selectors: Iterable[str]) -> Iterator[bytes]:
        first_ms, last_ms = comparison.range_ms
        form = [("match[]", selector) for selector in selectors]
        form.append(("start", f"{first_ms / 1000:.3f}"))
        # The server makes milliseconds of these by cutting off, which may take one away; and an
        # old one reads five minutes where start and end are the same.
        form.append(("end", f"{(last_ms + 1) / 1000:.3f}"))
        return self._client.stream_lines(self._export_url, form)


def _batches(block: SeriesBlock, series: Sequence[int]) -> Iterator[list[int]]:
    """Cut series into what one request asks for by exact selectors."""
    batch: list[int] = []
    size = 0
    for s in series:
        length = len(block.label_sets[s])
        if batch and (len(batch) == _MAX_SELECTORS or size + length > _MAX_SELECTOR_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(s)
        size += length
    if batch:
        yield batch
