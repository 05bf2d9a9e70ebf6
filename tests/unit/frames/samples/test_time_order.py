from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vm_df_writer.frames.samples.time_order import (
    ascending_within,
    cut_by_time,
    rows_per_time,
    sort_within,
)


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


def test_sorting_stays_within_groups_and_is_stable() -> None:
    assert sort_within(np.array([2, 1, 2, 9, 8]), np.array([0, 3, 5])).tolist() == [1, 0, 2, 4, 3]


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
