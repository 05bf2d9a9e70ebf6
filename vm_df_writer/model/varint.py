"""Varints: numbers in as few bytes as they need, as protobuf and snappy write them."""

from __future__ import annotations

from functools import lru_cache

__all__ = ["read_varint", "signed", "varint"]

_MOST_BYTES = 10
_END = 2**64


@lru_cache(maxsize=2**13)
def varint(number: int) -> bytes:
    r"""Return a number that is not negative, seven bits in each byte, the lowest ones first.

    Examples
    --------
    >>> varint(5), varint(300)
    (b'\x05', b'\xac\x02')
    """
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def read_varint(data: bytes, start: int) -> tuple[int, int]:
    r"""Return the number that begins at a position, and the position behind it.

    Raises
    ------
    ValueError
        If the data end within the number, or it is too long.

    Examples
    --------
    >>> read_varint(b"\xac\x02rest", 0)
    (300, 2)
    """
    number = 0
    for shift, byte in enumerate(data[start : start + _MOST_BYTES]):
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80 and number < _END:
            return number, start + shift + 1
    raise ValueError(f"byte {start}: expected a number, got {data[start : start + 4].hex()!r}")


def signed(number: int) -> int:
    """Return the number of either sign that a varint stands for by zigzag.

    Examples
    --------
    >>> signed(4), signed(5)
    (2, -3)
    """
    return number >> 1 ^ -(number & 1)
