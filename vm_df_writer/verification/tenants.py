"""Tenants that are chosen by labels: where a cluster puts each series, and what it stores of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import orjson

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.endpoint import Endpoint

__all__ = ["TenantSeries", "by_tenant"]

_CHOOSING = {"vm_account_id": 0, "vm_project_id": 1}
# From before 1.82; vminsert leaves these among the labels.
_KEPT = {"VictoriaMetrics_AccountID": 0, "VictoriaMetrics_ProjectID": 1}
_UINT32_END = 2**32


class TenantSeries(NamedTuple):
    """The series of a block that one tenant has.

    Attributes
    ----------
    endpoint : Endpoint
        Where the tenant is read.
    series : sequence of int
        Their positions in the block.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    """

    endpoint: Endpoint
    series: Sequence[int]
    as_stored: Callable[[bytes], bytes]


def by_tenant(
    endpoint: Endpoint, block: SeriesBlock | SampleCounts, series: Sequence[int]
) -> Iterator[TenantSeries]:
    """Yield some series of a block by where they are read; all at once unless labels choose that.

    A vmselect answers for all tenants at once too, but keeps its list of them for five minutes,
    also where a request forbids caches: the series of a new tenant would be taken for lost.

    Examples
    --------
    >>> import numpy as np
    >>> from vm_df_writer.config.writer_config import WriterConfig
    >>> cluster = Endpoint.of(
    ...     WriterConfig(
    ...         datasource_url="http://vminsert:8480",
    ...         query_url="http://vmselect:8481",
    ...         tenant_id="multitenant",
    ...     )
    ... )
    >>> block = SeriesBlock(
    ...     label_sets=[b'{"__name__":"y","vm_account_id":"5","vm_project_id":"7"}'],
    ...     offsets=np.array([0, 1]),
    ...     timestamps_ms=np.array([1767225600000]),
    ...     values=np.array([[1.0]]),
    ... )
    >>> [tenant] = by_tenant(cluster, block, [0])
    >>> tenant.endpoint.read_url("/api/v1/export")
    'http://vmselect:8481/select/5:7/prometheus/api/v1/export'
    >>> tenant.as_stored(block.label_sets[0])
    b'{"__name__":"y"}'
    """
    if endpoint.read_tenant != "multitenant":
        yield TenantSeries(endpoint, series, bytes)
        return
    tenants: dict[str, list[int]] = {}
    for s in series:
        tenants.setdefault(_tenant_of(block.label_sets[s]), []).append(s)
    for tenant, members in tenants.items():
        read_base = f"{endpoint.read_root}/select/{tenant}/prometheus"
        yield TenantSeries(replace(endpoint, read_base=read_base), members, _without_tenant)


def _without_tenant(label_set: bytes) -> bytes:
    labels = orjson.loads(label_set)
    return orjson.dumps({name: labels[name] for name in labels if name not in _CHOOSING})


def _tenant_of(label_set: bytes) -> str:
    """Return the tenant that vminsert chooses; what is missing, or no number, counts as 0 there.

    Examples
    --------
    >>> _tenant_of(b'{"__name__":"y","vm_account_id":"007"}')
    '7:0'
    """
    tenant = [0, 0]
    for name, value in orjson.loads(label_set).items():
        place = _CHOOSING.get(name, _KEPT.get(name))
        if place is not None:
            is_number = value.isascii() and value.isdecimal() and int(value) < _UINT32_END
            tenant[place] = int(value) if is_number else 0
    return "{}:{}".format(*tenant)
