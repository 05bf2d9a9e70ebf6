"""Finds the series of a block that need another look than one at what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing

import orjson

from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.verification.export.piece_reader import most_bytes_of
from vm_df_writer.verification.native.intact_series import IntactSeries
from vm_df_writer.verification.read_strategy import ReadStrategy
from vm_df_writer.verification.tenants import TenantSeries
from vm_df_writer.wire.metricsql import exact_selector, moment_text
from vm_df_writer.wire.native_export.answer import read_blocks

__all__ = ["series_not_intact"]


def series_not_intact(
    client: HttpClient, strategy: ReadStrategy, tenant: TenantSeries, block: SeriesBlock
) -> list[int]:
    """Return the series of a block that are not found intact, by ``/api/v1/export/native``.

    That costs the server a tenth of an export, and the client a third. Since it is all that the
    server stores, it is not to be asked of one that shows less than that.

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
    others: list[int] = []
    for batch in strategy.batches(block.label_sets, tenant.series):
        others += _others(client, strategy, tenant._replace(series=batch), block)
    return others


def _others(
    client: HttpClient, strategy: ReadStrategy, tenant: TenantSeries, block: SeriesBlock
) -> Sequence[int]:
    if not strategy.can_read_native:
        return tenant.series
    intact = IntactSeries(block, tenant.series, as_stored=tenant.as_stored)
    label_sets = [tenant.as_stored(block.label_sets[s]) for s in tenant.series]
    form = [("match[]", exact_selector(orjson.loads(each))) for each in label_sets]
    form.append(("start", moment_text(int(block.timestamps_ms.min()))))
    form.append(("end", moment_text(int(block.timestamps_ms.max()) + 1)))
    url = tenant.endpoint.read_url("/api/v1/export/native")
    most_bytes = most_bytes_of(block.n_samples)
    try:
        with closing(client.stream_bytes(url, form, most_bytes=most_bytes)) as chunks:
            for stored in read_blocks(chunks):
                intact.add(stored)
        others: Sequence[int] = intact.others()
    except (DeliveryError, ValueError):  # copies may have been still to come
        others = tenant.series
    if len(others) == len(tenant.series):
        strategy.can_read_native = False
    return others
