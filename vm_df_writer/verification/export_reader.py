"""Export: the samples of given series, as the server has them, compared as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import orjson

from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.export.piece_reader import (
    PieceReader,
    ReadBackPolicy,
    most_bytes_of,
)
from vm_df_writer.verification.read_strategy import ReadStrategy

__all__ = ["Exporter", "ReadBackPolicy"]


class Exporter:
    """Reads series of a block, in requests that the server can bear.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    policy : ReadBackPolicy
        How long a failing read is tried again.
    strategy : ReadStrategy
        What the server was seen to allow; the exporter adds what it learns.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        strategy: ReadStrategy,
        deduplication: KeepOneRule | None = None,
        *,
        as_stored: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._client, self._endpoint, self._policy = client, endpoint, policy
        self._strategy = strategy
        self._deduplication = deduplication
        self._as_stored = as_stored

    def read(self, block: SeriesBlock, series: Sequence[int]) -> Iterator[Comparison]:
        """Yield comparisons that together hold the given series.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        pieces = PieceReader(
            self._client,
            self._endpoint,
            self._policy,
            self._strategy,
            most_bytes=most_bytes_of(block.n_samples),
        )
        if self._strategy.shares_selectors(len(series), block.n_samples / block.n_series):
            comparison = self._comparison(block, series)
            labels = [self._labels(block, s) for s in series]
            if pieces.read_shared(labels, *comparison.range_ms, comparison):
                yield comparison
                return
        for batch in self._strategy.batches(block.label_sets, series):
            comparison = self._comparison(block, batch)
            selectors = [pieces.selector(self._labels(block, s)) for s in batch]
            pieces.read(selectors, *comparison.range_ms, comparison)
            yield comparison

    def _comparison(self, block: SeriesBlock, series: Sequence[int]) -> Comparison:
        return Comparison(
            block,
            series,
            self._deduplication,
            as_stored=self._as_stored,
            is_exact=self._strategy.reads_by == "query",
        )

    def _labels(self, block: SeriesBlock, s: int) -> dict[str, str]:
        labels: dict[str, str] = orjson.loads(self._as_stored(block.label_sets[s]))
        return labels
