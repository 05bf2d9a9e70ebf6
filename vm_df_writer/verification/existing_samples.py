"""Existing samples: whether the server has any of some series in their time range."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import orjson

from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.tenants import TenantSeries, by_tenant
from vm_df_writer.wire.export_lines import no_export_line, series_key, split_line
from vm_df_writer.wire.metricsql import exact_selector

__all__ = ["find_existing"]

_MAX_SELECTORS = 200


def find_existing(
    blocks: Iterable[SeriesBlock], client: HttpClient, endpoint: Endpoint
) -> str | None:
    """Return the labels of a series that the server has samples of, or None.

    A block bounds the range: it is asked for samples from the first to the last timestamp of
    the block.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    for block in blocks:
        for tenant in by_tenant(endpoint, block, range(block.n_series)):
            found = _find_in(block, tenant, client)
            if found is not None:
                return found
    return None


def _find_in(block: SeriesBlock, tenant: TenantSeries, client: HttpClient) -> str | None:
    url = tenant.endpoint.read_url("/api/v1/export")
    label_sets = (tenant.as_stored(block.label_sets[s]) for s in tenant.series)
    while batch := list(map(orjson.loads, islice(label_sets, _MAX_SELECTORS))):
        first_ms, last_ms = int(block.timestamps_ms.min()), int(block.timestamps_ms.max())
        form = [("match[]", exact_selector(labels)) for labels in batch]
        form.append(("start", f"{first_ms / 1000:.3f}"))
        # An old server reads five minutes where start and end are the same.
        form.append(("end", f"{(last_ms + 1) / 1000:.3f}"))
        # Short lines: the first one that fits ends the search.
        form.append(("max_rows_per_line", "1000"))
        wanted = {series_key(orjson.dumps(labels)) for labels in batch}
        for line in client.stream_lines(url, form):
            found = _series_of(line)
            if found in wanted:  # a selector also matches series with more labels
                return found
    return None


def _series_of(line: bytes) -> str:
    try:
        return series_key(split_line(line)[0])
    except orjson.JSONDecodeError:
        raise no_export_line(line) from None
