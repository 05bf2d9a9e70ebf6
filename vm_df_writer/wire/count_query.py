"""Counting: how many samples of each series a server has, without reading them. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.metricsql import moment_text
from vm_df_writer.wire.query_results import PARTIAL, no_query_result

__all__ = ["count_form", "read_counts"]


def count_form(
    selectors: Iterable[str], first_ms: int, last_ms: int, *, most: int
) -> list[tuple[str, str]]:
    """Return what to ask ``/api/v1/query`` for the number of samples of each series.

    Parameters
    ----------
    selectors : iterable of str
        What matches the series.
    first_ms, last_ms : int
        Epoch milliseconds between which samples count, both included.
    most : int
        How many series may be answered at most.

    Examples
    --------
    >>> for name, value in count_form(['{__name__="y"}'], 1767225600000, 1767225660000, most=9):
    ...     print(name, value)
    query limitk(9,union(count_over_time({__name__="y"}[60002ms]) keep_metric_names))
    time 1767225660.001
    nocache 1
    """
    # A window holds its end and not its start. The server makes milliseconds of `time` by cutting
    # off, which may take one away.
    window = f"[{last_ms - first_ms + 2}ms]"
    counts = ",".join(f"count_over_time({s}{window}) keep_metric_names" for s in selectors)
    return [
        ("query", f"limitk({most},union({counts}))"),
        ("time", moment_text(last_ms + 1)),
        ("nocache", "1"),
    ]


def read_counts(answer: bytes) -> dict[str, int]:
    """Return the counts of an answer, by :func:`~.export_lines.series_key`.

    Raises
    ------
    ServerRejected
        If the answer holds none, or comes from only a part of a cluster.

    Examples
    --------
    >>> read_counts(
    ...     b'{"status":"success","data":{"resultType":"vector","result":'
    ...     b'[{"metric":{"__name__":"y"},"value":[1767225660.001,"2"]}]}}'
    ... )
    {'{"__name__":"y"}': 2}
    """
    try:
        whole = orjson.loads(answer)
        if whole.get("isPartial"):
            raise no_query_result(answer, "counts of series", PARTIAL)
        return {
            series_key(orjson.dumps(series["metric"])): int(float(series["value"][1]))
            for series in whole["data"]["result"]
        }
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        raise no_query_result(answer, "counts of series", "no counts") from None
