"""What ``/api/v1/query`` and ``/api/v1/query_range`` are asked, and answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import orjson

from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import FloatArray, IntArray

__all__ = ["PARTIAL", "QueriedSeries", "no_query_result", "read_query_result"]

PARTIAL = "an answer from a part of the cluster"


class QueriedSeries(NamedTuple):
    """One series of an answer.

    Attributes
    ----------
    labels : dict of str to str
        Its labels; none where the expression leaves none.
    timestamps_ms : ndarray of int64, shape (n_points,)
        Epoch milliseconds.
    values : ndarray of float64, shape (n_points,)
        The values; NaN among them.
    """

    labels: dict[str, str]
    timestamps_ms: IntArray
    values: FloatArray


def read_query_result(answer: bytes) -> Iterator[QueriedSeries]:
    """Yield the series of an answer; a scalar is one without labels.

    Raises
    ------
    ServerRejected
        If the answer holds no numbers, or comes from only a part of a cluster.

    Examples
    --------
    >>> [series] = read_query_result(
    ...     b'{"status":"success","data":{"resultType":"vector","result":'
    ...     b'[{"metric":{"__name__":"y"},"value":[1767225600.5,"2"]}]}}'
    ... )
    >>> series.labels, series.timestamps_ms.tolist(), series.values.tolist()
    ({'__name__': 'y'}, [1767225600500], [2.0])
    """
    try:
        whole = orjson.loads(answer)
        if whole.get("isPartial"):
            raise no_query_result(answer, "series of numbers", PARTIAL)
        kind, result = whole["data"]["resultType"], whole["data"]["result"]
        if kind == "scalar":
            result = [{"metric": {}, "value": result}]
        points = [each["values"] if kind == "matrix" else [each["value"]] for each in result]
        labels = [each["metric"] for each in result]
        arrays = [_arrays(of_series) for of_series in points]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise no_query_result(answer, "series of numbers", "no series of numbers") from None
    for metric, (times_ms, values) in zip(labels, arrays, strict=True):
        yield QueriedSeries(metric, times_ms, values)


def _arrays(points: list[list[object]]) -> tuple[IntArray, FloatArray]:
    times, texts = zip(*points, strict=True)
    times_ms = np.rint(np.array(times, np.float64) * 1000).astype(np.int64)
    return times_ms, np.array(texts, dtype=np.float64)


def no_query_result(answer: bytes, expected: str, found: str) -> ServerRejected:
    """Return the error that stands for an answer of another kind, which came with a status 200."""
    text = answer[:500].decode(errors="replace")
    return ServerRejected(
        f"/api/v1/query: expected {expected}, got {found} ({text!r}); see the server's log",
        status=200,
        body=text,
    )
