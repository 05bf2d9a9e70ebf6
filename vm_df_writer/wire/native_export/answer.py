"""The answer of ``/api/v1/export/native``: a time range, and blocks of samples behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from vm_df_writer.model.varint import read_varint, signed
from vm_df_writer.wire.native_export.numbers import StoredNumbers

__all__ = ["NativeBlock", "name_key", "name_of_labels", "read_blocks"]

_RANGE_BYTES = 16
_SIZE_BYTES = 4
# Two of 8,192 samples each that a merge has joined; names and blocks are far below the last one.
_MOST_SAMPLES = 2**14
_MOST_BYTES = 2**20

# lib/storage/metric_name.go of the server: what ends a text, and what stands for it within one.
_END = b"\x01"
_ESCAPES = {0: "\0" + "0", 1: "\0" + "1", 2: "\0" + "2"}


class NativeBlock(NamedTuple):
    """Some samples of one series, in order of time, as the server stores them.

    Attributes
    ----------
    name : bytes
        The labels of the series; those of ours are found by :func:`name_key`.
    times : StoredNumbers
        Their timestamps in epoch milliseconds.
    mantissas : StoredNumbers
        The mantissas of their values.
    exponent : int
        The decimal exponent of all values.
    """

    name: bytes
    times: StoredNumbers
    mantissas: StoredNumbers
    exponent: int


def read_blocks(chunks: Iterable[bytes]) -> Iterator[NativeBlock]:
    """Yield the blocks of an answer as it comes.

    Raises
    ------
    ValueError
        If it is no such answer, or is cut off.
    """
    left = b""
    at = _RANGE_BYTES
    has_last: bool | None = None
    for chunk in chunks:
        data = left + chunk
        while (name_end := _end_of_field(data, at)) is not None:
            end = _end_of_field(data, name_end)
            if end is None:
                break
            name, body = data[at + _SIZE_BYTES : name_end], data[name_end + _SIZE_BYTES : end]
            if has_last is None:
                has_last = _has_last(name, body)
            yield _block(name, body, has_last=has_last)
            at = end
        left, at = data[at:], max(at - len(data), 0)
    if left or at:
        raise ValueError("the answer is cut off")


def name_of_labels(labels: Mapping[str, str]) -> bytes:
    r"""Return the labels of a series as the name that a server stores, in their order.

    Examples
    --------
    >>> name_of_labels({"job": "a", "__name__": "y", "host": "b"})
    b'y\x01job\x01a\x01host\x01b\x01'
    """
    texts = [labels.get("__name__", "")]
    for label, value in labels.items():
        if label != "__name__":
            texts += label, value
    if not "".join(texts).isprintable():
        texts = [text.translate(_ESCAPES) for text in texts]
    return b"".join(text.encode() + _END for text in texts)


def name_key(name: bytes) -> tuple[bytes, ...]:
    r"""Return a stored name in a form that does not depend on the order of labels.

    Examples
    --------
    >>> name_key(b"y\x01job\x01a\x01host\x01b\x01")
    (b'y', b'host\x01b', b'job\x01a')
    """
    metric, *texts = name.removesuffix(_END).split(_END)
    return metric, *sorted(map(_END.join, zip(texts[::2], texts[1::2], strict=True)))


def _end_of_field(data: bytes, at: int) -> int | None:
    """Return where a field ends that begins with its size; None if it is not all there."""
    if len(data) < at + _SIZE_BYTES:
        return None
    size = int.from_bytes(data[at : at + _SIZE_BYTES], "big")
    if size > _MOST_BYTES:
        raise ValueError(f"expected at most {_MOST_BYTES:,} bytes, got {size:,}")
    end = at + _SIZE_BYTES + size
    return end if end <= len(data) else None


def _has_last(name: bytes, body: bytes) -> bool:
    """Say whether blocks hold the time of their last sample, as from 1.82 on."""
    try:
        _block(name, body, has_last=True)
    except ValueError:
        return False
    return True


def _block(name: bytes, body: bytes, *, has_last: bool) -> NativeBlock:
    first_ms, at = read_varint(body, 0)
    if has_last:
        _, at = read_varint(body, at)
    mantissa, at = read_varint(body, at)
    n_samples, at = read_varint(body, at)
    exponent, at = read_varint(body, at)
    kinds = body[at : at + 2]
    at += 2 + has_last  # newer servers add a precision, which decoding does not need
    size, at = read_varint(body, at)
    times, at = body[at : at + size], at + size
    size, at = read_varint(body, at)
    if not 0 < n_samples <= _MOST_SAMPLES or at + size != len(body):
        raise ValueError(f"expected a block, got {n_samples:,} samples in {len(body):,} bytes")
    return NativeBlock(
        name,
        StoredNumbers(n_samples, signed(first_ms), kinds[0], times),
        StoredNumbers(n_samples, signed(mantissa), kinds[1], body[at:]),
        signed(exponent),
    )
