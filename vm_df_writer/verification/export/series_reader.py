"""SeriesReader: whole series of a server, as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export.piece_reader import PieceReader
from vm_df_writer.verification.export.series_collector import (
    SeriesCollector,
    SeriesSamples,
    TimesCache,
)
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.verification.tenants import TenantSeries, by_tenant

__all__ = ["SeriesReader"]


class SeriesReader:
    """Reads series in requests that the server can bear.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read. Where labels choose the tenant, each tenant of given series is read for
        itself.
    policy : ReadBackPolicy
        How long a failing read is tried again.
    strategy : ReadStrategy, optional
        What the server was seen to allow; the reader adds what it learns.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        strategy: ReadStrategy | None = None,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._policy = policy
        self._strategy = strategy or ReadStrategy()
        self._times = TimesCache()

    def matching(
        self, selectors: Sequence[str], first_ms: int, last_ms: int
    ) -> list[SeriesSamples]:
        """Return all series that selectors match, with their samples between two times.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        collector = SeriesCollector(times=self._times)
        pieces = self._pieces(self._endpoint)
        pieces.read(selectors, first_ms, last_ms, collector, may_overlap=True)
        return collector.take()

    def given(self, series: SampleCounts, first_ms: int, last_ms: int) -> list[SeriesSamples]:
        """Return series by their label sets, in their order; those without samples are empty.

        Parameters
        ----------
        series : SampleCounts
            A row for each series: its label set as it was sent, and how many samples it may have.
        first_ms, last_ms : int
            Epoch milliseconds between which to read, both included.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        found: dict[int, SeriesSamples] = {}
        for tenant in by_tenant(self._endpoint, series, range(len(series.label_sets))):
            found.update(self._of_tenant(tenant, series, first_ms, last_ms))
        # A tenant's labels are not stored, and are labels all the same when this is written again.
        return [
            found[s]._replace(labels=orjson.loads(label_set))
            for s, label_set in enumerate(series.label_sets)
        ]

    def _of_tenant(
        self, tenant: TenantSeries, series: SampleCounts, first_ms: int, last_ms: int
    ) -> dict[int, SeriesSamples]:
        stored = {s: tenant.as_stored(series.label_sets[s]) for s in tenant.series}

        def collect(some: Sequence[int]) -> tuple[SeriesCollector, int, int]:
            return SeriesCollector([stored[s] for s in some], self._times), first_ms, last_ms

        found: dict[int, SeriesSamples] = {}
        pieces = self._pieces(tenant.endpoint)
        for some, collector in pieces.read_series(stored, float(series.samples.mean()), collect):
            found.update(zip(some, collector.take(), strict=True))
        return found

    def _pieces(self, endpoint: Endpoint) -> PieceReader:
        return PieceReader(self._client, endpoint, self._policy, self._strategy)
