from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from vm_df_writer.frames.samples.time_order import (
    ascending_within,
    cut_by_time,
    order_by_group_and_time,
    rows_per_time,
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
