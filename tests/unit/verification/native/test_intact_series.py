from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson
import pytest

from tests.support.blocks import T, block_of, block_of_rows
from tests.support.native_answers import INFINITY, STALE, native_answer, stored_block
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.verification.native import intact_series
from vm_df_writer.verification.native.intact_series import IntactSeries
from vm_df_writer.wire.native_export.answer import read_blocks

Y, Z = {"__name__": "y", "host": "a"}, {"__name__": "z", "host": "a"}
TIMES = [0, 10, 20, 30]
SENT = block_of((Y, TIMES, [1.5, -2.0, 3.25, 0.0]), (Z, [5, 15], [7.0, 8.0]))


def y(times: Sequence[int] = TIMES, values: Sequence[int] = (150, -200, 325, 0)) -> bytes:
    return stored_block(Y, [T + time for time in times], values, -2)


def z(times: Sequence[int] = (5, 15), values: Sequence[int] = (7, 8)) -> bytes:
    return stored_block(Z, [T + time for time in times], values)


def others(*stored: bytes, sent: SeriesBlock = SENT) -> list[int]:
    series = IntactSeries(sent, range(sent.n_series))
    for block in read_blocks([native_answer(stored)]):
        series.add(block)
    return series.others()


def test_what_is_stored_as_it_was_sent_is_intact() -> None:
    assert others(y(), z()) == []


def test_the_order_of_blocks_and_of_labels_does_not_matter() -> None:
    turned = stored_block(
        dict(reversed(Y.items())), [T + time for time in TIMES], [150, -200, 325, 0], -2
    )
    assert others(z(), turned) == []


