"""What a server has stored, read back by its export."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence

import requests

from tests.support.reference import Samples

_BARE_INFINITY = re.compile(r"[+-]Inf(?=[],])")


def export(url: str, selector: str) -> Samples:
    """Return all series that a selector matches; samples in order of time and value."""
    requests.get(f"{url}/internal/force_flush", timeout=30)
    query = {"match[]": selector, "start": "0", "end": "2201-01-01T00:00:00Z"}
    answer = requests.get(f"{url}/api/v1/export", query, timeout=60)
    assert answer.status_code == 200, answer.text
    series: Samples = {}
    for line in answer.content.decode(errors="replace").split("\n")[:-1]:
        labels, values_and_times = line.split('},"values":', 1)
        values, times = values_and_times.rsplit(',"timestamps":', 1)
        numbers = json.loads(
            _BARE_INFINITY.sub(lambda sign: f"{sign[0][0]}1e999", values).replace("+", "")
        )
        epochs = json.loads(times[:-1])
        label_set = frozenset(json.loads(labels + "}}")["metric"].items())
        samples = zip(epochs, map(float, numbers), strict=True)
        series[label_set] = sorted([*series.get(label_set, []), *samples])
    return series


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


def _values(samples: Sequence[tuple[int, float]]) -> list[float]:
    return [value for _, value in samples]


def _is_near(got: float, sent: float, largest: float) -> bool:
    if abs(sent) < 1e-295:  # what the server takes for zero
        return abs(got) < 1e-295 + 1e-17 * largest
    return got == sent or abs(got - sent) <= 1.01e-12 * abs(sent) + 1e-17 * largest
