"""Range queries of Prometheus: their answers hold the samples that are stored. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import orjson

from vm_df_writer.wire.export_lines import no_export_line
from vm_df_writer.wire.metricsql import moment_text

__all__ = ["lines_of_ranges", "range_form"]

# JSON readers take it for the integer 0.
_NEGATIVE_ZERO = re.compile(r"(?<=[\[,])-0(?=[],])")


def range_form(selector: str, first_ms: int, last_ms: int) -> list[tuple[str, str]]:
    """Return the form of a query for all samples from one time to another.

    Version 2 takes the older end of a range in, version 3 does not; so it begins 1 ms earlier.

    Examples
    --------
    >>> range_form('{__name__="y"}', 1767225600000, 1767225660000)
    [('query', '{__name__="y"}[60001ms]'), ('time', '1767225660.000')]
    """
    return [
        ("query", f"{selector}[{last_ms - first_ms + 1}ms]"),
        ("time", moment_text(last_ms)),
    ]


def lines_of_ranges(answer: bytes) -> Iterator[bytes]:
    r"""Yield the series of an answer as export lines.

    Raises
    ------
    ServerRejected
        If it is no such answer.

    Examples
    --------
    >>> answer = b'''{"status":"success","data":{"resultType":"matrix","result":[{
    ...     "metric":{"__name__":"y"},"values":[[1767225600,"1.5"],[1767225660.25,"+Inf"]]}]}}'''
    >>> next(lines_of_ranges(answer))
    b'{"metric":{"__name__":"y"},"values":[1.5,+Inf],"timestamps":[1767225600000,1767225660250]}'
    """
    try:
        result = orjson.loads(answer)["data"]["result"]
        for series in result:
            if not series.get("values"):  # of histograms there are no values
                continue
            times, texts = zip(*series["values"], strict=True)
            times_ms = np.rint(np.array(times, np.float64) * 1000).astype(np.int64)
            yield b'{"metric":%s,"values":%s,"timestamps":%s}' % (
                orjson.dumps(series["metric"]),
                _as_json(",".join(texts)).encode(),
                orjson.dumps(times_ms, option=orjson.OPT_SERIALIZE_NUMPY),
            )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise no_export_line(answer) from None


def _as_json(texts: str) -> str:
    values = f"[{texts}]".replace("NaN", "null")
    return _NEGATIVE_ZERO.sub("-0.0", values) if "-0" in values else values
