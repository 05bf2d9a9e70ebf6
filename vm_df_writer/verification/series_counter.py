"""SeriesCounter: which series a server has another number of samples of than were sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.wire.count_query import count_form, read_counts
from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["SeriesCounter"]

# An old server takes 16 KiB of query (-search.maxQueryLen).
_MAX_QUERY_BYTES = 12 * 1024
# Beside what was sent, and as much again, that may be answered: more are better not counted.
_FOREIGN_SERIES = 100


class SeriesCounter:
    """Counts the samples of series on the server, without reading them.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    strategy : ReadStrategy
        What the server was seen to allow; the counter adds what it learns.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        strategy: ReadStrategy,
        as_stored: Callable[[bytes], bytes],
    ) -> None:
        self._client = client
        self._url = endpoint.read_url("/api/v1/query")
        self._strategy = strategy
        self._as_stored = as_stored

    def miscounted(self, block: SeriesBlock, series: Sequence[int]) -> list[int]:
        """Return the series of which the server has more or fewer samples than were sent.

        Also those that it does not count for us: whatever the reason, reading them shows more.
        """
        expected = SampleCounts.of_block(block).samples.tolist()
        first_ms, last_ms = int(block.timestamps_ms.min()), int(block.timestamps_ms.max())
        labels = {s: orjson.loads(self._as_stored(block.label_sets[s])) for s in series}
        miscounted: list[int] = []
        for batch, selectors in self._batches(labels):
            most = 2 * len(batch) + _FOREIGN_SERIES
            form = count_form(selectors, first_ms, last_ms, most=most)
            try:
                counts = read_counts(b"".join(self._client.stream_lines(self._url, form)))
            except DeliveryError:
                counts = {}
            wrong = [s for s in batch if counts.get(_key(labels[s])) != expected[s]]
            if len(wrong) == len(batch) or len(counts) == most:  # there are too many others
                self._strategy.can_share_counts = False
            miscounted += wrong
        return miscounted

    def _batches(
        self, labels: dict[int, dict[str, Any]]
    ) -> Iterator[tuple[Sequence[int], list[str]]]:
        """Yield series that one query counts, and what selects them."""
        series = list(labels)
        shared = shared_selectors(labels.values()) if self._strategy.can_share_counts else []
        exact = list(map(exact_selector, labels.values()))
        if shared and _query_bytes(shared) <= _MAX_QUERY_BYTES < _query_bytes(exact):
            yield series, shared
            return
        first = size = 0
        for i in range(len(series)):
            length = _query_bytes(exact[i : i + 1])
            if i > first and size + length > _MAX_QUERY_BYTES:
                yield series[first:i], exact[first:i]
                first, size = i, 0
            size += length
        yield series[first:], exact[first:]


def _key(labels: dict[str, Any]) -> str:
    return series_key(orjson.dumps(labels))


def _query_bytes(selectors: Sequence[str]) -> int:
    return sum(len(selector.encode()) + 60 for selector in selectors)