@pytest.mark.parametrize(
    ("stored", "why"),
    [
        ([], "nothing is stored"),
        ([y(TIMES[:3], [150, -200, 325])], "the last sample is missing"),
        ([y(TIMES[1:], [-200, 325, 0])], "the first sample is missing"),
        ([y([0, 10, 30], [150, -200, 0])], "one in the middle is missing"),
        ([y(values=[150, -200, 326, 0])], "a value is another one"),
        ([y(values=[150, -200, 325, 1])], "a zero is another value"),
        ([y([0, 10, 21, 30])], "a time is another one"),
        ([y([*TIMES, 30], [150, -200, 325, 0, 0])], "the last sample is there twice"),
        ([y([0, *TIMES], [150, 150, -200, 325, 0])], "the first sample is there twice"),
        ([y([0, 10, 20, 20, 30], [150, -200, 325, 1, 0])], "two values at one time"),
        ([y([0, 10, 20, 25, 30], [150, -200, 325, 9, 0])], "another sample is in between"),
        ([y(), y()], "all is stored twice"),
        ([y(), y([20], [325])], "one sample is stored again"),
        ([y(), y([20], [1])], "another value is stored in another block"),
        ([y(), y([25], [1])], "another sample is stored in another block"),
        ([y([0, 10], [150, -200]), y([10, 20, 30], [-200, 325, 0])], "two blocks overlap"),
        ([y([0, 20], [150, 325]), y([0, 10, 30], [150, -200, 0])], "mixed blocks overlap"),
        ([y(values=[150, -200, STALE, 0])], "a value is the end of a scrape"),
        ([y(values=[150, -200, INFINITY, 0])], "a value is infinite"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_series_is_not_intact_if(stored: list[bytes], why: str) -> None:
    del why
    assert others(*stored, z()) == [0]


@pytest.mark.parametrize(
    "stored",
    [
        [y([0, 10], [150, -200]), y([20, 30], [325, 0])],
        [y([20, 30], [325, 0]), y([0, 10], [150, -200])],
        [y([0, 20], [150, 325]), y([10, 30], [-200, 0])],
        [y([0, 30], [150, 0]), y([10], [-200]), y([20], [325])],
    ],
)
def test_a_series_may_be_stored_in_several_blocks(stored: list[bytes]) -> None:
    assert others(*stored, z()) == []


def test_what_is_stored_before_and_after_is_not_looked_at() -> None:
    around = [-20, -10, *TIMES, 31, 40], [1, 2, 150, -200, 325, 0, 3, 4]
    assert others(y(*around), y([-5], [1]), y([35], [1]), z()) == []


def test_a_series_with_other_labels_does_not_stand_in() -> None:
    more = stored_block({**Z, "env": "prod"}, [T + 5, T + 15], [7, 8])
    fewer = stored_block({"__name__": "z"}, [T + 5, T + 15], [7, 8])
    assert others(y(), more, fewer) == [1]
    assert others(y(), more, fewer, z()) == []


def test_series_that_were_not_asked_for_are_left_alone() -> None:
    series = IntactSeries(SENT, [1])
    for block in read_blocks([native_answer([y([0], [1]), z()])]):
        series.add(block)
    assert series.others() == []


def test_labels_are_those_that_the_server_stores() -> None:
    def as_stored(label_set: bytes) -> bytes:
        labels = orjson.loads(label_set)
        del labels["host"]
        return orjson.dumps(labels)

    series = IntactSeries(SENT, [1], as_stored=as_stored)
    name = stored_block({"__name__": "z"}, [T + 5, T + 15], [7, 8])
    for block in read_blocks([native_answer([name])]):
        series.add(block)
    assert series.others() == []


@pytest.mark.parametrize(
    ("value", "mantissa", "exponent", "is_intact"),
    [
        (1.0, 10**15 + 1009, -15, True),  # 1.009e-12 of it
        (1.0, 10**15 + 1011, -15, False),
        (1e-9, 0, 0, False),
        (0.0, 1, -18, False),
        (1e300, 10**15 + 1009, 285, True),
        (float(2**63 - 1), INFINITY, 0, False),
        (np.inf, INFINITY, 0, True),
        (-np.inf, INFINITY, 0, False),
        (np.inf, 2**62, 0, False),
    ],
)
def test_values_agree_within_what_the_storage_keeps(
    value: float,
    mantissa: int,
    exponent: int,
    is_intact: bool,
) -> None:
    sent = block_of((Y, [0], [value]))
    assert others(stored_block(Y, [T], [mantissa], exponent), sent=sent) == [0] * (not is_intact)


def test_the_largest_value_of_a_series_takes_digits_of_the_others() -> None:
    sent = block_of((Y, [0, 1], [1e6, 3e-11]), (Z, [0, 1], [1.0, 3e-11]))
    of_y = stored_block(Y, [T, T + 1], [10**18, 29], -12)
    of_z = stored_block(Z, [T, T + 1], [10**12, 29], -12)
    assert others(of_y, of_z, sent=sent) == [1]


def test_an_infinity_is_not_the_largest_value_of_a_series() -> None:
    sent = block_of((Y, [0, 1], [np.inf, 1.0]))
    assert others(stored_block(Y, [T, T + 1], [INFINITY, 1]), sent=sent) == []
    assert others(stored_block(Y, [T, T + 1], [INFINITY, 2]), sent=sent) == [0]


def test_samples_that_were_sent_for_one_time_are_found_in_their_order() -> None:
    sent = block_of((Y, [0, 0, 1], [1.0, 2.0, 3.0]))
    assert others(stored_block(Y, [T, T, T + 1], [1, 2, 3]), sent=sent) == []
    assert others(stored_block(Y, [T, T, T + 1], [1, 1, 3]), sent=sent) == [0]


def test_rows_share_what_was_found_of_their_times() -> None:
    sent = block_of_rows([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    times = [T, T + 1, T + 2]
    stored = [
        stored_block({"__name__": f"s{i}"}, times, [3 * i + 1, 3 * i + 2, 3 * i + 3])
        for i in (0, 1)
    ]
    assert others(*stored, sent=sent) == [2]
    last = stored_block({"__name__": "s2"}, times, [7, 8, 0])
    assert others(*stored, last, sent=sent) == [2]


def test_blocks_with_many_different_times_are_all_looked_at() -> None:
    n = 3 * intact_series._KEPT_PLACES
    series = [({"__name__": f"m{i}"}, [i, 2 * n + 3 * i], [i, 2.0]) for i in range(n)]
    stored = [
        stored_block(labels, [T + time for time in times], [i, 2])
        for i, (labels, times, _) in enumerate(series)
    ]
    stored[7] = stored_block(series[7][0], [T + 7, T + 2 * n + 20], [7, 2])
    assert others(*stored, sent=block_of(*series)) == [7]


@pytest.mark.parametrize("wrong", [[], [0], [57], [149], [3, 4, 140]])
def test_series_that_are_compared_at_once_are_told_apart(wrong: list[int]) -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(-(10**6), 10**6, (150, 1000))
    sent = block_of_rows(values / 1000)
    times = sent.timestamps_ms.tolist()
    for s in wrong:
        values[s, int(rng.integers(1000))] += 1
    stored = [
        stored_block({"__name__": f"s{s}"}, times, values[s].tolist(), -3) for s in range(150)
    ]
    assert others(*stored, sent=sent) == wrong


def test_much_else_is_not_worth_looking_at() -> None:
    many = [T - 1_000_000 + i for i in range(10_000)]
    stored = [stored_block(Y, many, [1] * 10_000, kinds=(2, 3))] * 7
    with pytest.raises(ValueError, match="most of what is stored are other samples"):
        others(*stored)


def test_timestamps_out_of_order_are_no_answer_of_a_server() -> None:
    with pytest.raises(ValueError, match="expected timestamps in order"):
        others(y([0, 20, 10, 30]))
