"""Reading back a ``WriteRequest`` of Prometheus remote write that this package has made."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

import numpy as np
import orjson

from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.varint import read_varint
from vm_df_writer.wire.import_lines import LineEncoder, first_line
from vm_df_writer.wire.sample_layout import SampleLayout

__all__ = ["counts_of_request", "cut_request", "first_series"]

# Field 1 is the series of a request, a label of a series, the name of a label; field 2 is a
# sample of a series, the value of a label.
_FIRST, _SECOND = b"\x0a", b"\x12"


def counts_of_request(data: bytes) -> SampleCounts:
    """Read what each series of a request carries, with its label set as JSON again.

    Raises
    ------
    ValueError
        If the request is not such as :class:`~.remote_write.TimeSeriesEncoder` makes.

    Examples
    --------
    >>> from vm_df_writer.wire.remote_write import TimeSeriesEncoder
    >>> times, values = np.array([60_000, 75_000]), np.array([[1.0, 2.0]])
    >>> block = SeriesBlock([b'{"__name__":"y"}'], np.array([0, 2]), times, values)
    >>> counts = counts_of_request(b"".join(TimeSeriesEncoder().encode(block).chunks()))
    >>> counts.label_sets, counts.samples.tolist(), counts.last_ms.tolist()
    ([b'{"__name__":"y"}'], [2], [75000])
    """
    label_sets: list[bytes] = []
    tables = []
    # NumPy takes those together whose samples are laid out alike, which nearly always are all.
    for layout, run in groupby(_series(data), key=itemgetter(2)):
        of_run, samples, _ = zip(*run, strict=True)
        label_sets += of_run
        times, _ = layout.read(b"".join(samples))
        lengths = np.array(list(map(len, samples))) // layout.size
        starts = np.cumsum(lengths) - lengths
        tables.append(
            [lengths, np.minimum.reduceat(times, starts), np.maximum.reduceat(times, starts)]
        )
    empty = np.empty((3, 0), np.int64)
    return SampleCounts(label_sets, *np.concatenate([empty, *tables], axis=1))


def cut_request(data: bytes, n_series: int) -> tuple[bytes, bytes]:
    r"""Return the first series of a request as one of their own, and the rest.

    Examples
    --------
    >>> cut_request(bytes.fromhex("0a01ff 0a02ffff"), 1)
    (b'\n\x01\xff', b'\n\x02\xff\xff')
    """
    at = 0
    for _ in range(n_series):
        size, start = read_varint(data, at + 1)
        at = start + size
    return data[:at], data[at:]


def first_series(data: bytes) -> str:
    """Return the first series of a request as the import line that would store the same."""
    label_set, samples, layout = next(_series(data))
    times, values = layout.read(samples)
    bounds = np.array([0, len(times)])
    block = SeriesBlock([label_set], bounds, times, values[None], has_infinities=True)
    return first_line(next(LineEncoder().encode(block).chunks()))


def _series(data: bytes) -> Iterator[tuple[bytes, bytes, SampleLayout]]:
    """Yield label set and samples of each series, and how these are laid out."""
    at = 0
    while at < len(data):
        message, at = _field(data, at, _FIRST)
        labels, samples_at = {}, 0
        while message[samples_at : samples_at + 1] == _FIRST:
            label, samples_at = _field(message, samples_at, _FIRST)
            name, value_at = _field(label, 0, _FIRST)
            value, end = _field(label, value_at, _SECOND)
            if end != len(label):
                raise ValueError(f"label {name!r}: expected {end} bytes, got {len(label)}")
            labels[name.decode()] = value.decode()
        sample, _ = _field(message, samples_at, _SECOND)
        layout = SampleLayout.of_size(len(_SECOND) + 1 + len(sample))
        samples = message[samples_at:]
        if len(samples) % layout.size:
            raise ValueError(f"expected samples of {layout.size} bytes, got {len(samples)} bytes")
        by_name = sorted(labels.items(), key=lambda label: label[0] != "__name__")
        yield orjson.dumps(dict(by_name)), samples, layout


def _field(data: bytes, at: int, tag: bytes) -> tuple[bytes, int]:
    """Return what the field that begins at a position holds, and the position behind it."""
    if data[at : at + 1] != tag:
        raise ValueError(
            f"byte {at}: expected a field {tag.hex()}, got {data[at : at + 4].hex()!r}"
        )
    size, start = read_varint(data, at + 1)
    if start + size > len(data):
        raise ValueError(f"byte {at}: expected {size} bytes, got {len(data) - start}")
    return data[start : start + size], start + size
