"""Reads import lines back, strictly. Pure.

A server skips a line that it cannot read, and stores a series without the labels that it cannot
read; it answers 204 either way. So a reader has to find what a server would not store as it is.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import orjson

from vm_df_writer.model.sample_counts import SampleCounts

__all__ = ["counts_of_lines"]

# None of these can stand inside a label: there a quote is always escaped.
_BEFORE_LABELS, _BEFORE_VALUES, _BEFORE_TIMES = b'{"metric":', b',"values":', b',"timestamps":'

# What stands for infinity is a JSON number, but one that orjson refuses.
_INFINITY = re.compile(rb"(?<=[\[,-])1e999(?=[\],])")

_QUOTED = 80


def counts_of_lines(data: bytes) -> SampleCounts:
    r"""Read what each import line of a body carries, and check all of it.

    Raises
    ------
    ValueError
        If a server would not store each line as it stands: names the line, and says why.

    Examples
    --------
    >>> counts = counts_of_lines(
    ...     b'{"metric":{"__name__":"y"},"values":[1,2],"timestamps":[60,70]}\n'
    ... )
    >>> counts.label_sets, counts.samples.tolist(), counts.first_ms.tolist()
    ([b'{"__name__":"y"}'], [2], [60])
    >>> counts_of_lines(b'{"metric":{"__name__":5},"values":[1],"timestamps":[60]}\n')
    Traceback (most recent call last):
    ValueError: line 1: expected labels with text that is not empty, got {"__name__":5}
    """
    label_sets, times = [], []
    for number, line in enumerate(data.removesuffix(b"\n").split(b"\n"), 1):
        try:
            label_set, times_ms = _read_line(line)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
        label_sets.append(label_set)
        times.append(times_ms)
    return SampleCounts(
        label_sets,
        np.array([len(ms) for ms in times], np.int64),
        np.array([min(ms) for ms in times], np.int64),
        np.array([max(ms) for ms in times], np.int64),
    )


def _read_line(line: bytes) -> tuple[bytes, list[int]]:
    """Return label set and timestamps of a line."""
    head, values_key, rest = line.partition(_BEFORE_VALUES)
    values_text, times_key, tail = rest.partition(_BEFORE_TIMES)
    if not (head.startswith(_BEFORE_LABELS) and values_key and times_key and tail.endswith(b"}")):
        raise _unlike("a line of metric, values and timestamps", line)
    label_set, times_text = head.removeprefix(_BEFORE_LABELS), tail[:-1]
    _check_labels(label_set)
    if b"1e999" in values_text:
        values_text = _INFINITY.sub(b"0", values_text)
    values, times = _load(values_text, "values"), _load(times_text, "timestamps")
    if not isinstance(values, list) or not {int, float}.issuperset(map(type, values)):
        raise _unlike("values that are all numbers", values_text)
    if not isinstance(times, list) or {*map(type, times)} != {int}:
        raise _unlike("timestamps that are all whole numbers", times_text)
    if len(values) != len(times):
        raise ValueError(
            f"expected as many values as timestamps, got {len(values):,} and {len(times):,}"
        )
    if min(times) < np.iinfo(np.int64).min or max(times) > np.iinfo(np.int64).max:
        raise _unlike("timestamps of 64 bits", times_text)
    return label_set, times


def _check_labels(label_set: bytes) -> None:
    labels = _load(label_set, "labels")
    if not isinstance(labels, dict) or "__name__" not in labels:
        raise _unlike("labels with a __name__", label_set)
    if not all(name and isinstance(text, str) and text for name, text in labels.items()):
        raise _unlike("labels with text that is not empty", label_set)
    # orjson itself lets the last one win, as the server does.
    if len(json.loads(label_set, object_pairs_hook=list)) != len(labels):
        raise _unlike("labels with a name each", label_set)


def _load(text: bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the {what} are no JSON ({error})") from None


def _unlike(expected: str, text: bytes) -> ValueError:
    found = text.decode(errors="replace")
    return ValueError(
        f"expected {expected}, got {found if len(found) <= _QUOTED else found[:_QUOTED] + '...'}"
    )
