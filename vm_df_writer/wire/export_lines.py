"""Export lines: what ``/api/v1/export`` answers, one series a line. Pure."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import orjson

from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import FloatArray, IntArray

__all__ = ["load_timestamps", "load_values", "no_export_line", "series_key", "split_line"]

# Neither can stand inside a label: there a quote is always escaped.
_BEFORE_VALUES = b'},"values":['
_BEFORE_TIMESTAMPS = b'],"timestamps":['
# Old servers write bare +Inf and -Inf; new ones the strings "Infinity" and "-Infinity".
_BARE_INFINITY = re.compile(rb"[+-]Inf(?=[],])")
_INFINITIES = {"Infinity", "-Infinity", "+Inf", "-Inf"}
_MOST_MS = 2**63 - 1
# What of JSON stands beside numbers: texts, null, true, false and objects; beside whole ones, too.
_BESIDE_NUMBERS = (b'"', b"n", b"t", b"f", b"{")
_BESIDE_INTEGERS = (*_BESIDE_NUMBERS, b".", b"e", b"E")


def split_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Return label set, values and timestamps of a line, each as JSON.

    Raises
    ------
    ServerRejected
        If it is no export line.

    Examples
    --------
    >>> split_line(b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}')
    (b'{"__name__":"y"}', b'[1]', b'[1767225600000]')
    """
    values_at = line.find(_BEFORE_VALUES)
    times_at = line.find(_BEFORE_TIMESTAMPS, values_at)
    if not line.startswith(b'{"metric":{') or values_at < 0 or times_at < 0:
        raise no_export_line(line)
    return (
        line[10 : values_at + 1],
        line[values_at + len(_BEFORE_VALUES) - 1 : times_at + 1],
        line[times_at + len(_BEFORE_TIMESTAMPS) - 1 : -1],
    )


def series_key(label_set: bytes) -> str:
    r"""Return a label set in a form that does not depend on order and escapes.

    Examples
    --------
    >>> series_key(b'{"b":"\\u0041","a":"1"}')
    '{"a":"1","b":"A"}'
    """
    try:
        labels = orjson.loads(label_set)
    except orjson.JSONDecodeError:
        # An old server cuts a long value within a character, and exports it so.
        labels = orjson.loads(label_set.decode(errors="replace"))
    if not isinstance(labels, dict) or not {str}.issuperset(map(type, labels.values())):
        raise ValueError("no label set")
    # As text, because what orjson returns holds a kilobyte for as long as it is kept.
    return orjson.dumps(labels, option=orjson.OPT_SORT_KEYS).decode()


def load_values(text: bytes) -> FloatArray:
    """Return the values of a line; a NaN is that of a scrape that ended.

    Raises
    ------
    ValueError
        If they are no list of numbers.

    Examples
    --------
    >>> load_values(b'[1,2.5,"Infinity",-Inf,null]').tolist()
    [1.0, 2.5, inf, -inf, nan]
    """
    if b"Inf" in text:
        text = _BARE_INFINITY.sub(lambda sign: b'"%s"' % sign[0], text)
    values: list[Any] = orjson.loads(text)
    if _is_flat(text, _BESIDE_NUMBERS):
        return np.fromiter(values, np.float64, len(values))
    if not _is_list_of(values, int, float, str, type(None)):
        raise ValueError("no list of numbers")
    if not _INFINITIES.issuperset(value for value in values if isinstance(value, str)):
        raise ValueError("a text that is no infinity")
    return np.array(values, np.float64)


def load_timestamps(text: bytes) -> IntArray:
    """Return the timestamps of a line.

    Raises
    ------
    ValueError
        If they are no list of whole numbers of 64 bits.

    Examples
    --------
    >>> load_timestamps(b"[1767225600000]").tolist()
    [1767225600000]
    """
    times: list[int] = orjson.loads(text)
    if not _is_flat(text, _BESIDE_INTEGERS) or (times and min(times) < -_MOST_MS):
        raise ValueError("no list of timestamps")
    try:
        return np.fromiter(times, np.int64, len(times))
    except OverflowError:
        raise ValueError("no list of timestamps") from None


def _is_flat(text: bytes, others: tuple[bytes, ...]) -> bool:
    """Say whether JSON is a list without other lists, and without what some marks stand for.

    Looking for a mark takes a hundredth of what looking at the type of each element takes.
    """
    return text.startswith(b"[") and all(text.find(mark, 1) < 0 for mark in (b"[", *others))


def _is_list_of(values: object, *types: type) -> bool:
    return isinstance(values, list) and set(types).issuperset(map(type, values))


def no_export_line(line: bytes) -> ServerRejected:
    """Return the error that stands for a line of another kind, which came after a status 200."""
    text = line[:500].decode(errors="replace")
    return ServerRejected(
        f"/api/v1/export: expected lines of samples, got {text!r}; the server failed while it "
        "was answering, see its log",
        status=200,
        body=text,
    )
