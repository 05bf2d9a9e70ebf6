"""Answers of ``/api/v1/export/native``, made number by number as the server makes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from vm_df_writer.wire.compression import compress

INFINITY, MINUS_INFINITY, STALE = 2**63 - 1, -(2**63), 2**63 - 2

Labels = Mapping[str, str]


def varint(number: int) -> bytes:
    """Return a number of 64 bits as a varint of zigzag."""
    word = (number << 1 ^ number >> 63) & (2**64 - 1)
    groups = []
    while word > 0x7F:
        groups.append(word & 0x7F | 0x80)
        word >>= 7
    return bytes([*groups, word])


def unsigned(number: int) -> bytes:
    """Return a number that is not negative as a varint."""
    return varint(number // 2 if number % 2 == 0 else -(number + 1) // 2)


def numbers_as(kind: int, numbers: Sequence[int]) -> bytes:
    """Return what the server stores of numbers beside the first one, in one of its six kinds."""
    differences = [wrap(b - a) for a, b in pairwise(numbers)]
    if kind == 3:
        assert not any(differences)
        return b""
    if kind == 2:
        assert len(set(differences)) == 1
        return varint(differences[0])
    if kind in (1, 5):
        differences = [wrap(b - a) for a, b in pairwise([0, *differences])]
    data = b"".join(map(varint, differences))
    return compress(data, "zstd") if kind in (1, 4) else data


def wrap(number: int) -> int:
    """Return a number as 64 bits hold it."""
    return (number + 2**63) % 2**64 - 2**63


def stored_block(
    labels: Labels,
    times_ms: Sequence[int],
    mantissas: Sequence[int],
    exponent: int = 0,
    *,
    kinds: tuple[int, int] | None = None,
    has_last: bool = True,
) -> bytes:
    """Return a block with the name of its series; servers before 1.82 had no time of the last."""
    kinds = kinds or ((3, 3) if len(times_ms) == 1 else (6, 6))
    times, values = (numbers_as(*each) for each in zip(kinds, (times_ms, mantissas), strict=True))
    last = varint(times_ms[-1]) if has_last else b""
    body = b"".join(
        (
            varint(times_ms[0]) + last + varint(mantissas[0]),
            unsigned(len(times_ms)) + varint(exponent),
            bytes([*kinds, *([64] if has_last else [])]),
            unsigned(len(times)) + times + unsigned(len(values)) + values,
        )
    )
    return sized(stored_name(labels)) + sized(body)


def stored_name(labels: Labels) -> bytes:
    """Return labels as the server stores them, in the order in which they are given."""
    texts = [labels.get("__name__", "")]
    for name, value in labels.items():
        texts += [name, value] if name != "__name__" else []
    return b"".join(escaped(text.encode()) + b"\x01" for text in texts)


def escaped(text: bytes) -> bytes:
    """Return a text whose bytes 0, 1 and 2 do not stand for an end."""
    return b"".join(b"\0%d" % byte if byte < 3 else bytes([byte]) for byte in text)


def sized(data: bytes) -> bytes:
    """Return data behind their length."""
    return len(data).to_bytes(4, "big") + data


def native_answer(blocks: Iterable[bytes]) -> bytes:
    """Return a whole answer; the time range before the blocks is that of the request."""
    return bytes(16) + b"".join(blocks)
