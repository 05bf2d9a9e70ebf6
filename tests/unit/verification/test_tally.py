from __future__ import annotations

import numpy as np

from vm_df_writer.verification.tally import Tally


def positions(*numbers: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(numbers, np.int64)


def agrees(*answers: bool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.array(answers, np.bool_)


def test_before_anything_has_come_back_nothing_is_seen_and_nothing_counted() -> None:
    tally = Tally.of_nothing(3, n_series=2)
    assert not (tally.seen | tally.good | tally.covered).any()
    assert tally.foreign.tolist() == [0, 0]
    assert tally.counts is None


def test_a_sample_that_came_back_with_another_value_is_seen_and_not_good() -> None:
    tally = Tally.of_nothing(3, n_series=1)
    tally.add_once(positions(0, 2), agrees(True, False))
    assert tally.seen.tolist() == [True, False, True]
    assert tally.good.tolist() == [True, False, False]


def test_a_sample_stays_good_when_another_value_comes_back_later() -> None:
    tally = Tally.of_nothing(1, n_series=1)
    tally.add_once(positions(0), agrees(True))
    tally.add_once(positions(0), agrees(False))
    assert tally.good.tolist() == [True]


def test_samples_that_come_back_once_are_not_counted_one_by_one() -> None:
    tally = Tally.of_nothing(2, n_series=1)
    tally.add_once(positions(0, 1), agrees(True, True))
    assert tally.counts is None


def test_the_first_count_holds_what_had_come_back_before() -> None:
    tally = Tally.of_nothing(3, n_series=1)
    tally.add_once(positions(0, 1), agrees(True, False))
    tally.add(positions(), agrees())
    assert tally.counts is not None
    assert tally.counts.tolist() == [[1, 0, 0], [0, 1, 0]]


def test_each_of_several_that_stand_for_one_sample_is_counted() -> None:
    tally = Tally.of_nothing(2, n_series=1)
    tally.add(positions(1, 1, 1, 0), agrees(True, True, False, False))
    assert tally.counts is not None
    assert tally.counts.tolist() == [[0, 2], [1, 1]]
    assert tally.good.tolist() == [False, True]


def test_what_comes_back_once_is_counted_too_from_then_on() -> None:
    tally = Tally.of_nothing(2, n_series=1)
    tally.add(positions(0), agrees(True))
    tally.add_once(positions(0, 1), agrees(False, True))
    assert tally.counts is not None
    assert tally.counts.tolist() == [[1, 1], [1, 0]]


def test_a_copy_stays_as_it_is_when_more_comes_back() -> None:
    tally = Tally.of_nothing(2, n_series=1)
    uncounted = tally.copy()
    tally.add(positions(0), agrees(True))
    counted = tally.copy()
    tally.add(positions(1, 1), agrees(True, True))
    tally.covered[0] = True
    tally.foreign[0] = 5
    assert not (uncounted.seen | uncounted.good | uncounted.covered).any()
    assert uncounted.counts is None
    assert uncounted.foreign.tolist() == [0]
    assert counted.seen.tolist() == [True, False]
    assert counted.counts is not None
    assert counted.counts.tolist() == [[1, 0], [0, 0]]
