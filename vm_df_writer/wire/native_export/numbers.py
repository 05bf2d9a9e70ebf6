"""Numbers of native blocks: differences in varints, or a rule -> integers -> floats. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vm_df_writer.model.series import FloatArray, IntArray
from vm_df_writer.model.varint import read_varint, signed
from vm_df_writer.wire.compression import decompress_zstd

__all__ = ["StoredNumbers", "floats_of", "read_integers"]

_Words = npt.NDArray[np.uint64]

# lib/encoding/encoding.go of the server
_ZSTD_DELTA2, _DELTA_CONST, _CONST, _ZSTD_DELTA, _DELTA2, _DELTA = range(1, 7)
_VARINT_BYTES = 10

# The groups of seven bits of the first bytes of a varint, by how many bytes follow the first one.
_GROUPS = np.array([0x7F7F7F7F_7F7F7F7F >> 8 * (7 - more) for more in range(8)], np.uint64)
# Seven bits of each 8 become 14 of each 16, these 28 of each 32, and these 56.
_STEPS = tuple(
    (np.uint64(low), np.uint64(low << shift), np.uint64(shift - by))
    for low, shift, by in (
        (0x007F007F_007F007F, 8, 7),
        (0x00003FFF_00003FFF, 16, 14),
        (0x00000000_0FFFFFFF, 32, 28),
    )
)

# lib/decimal/decimal.go: mantissas that stand for infinities, and for the end of a scrape.
_INFINITY, _STALE, _MINUS_INFINITY = 2**63 - 1, 2**63 - 2, -(2**63)


class StoredNumbers(NamedTuple):
    """The timestamps of a block, or the mantissas of its values.

    Attributes
    ----------
    n : int
        How many there are.
    first : int
        The first one.
    kind : int
        How the others are stored.
    data : bytes
        What is stored of them.
    """

    n: int
    first: int
    kind: int
    data: bytes


def read_integers(parts: Sequence[StoredNumbers]) -> IntArray:
    """Return the numbers of some blocks, one block behind the other.

    Raises
    ------
    ValueError
        If data are not so many numbers, or nothing is installed that can decompress them.

    Examples
    --------
    >>> by_a_rule = StoredNumbers(n=3, first=100, kind=2, data=bytes([60]))
    >>> differences = StoredNumbers(n=3, first=100, kind=6, data=bytes([60, 1]))
    >>> read_integers([by_a_rule, differences]).tolist()
    [100, 130, 160, 100, 130, 129]
    """
    integers: IntArray = np.empty(sum(part.n for part in parts), np.int64)
    varying = [part for part in parts if part.kind not in (_CONST, _DELTA_CONST)]
    differences = _read_differences(varying) if varying else integers
    start = read = 0
    for n, first, kind, data in parts:
        numbers = integers[start : start + n]
        start += n
        if kind == _CONST and not data:
            numbers[:] = first
        elif kind == _DELTA_CONST:
            step, end = read_varint(data, 0)
            if end != len(data):
                raise ValueError(f"expected one number, got {len(data) - end} bytes behind it")
            numbers[0], numbers[1:] = first, signed(step)
            np.cumsum(numbers, out=numbers)
        elif kind == _CONST:
            raise ValueError(f"expected no numbers, got {len(data)} bytes")
        else:
            numbers[0] = first
            numbers[1:] = differences[read : read + n - 1]
            read += n - 1
            if kind in (_DELTA2, _ZSTD_DELTA2):
                np.cumsum(numbers[1:], out=numbers[1:])
            np.cumsum(numbers, out=numbers)
    return integers


def _read_differences(parts: Iterable[StoredNumbers]) -> IntArray:
    """Return what the numbers of blocks differ by, which may be what these differ by."""
    sizes: list[int] = []
    texts: list[bytes] = []
    for n, _, kind, data in parts:
        if kind in (_ZSTD_DELTA, _ZSTD_DELTA2):
            data = decompress_zstd(data, most_bytes=_VARINT_BYTES * n)
        elif kind not in (_DELTA, _DELTA2):
            raise ValueError(f"expected a kind of numbers, got {kind}")
        texts.append(data)
        sizes.append(n - 1)
    words, ends = _read_varints(b"".join(texts))
    stops = np.cumsum(sizes)
    if len(words) != stops[-1] or (ends[stops - 1] != np.cumsum(list(map(len, texts))) - 1).any():
        raise ValueError(f"expected {stops[-1]:,} differences in blocks, got {len(words):,}")
    differences: IntArray = np.right_shift(words, 1).view(np.int64)
    np.bitwise_and(words, 1, out=words)
    np.negative(words, out=words)  # all bits of what is negative
    differences ^= words.view(np.int64)
    return differences


def _read_varints(data: bytes) -> tuple[_Words, IntArray]:
    r"""Return all varints of some bytes, and where the last byte of each is.

    Raises
    ------
    ValueError
        If the last one has no end, or one is too long.

    Examples
    --------
    >>> words, ends = _read_varints(b"\x05\xac\x02" + b"\xff" * 9 + b"\x01")
    >>> words.tolist(), ends.tolist()
    ([5, 300, 18446744073709551615], [0, 2, 12])
    """
    data_bytes = np.frombuffer(data + bytes(_VARINT_BYTES), np.uint8)
    ends = np.flatnonzero(data_bytes[: len(data)] < 0x80)
    if not ends.size or ends[-1] != len(data) - 1:
        raise ValueError("expected varints, got a last one that is cut off")
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    more = ends - starts
    longest = int(more.max())
    if longest >= _VARINT_BYTES:
        raise ValueError(f"expected varints, got one of {longest + 1} bytes")
    # A word at each byte; NumPy copies those that are asked for, wherever they begin.
    words: _Words = np.ndarray(len(data), "<u8", data_bytes, 0, (1,))[starts]
    words &= _GROUPS.take(more, mode="clip")
    for low, high, shift in _STEPS:
        moved = words & high
        moved >>= shift
        words &= low
        words |= moved
    for byte, bits in ((8, 56), (9, 63)):
        if longest >= byte:
            long = np.flatnonzero(more >= byte)  # of full floats, a tenth
            groups = data_bytes[starts[long] + byte] & 0x7F
            words[long] |= groups.astype(np.uint64) << np.uint64(bits)
    return words, ends


def floats_of(mantissas: IntArray, sizes: Sequence[int], exponents: Sequence[int]) -> FloatArray:
    """Return the values of some blocks, as the server computes them for its other answers.

    Parameters
    ----------
    mantissas : ndarray of int64
        Of all blocks, one behind the other.
    sizes, exponents : sequence of int
        How many values each block has, and their decimal exponent.

    Examples
    --------
    >>> floats_of(np.array([314, -5, 2**63 - 1]), [2, 1], [-2, 0]).tolist()
    [3.14, -0.05, inf]
    """
    values = mantissas.astype(np.float64)
    start = 0
    with np.errstate(over="ignore", invalid="ignore"):
        for n, exponent in zip(sizes, exponents, strict=True):
            block = values[start : start + n]
            start += n
            if exponent < 0:
                block /= float(f"1e{-exponent}")
            elif exponent:
                block *= float(f"1e{exponent}")
    if mantissas.size and (mantissas.max() >= _STALE or mantissas.min() == _MINUS_INFINITY):
        values[mantissas == _INFINITY] = np.inf
        values[mantissas == _MINUS_INFINITY] = -np.inf
        values[mantissas == _STALE] = np.nan
    return values
