"""Links by which vmui and Grafana show what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.metricsql import exact_selector

__all__ = ["report_links", "series_expr"]

_MOST_SAMPLED = 1000
_MOST_NAMES = 10


def report_links(
    endpoint: Endpoint, label_sets: Sequence[bytes], first_ms: int, last_ms: int
) -> tuple[str | None, str | None]:
    """Return links to series in vmui and in Grafana, each None where there is no such thing."""
    shown = series_expr(label_sets), first_ms, last_ms
    return endpoint.vmui_url(*shown), endpoint.grafana_url(*shown)


def series_expr(label_sets: Sequence[bytes]) -> str:
    """Return a selector of the metric names, and of the labels that all series share.

    Of many series only some are looked at, and then only the names are used.

    Examples
    --------
    >>> series_expr([b'{"__name__":"y","for":"cpu"}', b'{"__name__":"yhat","for":"cpu"}'])
    '{__name__=~"y|yhat",for="cpu"}'
    """
    sampled = [
        orjson.loads(labels) for labels in label_sets[:: len(label_sets) // _MOST_SAMPLED + 1]
    ]
    names = list(dict.fromkeys(labels["__name__"] for labels in sampled))[:_MOST_NAMES]
    shared = set(sampled[0].items()) if len(sampled) == len(label_sets) else set()
    for labels in sampled:
        shared &= labels.items()
    same = {name: value for name, value in sampled[0].items() if (name, value) in shared}
    if len(names) == 1:
        return exact_selector({"__name__": names[0], **same})
    alternatives = orjson.dumps("|".join(map(re.escape, names))).decode()
    others = exact_selector({"__name__": "", **same}).removeprefix('{__name__=""')
    return f"{{__name__=~{alternatives}{others}"
