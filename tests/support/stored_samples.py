"""What a server has stored, read back by its export: the one reader of all tests."""

from __future__ import annotations

import json
import math
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import orjson
import requests

from tests.support.import_lines import LabelSet, Samples
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.series import FloatArray, IntArray

_BARE_INFINITY = re.compile(r"[+-]Inf(?=[],])")


class StoredSeries(NamedTuple):
    """The samples of one series, in order of time and value; copies are there as often."""

    times_ms: IntArray
    numbers: FloatArray


def read_stored(url: str, selector: str) -> dict[LabelSet, StoredSeries]:
    """Return all series that a selector matches, once what was acknowledged is flushed."""
    requests.get(f"{url}/internal/force_flush", timeout=60).raise_for_status()
    form = {"match[]": selector, "start": "0", "end": "2201-01-01T00:00:00Z"}
    answer = requests.post(f"{url}/api/v1/export", form, timeout=300)
    assert answer.status_code == 200, answer.text
    pieces: dict[LabelSet, list[StoredSeries]] = defaultdict(list)
    for line in answer.content.split(b"\n")[:-1]:
        label_set, series = _parse(line)
        pieces[label_set].append(series)
    return {label_set: _joined(series) for label_set, series in pieces.items()}


def export(url: str, selector: str) -> Samples:
    """Return all series that a selector matches, as lists of time and value."""
    return {
        label_set: list(zip(series.times_ms.tolist(), series.numbers.tolist(), strict=True))
        for label_set, series in read_stored(url, selector).items()
    }


def settled(server: LocalVictoriaMetrics) -> None:
    """Wait until what is acknowledged can be read; the flush of 1.79 is no barrier."""
    requests.get(f"{server.url}/internal/force_flush", timeout=60).raise_for_status()
    time.sleep(0.5)


def is_what_was_sent(found: Samples, sent: Samples) -> bool:
    """Say whether a server keeps what it was sent, but for the digits that its format drops."""
    if found.keys() != sent.keys():
        return False
    for label_set, samples in sent.items():
        largest = max((abs(v) for _, v in samples if math.isfinite(v)), default=0.0)
        kept = found[label_set]
        if [ms for ms, _ in kept] != [ms for ms, _ in samples]:
            return False
        if not all(
            _is_near(got, value, largest)
            for got, value in zip(_values(kept), _values(sorted(samples)), strict=True)
        ):
            return False
    return True


def _parse(line: bytes) -> tuple[LabelSet, StoredSeries]:
    # Labels that the server cut at a byte are no UTF-8, which only the labels may be.
    labels, numbers = line.split(b'},"values":', 1)
    values, times = numbers.rsplit(b',"timestamps":', 1)
    metric = json.loads(labels.decode(errors="replace") + "}}")["metric"]
    times_ms = np.array(orjson.loads(times[:-1]), np.int64)
    return frozenset(metric.items()), StoredSeries(times_ms, _numbers(values))


def _numbers(text: bytes) -> FloatArray:
    if b"I" not in text:
        return np.array(orjson.loads(text), np.float64)
    # Infinity is bare in old servers and a text in new ones.
    plain = _BARE_INFINITY.sub(lambda sign: f"{sign[0][0]}1e999", text.decode()).replace("+", "")
    return np.array(list(map(float, json.loads(plain))), np.float64)


def _joined(pieces: Sequence[StoredSeries]) -> StoredSeries:
    times_ms = np.concatenate([piece.times_ms for piece in pieces])
    values = np.concatenate([piece.numbers for piece in pieces])
    order = np.lexsort((values, times_ms))
    return StoredSeries(times_ms[order], values[order])


def _values(samples: Sequence[tuple[int, float]]) -> list[float]:
    return [value for _, value in samples]


def _is_near(got: float, sent: float, largest: float) -> bool:
    if abs(sent) < 1e-295:  # what the server takes for zero
        return abs(got) < 1e-295 + 1e-17 * largest
    return got == sent or abs(got - sent) <= 1.01e-12 * abs(sent) + 1e-17 * largest
