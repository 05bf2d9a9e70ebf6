"""A strict parser of import lines: what a body says, sample by sample."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

LabelSet = frozenset[tuple[str, str]]
Samples = dict[LabelSet, list[tuple[int, float]]]


def parse_lines(data: bytes) -> Samples:
    """Read import lines as a strict server would; series that are cut are put together again."""
    series: Samples = {}
    assert not data or data.endswith(b"\n")
    for line in data.split(b"\n")[:-1]:
        parsed = json.loads(line.decode(), object_pairs_hook=_unique_keys)
        assert list(parsed) == ["metric", "values", "timestamps"]
        labels, values, times = parsed["metric"], parsed["values"], parsed["timestamps"]
        assert next(iter(labels)) == "__name__"
        assert all(isinstance(text, str) and text for text in (*labels, *labels.values()))
        assert 0 < len(values) == len(times) <= 10_000
        assert all(type(ms) is int for ms in times)
        assert all(type(value) is float for value in values)
        series.setdefault(frozenset(labels.items()), []).extend(zip(times, values, strict=True))
    for samples in series.values():
        assert [ms for ms, _ in samples] == sorted(ms for ms, _ in samples)
    return series


def _unique_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    assert len({key for key, _ in pairs}) == len(pairs), "a label occurs twice in one line"
    return dict(pairs)
