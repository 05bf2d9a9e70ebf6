"""NativeReader: finds the series of a block that need no other look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing

import orjson

from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.export.piece_reader import most_bytes_of
from vm_df_writer.verification.native.intact_series import IntactSeries
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.wire.metricsql import exact_selector, moment_text
from vm_df_writer.wire.native_export.answer import read_blocks

__all__ = ["NativeReader"]


class NativeReader:
    """Reads series as the server stores them, by ``/api/v1/export/native``.

    That costs the server a tenth of an export, and the client a third. Since it is all that the
    server stores, it is not to be asked of one that shows less than that.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    strategy : ReadStrategy
        What the server was seen to allow; the reader adds what it learns.
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
        self._url = endpoint.read_url("/api/v1/export/native")
        self._strategy = strategy
        self._as_stored = as_stored

    def others(self, block: SeriesBlock, series: Sequence[int]) -> list[int]:
        """Return the series of a block that were not found intact; whatever the reason."""
        others: list[int] = []
        for batch in self._strategy.batches(block.label_sets, series):
            others += self._others(block, batch) if self._strategy.can_read_native else batch
        return others

    def _others(self, block: SeriesBlock, series: list[int]) -> list[int]:
        intact = IntactSeries(block, series, as_stored=self._as_stored)
        form = [
            ("match[]", exact_selector(orjson.loads(self._as_stored(block.label_sets[s]))))
            for s in series
        ]
        form.append(("start", moment_text(int(block.timestamps_ms.min()))))
        form.append(("end", moment_text(int(block.timestamps_ms.max()) + 1)))
        most_bytes = most_bytes_of(block.n_samples)
        try:
            with closing(
                self._client.stream_bytes(self._url, form, most_bytes=most_bytes)
            ) as chunks:
                for stored in read_blocks(chunks):
                    intact.add(stored)
            others = intact.others()
        except (DeliveryError, ValueError):  # copies may have been still to come
            others = series
        if len(others) == len(series):
            self._strategy.can_read_native = False
        return others
