"""Reading back: looks at what a server has until it is all there, or patience ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, repeat

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.export.piece_reader import PieceReader, most_bytes_of
from vm_df_writer.verification.export.series_reader import SeriesReader
from vm_df_writer.verification.native.native_reader import series_not_intact
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.verification.sample_diffs import SampleDiffs, diff_samples
from vm_df_writer.verification.series_counter import miscounted_series
from vm_df_writer.verification.series_diff import BlockDiff
from vm_df_writer.verification.tenants import TenantSeries, by_tenant

__all__ = ["BlockReader"]

_log = logging.getLogger(__name__)

_Finder = Callable[[HttpClient, ReadStrategy, TenantSeries, SeriesBlock], list[int]]


class BlockReader:
    """Reads back blocks, one at a time, soon after the last of them was acknowledged.

    Where labels choose the tenant of a series, each tenant is read for itself.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    reads_by : {"export", "query"}
        By what samples are read.
    policy : ReadBackPolicy
        How long to wait until samples can be read.
    acknowledged_at : float
        When the last sample was acknowledged, by the clock of `policy`.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.
    count_only : bool
        Be content where the server has as many samples of a series as were sent.
    shows_all_stored : bool
        Whether the server is known to leave out nothing of what it stores.
    is_queued : callable, optional
        Says whether a server in between has not handed on everything yet.

    Attributes
    ----------
    deduplication, is_queued
        As above.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        *,
        reads_by: str = "export",
        acknowledged_at: float,
        deduplication: KeepOneRule | None = None,
        count_only: bool = False,
        shows_all_stored: bool = False,
        is_queued: Callable[[], bool] = lambda: False,
    ) -> None:
        self.deduplication = deduplication
        self._client = client
        self._policy = policy
        self._acknowledged_at = acknowledged_at
        self._count_only = count_only and reads_by == "export"
        self.is_queued = is_queued
        self._endpoint = endpoint
        self._strategy = ReadStrategy(reads_by=reads_by, can_read_native=shows_all_stored)
        self._looked_at: float | None = None

    def verify(self, block: SeriesBlock, series: Sequence[int] | None = None) -> BlockDiff:
        """Return how the server's samples differ from a block, or from some of its series.

        Series of which samples are missing are looked at again until patience ends.
        """
        if self._looked_at is None:
            self._wait_until_readable()
            self._looked_at = self._policy.clock()
        if series is None:
            series = range(block.n_series)
            if self._count_only and self._strategy.counts_first(block):
                series = self._by_tenant(block, miscounted_series)
            elif self._strategy.reads_native(block):
                series = self._by_tenant(block, series_not_intact)
        look = self._look(block, series)
        for pause_s in chain((0.25, 0.5, 1.0, 2.0, 4.0), repeat(5.0)):
            if not look.incomplete:
                break
            if pause_s == 1.0:
                _log.info("verify: %d series are short so far; looking again", len(look.incomplete))
            self._policy.sleep(pause_s)
            self._flush()
            look = look.renew(self._look(block, list(look.incomplete)))
            if self._is_over(self._looked_at):
                break
        return look

    def existing(self, block: SeriesBlock) -> Iterator[Comparison]:
        """Yield comparisons of a block that is not written yet with what the server has now.

        They hold all series of the block together.
        """
        if self._looked_at is None:
            self._wait_until_readable()
            if self._strategy.can_flush:
                self._policy.sleep(self._policy.flushed_wait_s)
            self._looked_at = self._policy.clock()
        yield from self._compare(block, range(block.n_series))

    def missing_block(self, block: SeriesBlock, series: Sequence[int]) -> Iterator[SeriesBlock]:
        """Yield the samples of some series that the server does not have at this moment."""
        for comparison in self._compare(block, series):
            missing = comparison.missing_block()
            if missing.n_series:
                yield missing

    def diffs(self, block: SeriesBlock) -> SampleDiffs | None:
        """Return the samples that the server holds otherwise than a block; None for none.

        Series of which samples are missing are looked at again until patience ends.
        """
        look = self.verify(block)
        series = sorted({*look.incomplete, *look.surplus})
        if not series:
            return None
        counts = SampleCounts.of_block(block)
        wanted = SampleCounts(
            [counts.label_sets[s] for s in series],
            *(each[series] for each in (counts.samples, counts.first_ms, counts.last_ms)),
        )
        last_ms = int(wanted.last_ms.max())
        if self.deduplication is not None:
            last_ms = self.deduplication.last_end(last_ms)
        reader = SeriesReader(self._client, self._endpoint, self._policy, self._strategy)
        found = reader.given(wanted, int(wanted.first_ms.min()), last_ms)
        return diff_samples(block, series, found, self.deduplication)

    def _compare(self, block: SeriesBlock, series: Sequence[int]) -> Iterator[Comparison]:
        """Yield comparisons that together hold the given series."""
        most_bytes = most_bytes_of(block.n_samples)
        for tenant in by_tenant(self._endpoint, block, series):
            pieces = PieceReader(
                self._client, tenant.endpoint, self._policy, self._strategy, most_bytes=most_bytes
            )
            stored = {s: tenant.as_stored(block.label_sets[s]) for s in tenant.series}
            begin = partial(self._begin, block, tenant.as_stored)
            for _, comparison in pieces.read_series(
                stored, block.n_samples / block.n_series, begin
            ):
                yield comparison

    def _begin(
        self, block: SeriesBlock, as_stored: Callable[[bytes], bytes], series: Sequence[int]
    ) -> tuple[Comparison, int, int]:
        comparison = Comparison(
            block,
            series,
            self.deduplication,
            as_stored=as_stored,
            is_exact=self._strategy.reads_by == "query",
        )
        return comparison, *comparison.range_ms

    def _by_tenant(self, block: SeriesBlock, find: _Finder) -> list[int]:
        tenants = by_tenant(self._endpoint, block, range(block.n_series))
        return [s for each in tenants for s in find(self._client, self._strategy, each, block)]

    def _is_over(self, looked_at: float) -> bool:
        waited_s = self._policy.clock() - looked_at
        if waited_s < self._policy.patience_s:
            return False
        return waited_s >= self._policy.queued_patience_s or not self.is_queued()

    def _wait_until_readable(self) -> None:
        if self._strategy.reads_by == "query":  # Prometheus gives at once what it acknowledged
            self._strategy.can_flush = False
            return
        self._flush()
        if not self._strategy.can_flush:
            waited_s = self._policy.clock() - self._acknowledged_at
            pause_s = max(0.0, self._policy.unflushed_wait_s - waited_s)
            _log.info(
                "verify: the server does not let us flush its buffers (/internal/force_flush), so "
                "that what it just took is looked for in %.1f s",
                pause_s,
            )
            self._policy.sleep(pause_s)

    def _flush(self) -> None:
        """Make the server's buffers readable; it also forgets what it did not find."""
        if self._strategy.can_flush:
            self._strategy.can_flush = self._client.flush()

    def _look(self, block: SeriesBlock, series: Sequence[int]) -> BlockDiff:
        """Read some series of a block once."""
        look = BlockDiff()
        for comparison in self._compare(block, series):
            look.incomplete.update(comparison.series_diffs())
            look.deduplicated.update(comparison.deduplicated())
            look.surplus.update(comparison.surplus())
        return look
