from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.model.varint import read_varint, signed, varint


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, b"\0"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (2**14, b"\x80\x80\x01"),
        (2**42 - 1, b"\xff" * 5 + b"\x7f"),
    ],
)
def test_a_varint_has_seven_bits_in_each_byte(number: int, expected: bytes) -> None:
    assert varint(number) == expected
    assert read_varint(b"before" + expected + b"rest", 6) == (number, 6 + len(expected))


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_back(number: int) -> None:
    assert read_varint(varint(number) + b"\x01", 0) == (number, len(varint(number)))


def test_a_padded_varint_is_the_same_number() -> None:
    assert read_varint(b"\xac\x82\x80\x00", 0) == (300, 4)


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 11, b"\xff" * 9 + b"\x02"])
def test_what_ends_within_a_number_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^byte 1: expected a number, got '"):
        read_varint(b"\x00" + data, 1)


@pytest.mark.parametrize(("number", "expected"), [(0, 0), (1, -1), (2, 1), (2**64 - 1, -(2**63))])
def test_zigzag_has_the_sign_in_the_lowest_bit(number: int, expected: int) -> None:
    assert signed(number) == expected
