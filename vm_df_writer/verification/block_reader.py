"""Reading back: looks at what a server has until it is all there, or patience ends."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, repeat

import orjson

from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export_reader import Exporter, ReadBackPolicy
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.verification.series_diff import BlockDiff
from vm_df_writer.wire.count_query import count_form, read_counts
from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["BlockReader"]

_log = logging.getLogger("vm_df_writer")

# An old server takes 16 KiB of query (-search.maxQueryLen).
_MAX_QUERY_BYTES = 12 * 1024
# Beside what was sent, and as much again, that may be answered: more are better not counted.
_FOREIGN_SERIES = 100


class BlockReader:
    """Reads back blocks, one at a time, soon after the last of them was acknowledged.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    policy : ReadBackPolicy
        How long to wait until samples can be read.
    acknowledged_at : float
        When the last sample was acknowledged, by the clock of `policy`.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.
    count_only : bool
        Be content where the server has as many samples of a series as were sent.
    is_queued : callable, optional
        Says whether a server in between has not handed on everything yet.

    Attributes
    ----------
    deduplication : KeepOneRule or None
        As above.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        *,
        acknowledged_at: float,
        deduplication: KeepOneRule | None = None,
        count_only: bool = False,
        is_queued: Callable[[], bool] = lambda: False,
    ) -> None:
        self.deduplication = deduplication
        self._client = client
        self._policy = policy
        self._acknowledged_at = acknowledged_at
        self._count_only = count_only
        self._is_queued = is_queued
        self._query_url = endpoint.read_url("/api/v1/query")
        self._flush_url = endpoint.root_url("/internal/force_flush")
        self._strategy = ReadStrategy()
        self._exporter = Exporter(client, endpoint, policy, self._strategy, deduplication)
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
                series = self._miscounted(block)
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

    def missing_block(self, block: SeriesBlock, series: Sequence[int]) -> Iterator[SeriesBlock]:
        """Yield the samples of some series that the server does not have at this moment."""
        for comparison in self._exporter.read(block, series):
            missing = comparison.missing_block()
            if missing.n_series:
                yield missing

    def _is_over(self, looked_at: float) -> bool:
        waited_s = self._policy.clock() - looked_at
        if waited_s < self._policy.patience_s:
            return False
        return waited_s >= self._policy.queued_patience_s or not self._is_queued()

    def _wait_until_readable(self) -> None:
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
        if not self._strategy.can_flush:
            return
        try:
            self._client.get(self._flush_url)
        except DeliveryError:
            self._strategy.can_flush = False

    def _look(self, block: SeriesBlock, series: Sequence[int]) -> BlockDiff:
        """Read some series of a block once."""
        look = BlockDiff()
        for comparison in self._exporter.read(block, series):
            look.incomplete.update(comparison.series_diffs())
            look.deduplicated.update(comparison.deduplicated())
            look.surplus.update(comparison.surplus())
        return look

    def _miscounted(self, block: SeriesBlock) -> list[int]:
        """Return the series of which the server has another number of samples than were sent.

        Also those that it does not count for us: whatever the reason, reading them tells more.
        """
        expected = SampleCounts.of_block(block).samples.tolist()
        first_ms, last_ms = int(block.timestamps_ms.min()), int(block.timestamps_ms.max())
        miscounted: list[int] = []
        for batch, selectors in self._countable(block):
            most = 2 * len(batch) + _FOREIGN_SERIES
            form = count_form(selectors, first_ms, last_ms, most=most)
            try:
                counts = read_counts(b"".join(self._client.stream_lines(self._query_url, form)))
            except DeliveryError:
                counts = {}
            wrong = [s for s in batch if counts.get(series_key(block.label_sets[s])) != expected[s]]
            if len(wrong) == len(batch) or len(counts) == most:  # there are too many others
                self._strategy.can_share_counts = False
            miscounted += wrong
        return miscounted

    def _countable(self, block: SeriesBlock) -> Iterator[tuple[Sequence[int], list[str]]]:
        """Yield series that one query counts, and what selects them."""
        series = range(block.n_series)
        labels = [orjson.loads(label_set) for label_set in block.label_sets]
        shared = shared_selectors(labels) if self._strategy.can_share_counts else []
        exact = list(map(exact_selector, labels))
        if shared and _query_bytes(shared) <= _MAX_QUERY_BYTES < _query_bytes(exact):
            yield series, shared
            return
        first = size = 0
        for s in series:
            length = _query_bytes(exact[s : s + 1])
            if s > first and size + length > _MAX_QUERY_BYTES:
                yield series[first:s], exact[first:s]
                first, size = s, 0
            size += length
        yield series[first:], exact[first:]


def _query_bytes(selectors: Sequence[str]) -> int:
    return sum(len(selector.encode()) + 60 for selector in selectors)
