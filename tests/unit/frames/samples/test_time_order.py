from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.frames.samples.time_order import (
    ascending_within,
    cut_by_time,
    order_by_group_and_time,
    radix_order,
    repeated_times,
    rows_per_time,
)

GROUPS = st.lists(st.lists(st.integers(0, 4), min_size=1, max_size=4), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("times", "offsets", "expected"),
    [
        ([1, 2, 3], [0, 3], (True, True)),
        ([1, 1, 3], [0, 3], (True, False)),
        ([2, 1], [0, 2], (False, False)),
        ([5, 1, 2], [0, 1, 3], (True, True)),
        ([1], [0, 1], (True, True)),
        ([], [0], (True, True)),
    ],
)
def test_ascending_is_asked_within_groups(
    times: list[int], offsets: list[int], expected: tuple[bool, bool]
) -> None:
    assert ascending_within(np.array(times, np.int64), np.array(offsets)) == expected


@pytest.mark.parametrize("n_groups", [1, 3, 70_000])
@pytest.mark.parametrize("span_ms", [1, 3, 2**15, 2**16, 2**33, 2**55])
@pytest.mark.parametrize("step_ms", [1, 7, 15_000])
def test_rows_are_sorted_by_group_and_time_as_a_lexsort_does(
    n_groups: int, span_ms: int, step_ms: int
) -> None:
    rng = np.random.default_rng(n_groups)
    for n_rows in (1, 2, 5000):
        groups = rng.integers(0, n_groups, n_rows)
        ms = rng.integers(0, max(1, span_ms // step_ms), n_rows) * step_ms - 12_345
        ms[-1] += int(rng.integers(0, 2))  # at times off the step
        found = order_by_group_and_time(groups, n_groups, ms)
        assert found.tolist() == np.lexsort((ms, groups)).tolist()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=20))
def test_few_rows_are_sorted_as_python_does_it(rows: list[tuple[int, int]]) -> None:
    groups, ms = np.array(rows).T
    expected = sorted(range(len(rows)), key=rows.__getitem__)
    assert order_by_group_and_time(groups, 3, ms).tolist() == expected


@pytest.mark.parametrize("step_ms", [2, 7, 15_000])
def test_times_off_the_step_of_the_others_are_sorted_too(step_ms: int) -> None:
    rng = np.random.default_rng(0)
    ms = rng.integers(0, 100, 5000) * step_ms
    ms[1::5] += rng.integers(0, step_ms, 1000)
    found = order_by_group_and_time(np.zeros(5000, np.int64), 1, ms)
    assert found.tolist() == np.argsort(ms, kind="stable").tolist()


def test_a_repeated_time_beside_a_gap_leaves_no_row_out() -> None:
    ms = np.array([0, 1, 3, 3])
    assert order_by_group_and_time(np.zeros(4, np.int64), 1, ms).tolist() == [0, 1, 2, 3]


def test_the_largest_of_65537_times_is_the_last() -> None:
    ms = np.array([2**16, 5, 0])
    assert order_by_group_and_time(np.zeros(3, np.int64), 1, ms).tolist() == [2, 1, 0]


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_spans_follow_each_other_and_keep_equal_times_together(most: int) -> None:
    ms = np.array([1, 1, 1, 2, 3, 3, 4])
    spans = list(cut_by_time(ms, most))
    assert [row for span in spans for row in range(span.start, span.stop)] == list(range(7))
    assert all(ms[a.stop - 1] < ms[b.start] for a, b in pairwise(spans))


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([], 0),
        ([5], 1),
        ([5, 5], 2),
        ([5, 6, 7], 1),
        ([5, 5, 7, 7, 5, 5], 2),
        ([5, 5, 7], 0),
        ([5, 5, 7, 5], 0),
    ],
)
def test_rows_share_a_time_evenly_or_not(times: list[int], expected: int) -> None:
    assert rows_per_time(np.array(times, np.int64)) == expected


@given(GROUPS)
def test_neighbours_are_compared_within_a_group_as_in_a_loop(groups: list[list[int]]) -> None:
    times = np.array([time for group in groups for time in group])
    offsets = np.cumsum([0, *map(len, groups)])
    steps = [b - a for group in groups for a, b in pairwise(group)]
    assert ascending_within(times, offsets) == (
        all(step >= 0 for step in steps),
        all(step > 0 for step in steps),
    )
    repeated, start = [], 0
    for group in groups:
        repeated += [start + i for i, (a, b) in enumerate(pairwise(group)) if a == b]
        start += len(group)
    assert repeated_times(times, offsets).tolist() == repeated


@given(st.lists(st.integers(0, 9), max_size=20).map(sorted), st.integers(1, 9))
def test_a_span_ends_with_the_time_that_fills_it(times: list[int], most: int) -> None:
    spans: list[list[int]] = [[]]
    for i, time in enumerate(times):
        if len(spans[-1]) >= most and time != times[i - 1]:
            spans.append([])
        spans[-1].append(time)
    found = [times[span] for span in cut_by_time(np.array(times, np.int64), most)]
    assert found == (spans if times else [])


@pytest.mark.parametrize("n_bits", [1, 15, 16, 17, 32, 33, 48, 49, 62])
def test_numbers_of_any_width_are_ordered_as_a_stable_sort_does(n_bits: int) -> None:
    rng = np.random.default_rng(n_bits)
    numbers = rng.integers(0, 2**n_bits, 500)
    numbers[::7] = numbers[0]
    numbers[3::7] = 2**n_bits - 1
    assert radix_order(numbers, n_bits).tolist() == np.argsort(numbers, kind="stable").tolist()


@pytest.mark.parametrize("n_groups", [1, 2**30])
def test_groups_and_times_too_many_for_one_number_are_sorted_nevertheless(n_groups: int) -> None:
    ms = np.array([2**62, 0, 2**62, 5, 0])
    groups = np.array([n_groups - 1, n_groups - 1, 0, 0, 0])
    found = order_by_group_and_time(groups, n_groups, ms)
    assert found.tolist() == np.lexsort((ms, groups)).tolist()
