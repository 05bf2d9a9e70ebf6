from __future__ import annotations

import math
from itertools import chain

import numpy as np
import pytest

from tests.support.codecs import needs_zstd
from tests.support.native_answers import INFINITY, MINUS_INFINITY, STALE, numbers_as
from vm_df_writer.wire.native_export.numbers import StoredNumbers, floats_of, read_integers

pytestmark = needs_zstd

KINDS = {1: "zstd, delta2", 4: "zstd, delta", 5: "delta2", 6: "delta"}
LEAST, MOST = -(2**63), 2**63 - 1
# A varint of each length, and both ends of it.
OF_EACH_LENGTH = sorted(
    {sign * (1 << bits) + by for bits in range(63) for sign in (1, -1) for by in (-1, 0, 1)}
)


def stored(kind: int, numbers: list[int]) -> StoredNumbers:
    return StoredNumbers(len(numbers), numbers[0], kind, numbers_as(kind, numbers))


@pytest.mark.parametrize("kind", KINDS, ids=KINDS.get)
@pytest.mark.parametrize(
    "numbers",
    [
        [5, 5],
        [0, 1, -1, 63, -64, 64, -65],
        [MOST, LEAST, 0, LEAST, MOST, -1],
        OF_EACH_LENGTH,
        np.random.default_rng(0).integers(LEAST, MOST, 3000).tolist(),
        np.random.default_rng(1).integers(-200, 200, 3000).tolist(),
    ],
    ids=["two", "short", "extremes", "each length", "long", "of few bytes"],
)
def test_differences_give_the_numbers_back(kind: int, numbers: list[int]) -> None:
    assert read_integers([stored(kind, numbers)]).tolist() == numbers


@pytest.mark.parametrize("kind", KINDS, ids=KINDS.get)
def test_one_number_takes_no_bytes(kind: int) -> None:
    if kind in (5, 6):
        assert read_integers([stored(3, [7])]).tolist() == [7]
    with pytest.raises(ValueError, match=r"expected|frame"):
        read_integers([StoredNumbers(1, 7, kind, b"\x02")])


@pytest.mark.parametrize("step", [1, -1, 15_000, -(2**62)])
def test_a_constant_difference_gives_the_numbers_back(step: int) -> None:
    numbers = [3, 3 + step]
    assert read_integers([stored(2, numbers)]).tolist() == numbers


def test_blocks_of_all_kinds_stand_one_behind_the_other() -> None:
    numbers = [[4, 9, 2], [1, 2, 3], [8, 8], [7], [1, 5, 2, 2], [9, 0], [10, 30]]
    kinds = [6, 2, 3, 3, 5, 4, 1]
    parts = [stored(kind, each) for kind, each in zip(kinds, numbers, strict=True)]
    assert read_integers(parts).tolist() == list(chain.from_iterable(numbers))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (StoredNumbers(3, 0, 6, b"\x02"), "expected 2 differences in blocks, got 1"),
        (StoredNumbers(2, 0, 6, b"\x02\x02"), "expected 1 differences in blocks, got 2"),
        (StoredNumbers(2, 0, 6, b"\x82"), "a last one that is cut off"),
        (StoredNumbers(2, 0, 6, b""), "a last one that is cut off"),
        (StoredNumbers(2, 0, 6, b"\xff" * 10 + b"\x01"), "got one of 11 bytes"),
        (StoredNumbers(3, 0, 2, b"\x02\x02"), "got 1 bytes behind it"),
        (StoredNumbers(3, 0, 2, b""), "expected a number"),
        (StoredNumbers(3, 0, 3, b"\x02"), "expected no numbers, got 1 bytes"),
        (StoredNumbers(3, 0, 0, b"\x02\x02"), "expected a kind of numbers, got 0"),
        (StoredNumbers(3, 0, 7, b"\x02\x02"), "expected a kind of numbers, got 7"),
        (StoredNumbers(3, 0, 4, b"\x02\x02"), "Unable to decompress|Zstd|zstd"),
    ],
)
def test_what_is_not_so_many_numbers_is_refused(part: StoredNumbers, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_integers([part])


def test_a_block_that_is_short_does_not_take_from_the_next_one() -> None:
    short, long = numbers_as(6, [1, 2]), numbers_as(6, [1, 2, 3, 4])
    with pytest.raises(ValueError, match="differences in blocks"):
        read_integers([StoredNumbers(3, 1, 6, short), StoredNumbers(3, 1, 6, long)])


def test_zstd_that_holds_more_than_so_many_numbers_is_not_unpacked() -> None:
    bomb = numbers_as(4, [0] * 100_000)
    with pytest.raises(ValueError, match="expected a zstd frame of at most 20 bytes"):
        read_integers([StoredNumbers(2, 0, 4, bomb)])


@pytest.mark.parametrize("exponent", [-340, -309, -308, -23, -22, -2, -1, 0, 1, 22, 23, 308, 309])
def test_values_are_computed_as_the_server_does(exponent: int) -> None:
    mantissas = [0, 1, -1, 314_159, 2**53 + 1, -(2**62) + 7]
    power = float(f"1e{abs(exponent)}")
    with np.errstate(over="ignore", invalid="ignore"):
        expected = [
            float(np.float64(m) / power if exponent < 0 else np.float64(m) * power)
            for m in mantissas
        ]
    got = floats_of(np.array(mantissas), [6], [exponent]).tolist()
    assert [repr(value) for value in got] == [repr(value) for value in expected]


def test_each_block_has_its_own_exponent() -> None:
    assert floats_of(np.array([1, 2, 3]), [1, 2], [-1, 2]).tolist() == [0.1, 200.0, 300.0]


def test_special_mantissas_are_no_numbers_whatever_the_exponent() -> None:
    mantissas = np.array([INFINITY, MINUS_INFINITY, STALE, 2**63 - 3, -(2**63) + 1])
    values = floats_of(mantissas, [5], [-3]).tolist()
    assert values[:2] == [math.inf, -math.inf]
    assert math.isnan(values[2])
    assert values[3:] == [(2.0**63) / 1000, -(2.0**63) / 1000]
