"""Which series a server has another number of samples of than were sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.verification.tenants import TenantSeries
from vm_df_writer.wire.count_query import count_form, read_counts
from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["miscounted_series", "query_slices"]

# An old server takes 16 KiB of query (-search.maxQueryLen).
_MAX_QUERY_BYTES = 12 * 1024
# Beside what was sent, and as much again, that may be answered: more are better not counted.
_FOREIGN_SERIES = 100


def miscounted_series(
    client: HttpClient, strategy: ReadStrategy, tenant: TenantSeries, block: SeriesBlock
) -> list[int]:
    """Return the series of which the server has more or fewer samples than were sent.

    Also those that it does not count for us: whatever the reason, reading them shows more.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    strategy : ReadStrategy
        What the server was seen to allow; what is learnt is added.
    tenant : TenantSeries
        Which series, and where they are.
    block : SeriesBlock
        What was sent.
    """
    expected = SampleCounts.of_block(block).samples.tolist()
    first_ms, last_ms = int(block.timestamps_ms.min()), int(block.timestamps_ms.max())
    labels = {s: orjson.loads(tenant.as_stored(block.label_sets[s])) for s in tenant.series}
    url = tenant.endpoint.read_url("/api/v1/query")
    miscounted: list[int] = []
    for batch, selectors in _batches(strategy, labels):
        most = 2 * len(batch) + _FOREIGN_SERIES
        form = count_form(selectors, first_ms, last_ms, most=most)
        try:
            counts = read_counts(b"".join(client.stream_lines(url, form)))
        except DeliveryError:
            counts = {}
        wrong = [s for s in batch if counts.get(series_key(orjson.dumps(labels[s]))) != expected[s]]
        if len(wrong) == len(batch) or len(counts) == most:  # there are too many others
            strategy.can_share_counts = False
        miscounted += wrong
    return miscounted


def _batches(
    strategy: ReadStrategy, labels: dict[int, dict[str, Any]]
) -> Iterator[tuple[Sequence[int], list[str]]]:
    """Yield series that one query counts, and what selects them."""
    series = list(labels)
    shared = shared_selectors(labels.values()) if strategy.can_share_counts else []
    exact = list(map(exact_selector, labels.values()))
    if shared and _query_bytes(shared) <= _MAX_QUERY_BYTES < _query_bytes(exact):
        yield series, shared
        return
    for some in query_slices(exact):
        yield series[some], exact[some]


def query_slices(selectors: Sequence[str]) -> Iterator[slice]:
    """Cut selectors into those that one query takes.

    Examples
    --------
    >>> list(query_slices(["x" * 8000, "y" * 5000, "z"]))
    [slice(0, 1, None), slice(1, 3, None)]
    """
    first = size = 0
    for i, selector in enumerate(selectors):
        length = _query_bytes([selector])
        if i > first and size + length > _MAX_QUERY_BYTES:
            yield slice(first, i)
            first, size = i, 0
        size += length
    yield slice(first, len(selectors))


def _query_bytes(selectors: Sequence[str]) -> int:
    return sum(len(selector.encode()) + 60 for selector in selectors)
