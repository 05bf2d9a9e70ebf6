from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import T, block_of, block_of_rows
from vm_df_writer.verification.sent_samples import SentSamples, allowed_loss, is_near

Y, Z = {"__name__": "y"}, {"__name__": "z"}

# Two rows of three groups, of 2, 1 and 3 samples: the series are numbered row by row.
BLOCK = block_of_rows(
    [[0, 1, 2, 3, 4, 5], [10, 11, 12, 13, 14, 15]],
    times_ms=T + np.array([0, 1, 5, 0, 2, 4]),
    offsets=[0, 2, 3, 6],
)


def test_series_are_taken_in_the_order_in_which_they_are_asked_for() -> None:
    sent = SentSamples(BLOCK, [5, 0, 4])
    assert sent.group.tolist() == [2, 0, 1]
    assert sent.starts.tolist() == [0, 3, 5]
    assert sent.lengths.tolist() == [3, 2, 1]
    assert sent.rows.tolist() == [1, 1, 1, 0, 0, 1]
    assert sent.columns.tolist() == [3, 4, 5, 0, 1, 2]
    assert sent.values.tolist() == [13, 14, 15, 0, 1, 12]
    assert (sent.timestamps_ms - T).tolist() == [0, 2, 4, 0, 1, 5]


def test_the_range_is_that_of_the_series_asked_for_and_not_of_the_block() -> None:
    assert SentSamples(BLOCK, [0, 2]).range_ms == (T, T + 4)
    assert SentSamples(BLOCK, [1]).range_ms == (T + 5, T + 5)


def test_positions_follow_the_series_that_are_named() -> None:
    sent = SentSamples(BLOCK, [5, 0, 4])
    assert sent.positions(np.array([2, 0])).tolist() == [5, 0, 1, 2]
    assert sent.positions(np.array([], np.int64)).tolist() == []


def test_a_time_that_two_series_share_is_no_repeat() -> None:
    sent = SentSamples(block_of((Y, [0, 5], [1, 2]), (Z, [5, 9], [3, 4])), [0, 1])
    assert sent.times.tolist() == [0, 1, 2, 3]
    assert not sent.has_repeats


def test_of_samples_of_one_time_the_first_stands_for_it() -> None:
    sent = SentSamples(block_of((Y, [0, 5, 5, 5, 9], [1, 2, 3, 4, 5])), [0])
    assert sent.times.tolist() == [0, 1, 4]
    assert sent.has_repeats


def test_within_a_series_means_between_its_first_and_last_sample_without_these() -> None:
    sent = SentSamples(block_of((Y, [0, 9], [1, 2]), (Z, [3, 5], [3, 4])), [0, 1])
    slots = np.array([0, 0, 0, 0, 1, 1, 1])
    times = T + np.array([0, 1, 8, 9, 2, 4, 6])
    assert sent.is_within(slots, times).tolist() == [
        *(False, True, True, False),
        *(False, True, False),
    ]


@pytest.mark.parametrize(
    ("sent", "got", "agrees"),
    [
        (1.0, 1.0 + 1e-12, True),
        (1.0, 1.0 - 1e-12, True),
        (1.0, 1.0 + 1.1e-12, False),
        (-3e200, -3e200 * (1 - 1e-12), True),
        (-3e200, 3e200, False),
        (0.0, -0.0, True),
        (0.0, 5e-324, False),
        (np.inf, np.inf, True),
        (-np.inf, -np.inf, True),
        (np.inf, -np.inf, False),
        (np.inf, 1.7e308, False),
        (1.0, np.inf, False),
        (1.0, np.nan, False),
        (1.7e308, -1.7e308, False),
    ],
)
def test_a_value_agrees_as_exactly_as_the_server_stores_it(
    sent: float, got: float, agrees: bool
) -> None:
    samples = SentSamples(block_of((Y, [0], [sent])), [0])
    assert samples.agree(np.array([0]), np.array([got])).tolist() == [agrees]


def test_beside_a_large_value_of_its_series_a_small_one_may_lose_digits() -> None:
    block = block_of((Y, [0, 1], [1e10, 1e-6]), (Z, [0], [1e-6]))
    sent = SentSamples(block, [0, 1])
    altered = np.array([1e-6 + 0.9e-7, 1e-6 + 0.9e-7])
    assert sent.agree(np.array([1, 2]), altered).tolist() == [True, False]
    assert not sent.agree(np.array([1]), np.array([1e-6 + 1.1e-7])).any()


def test_an_infinity_is_not_what_the_digits_of_a_series_are_measured_by() -> None:
    sent = SentSamples(block_of((Y, [0, 1], [np.inf, 1.0])), [0])
    assert not sent.agree(np.array([1]), np.array([2.0])).any()


@pytest.mark.parametrize(
    ("sent", "got", "largest", "near"),
    [
        (1.0, 1.0, 0.0, True),
        (1.0, 1.0 + 1.009e-12, 0.0, True),
        (1.0, 1.0 + 1.02e-12, 0.0, False),
        (-1.0, -1.0 - 1.009e-12, 0.0, True),
        (0.0, 1e-12, 0.0, False),
        (0.0, 1e-12, 1e5, True),
        (0.0, 1.1e-12, 1e5, False),
        (1.0, np.nan, 1.0, False),
        (1e308, -1e308, 1e308, False),
        (1.0, np.inf, 1.0, False),
    ],
)
def test_a_value_is_near_within_a_share_of_itself_and_of_the_largest(
    sent: float,
    got: float,
    largest: float,
    near: bool,
) -> None:
    one = np.array([sent])
    allowed = allowed_loss(np.abs(one), largest)
    assert is_near(one, np.array([got]), allowed).tolist() == [near]


def test_an_infinity_is_near_itself_alone() -> None:
    sent = np.array([np.inf, np.inf, -np.inf, np.inf])
    got = np.array([np.inf, -np.inf, -np.inf, 1.0])
    assert is_near(sent, got, np.zeros(4)).tolist() == [True, False, True, False]
