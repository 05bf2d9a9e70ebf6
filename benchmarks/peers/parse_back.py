"""What was written, parsed back: the samples of each label set, whatever the format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

__all__ = ["Samples", "parse_csv", "parse_import_lines", "parse_line_protocol"]

Samples = dict[frozenset[tuple[str, str]], dict[int, float]]
"""The value at each epoch millisecond, for each label set."""


def parse_import_lines(text: bytes) -> Samples:
    """Parse JSON lines of ``/api/v1/import``.

    Examples
    --------
    >>> parse_import_lines(b'{"metric":{"__name__":"y"},"values":[1.5],"timestamps":[7]}')
    {frozenset({('__name__', 'y')}): {7: 1.5}}
    """
    samples: Samples = {}
    for line in map(json.loads, text.splitlines()):
        series = samples.setdefault(frozenset(line["metric"].items()), {})
        series.update(zip(line["timestamps"], line["values"], strict=True))
    return samples


def parse_line_protocol(text: bytes, *, units_per_ms: int) -> Samples:
    """Parse InfluxDB's line protocol as VictoriaMetrics does; no name may hold a blank or comma.

    Examples
    --------
    >>> parse_line_protocol(b"vm y=1.5,z=2 7000000", units_per_ms=10**6)
    {frozenset({('__name__', 'vm_y')}): {7: 1.5}, frozenset({('__name__', 'vm_z')}): {7: 2.0}}
    """
    samples: Samples = {}
    for line in text.decode().splitlines():
        head, fields, time = line.split(" ")
        measurement, *tags = head.split(",")
        labels = [_pair(tag) for tag in tags]
        for name, value in map(_pair, fields.split(",")):
            series = frozenset([("__name__", f"{measurement}_{name}"), *labels])
            samples.setdefault(series, {})[int(time) // units_per_ms] = float(value)
    return samples


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def parse_csv(text: bytes, *, labels: Sequence[str], values: Sequence[str]) -> Samples:
    """Parse CSV without a header: milliseconds, then labels, then values, by these names.

    Examples
    --------
    >>> parse_csv(b"7,1.5", labels=[], values=["vm_y"])
    {frozenset({('__name__', 'vm_y')}): {7: 1.5}}
    """
    samples: Samples = {}
    first_value = 1 + len(labels)
    for row in csv.reader(io.StringIO(text.decode())):
        label_set = list(zip(labels, row[1:first_value], strict=True))
        for name, value in zip(values, row[first_value:], strict=True):
            series = frozenset([("__name__", name), *label_set])
            samples.setdefault(series, {})[int(row[0])] = float(value)
    return samples
