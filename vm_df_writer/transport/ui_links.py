"""Links by which vmui and Grafana show what was written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson

from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.wire.metricsql import exact_selector

__all__ = ["grafana_url", "report_links", "series_expr", "vmui_url"]

_MOST_SAMPLED = 1000
_MOST_NAMES = 10


def report_links(
    endpoint: Endpoint,
    label_sets: Sequence[bytes],
    first_ms: int,
    last_ms: int,
    *,
    has_vmui: bool,
) -> tuple[str | None, str | None]:
    """Return links to series in vmui and in Grafana, each None where there is no such thing."""
    if not has_vmui and endpoint.grafana_base is None:
        return None, None
    shown = series_expr(label_sets), first_ms, last_ms
    return vmui_url(endpoint, *shown) if has_vmui else None, grafana_url(endpoint, *shown)


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


def vmui_url(endpoint: Endpoint, expr: str, first_ms: int, last_ms: int) -> str | None:
    """Return a link to the server's own user interface.

    Parameters
    ----------
    endpoint : Endpoint
        The server.
    expr : str
        What to show, in MetricsQL.
    first_ms, last_ms : int
        Epoch milliseconds of the first and last sample.

    Returns
    -------
    str or None
        None if the configuration does not say where the user interface is.

    Examples
    --------
    >>> from vm_df_writer.config.writer_config import WriterConfig
    >>> endpoint = Endpoint.of(WriterConfig(datasource_url="http://localhost:8428"))
    >>> vmui_url(endpoint, "up", 1767225600000, 1767229200000)
    'http://localhost:8428/vmui/#/?g0.expr=up&g0.range_input=3960s&g0.end_input=2026-01-01T01%3A03%3A00&g0.relative_time=none&g0.tab=0'
    """
    if endpoint.vmui_base is None:
        return None
    start, end = _window(first_ms, last_ms)
    query = {
        "g0.expr": expr,
        "g0.range_input": f"{end - start}s",
        "g0.end_input": datetime.fromtimestamp(end, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "g0.relative_time": "none",
        "g0.tab": "0",
    }
    # The page splits its fragment at "?", so everything must be quoted, spaces as %20.
    return f"{endpoint.vmui_base}#/?{urlencode(query, quote_via=quote)}"


def grafana_url(endpoint: Endpoint, expr: str, first_ms: int, last_ms: int) -> str | None:
    """Return a link to Grafana's Explore page (10.2 and newer), or None without Grafana.

    The parameters are those of :meth:`vmui_url`.
    """
    if endpoint.grafana_base is None:
        return None
    start, end = _window(first_ms, last_ms)
    datasource = {"type": "prometheus", "uid": endpoint.grafana_datasource}
    pane = {
        "datasource": endpoint.grafana_datasource,
        "queries": [{"refId": "A", "expr": expr, "datasource": datasource}],
        "range": {"from": str(start * 1000), "to": str(end * 1000)},
    }
    panes = quote(orjson.dumps({"a": pane}), safe="")
    return f"{endpoint.grafana_base}/explore?schemaVersion=1&orgId=1&panes={panes}"


def _window(first_ms: int, last_ms: int) -> tuple[int, int]:
    """Return whole seconds around the samples, with a margin that keeps them off the edges."""
    first, last = first_ms // 1000, -(-last_ms // 1000)
    margin = max((last - first) // 20, 60)
    return first - margin, last + margin
