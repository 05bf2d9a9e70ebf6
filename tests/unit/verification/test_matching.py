from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.matching import match_samples, ranks_in_runs

FOREVER = int(np.iinfo(np.int64).max)

Sample = tuple[int, int, float]  # series, time, value
SAMPLES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6), st.integers(0, 4)), max_size=9)


def match(
    sent: list[Sample], returned: list[Sample], rule: KeepOneRule | None = None
) -> tuple[set[tuple[int, int]], list[int]]:
    """Return the pairs of positions that have the same series and time, and what is covered."""
    slot, time, value = zip(*sent, *returned, strict=True)
    matches = match_samples(
        np.array(slot), np.array(time), np.array(value, np.float64), len(sent), rule
    )
    pairs = {
        (int(ours), int(theirs) - len(sent))
        for both in matches.pairs
        for ours, theirs in zip(*both, strict=True)
    }
    assert matches.covered.dtype == np.int64  # positions, with which arrays are indexed
    return pairs, sorted(matches.covered.tolist())


def test_a_copy_of_another_series_or_time_stands_for_nothing() -> None:
    assert match([(0, 10, 1.0)], [(1, 10, 1.0), (0, 11, 1.0), (0, 9, 1.0)]) == (set(), [])


def test_the_nearest_of_several_copies_is_among_the_pairs() -> None:
    pairs, _ = match([(0, 10, 2.0)], [(0, 10, 9.0), (0, 10, 2.1), (0, 10, 1.0)])
    assert (0, 1) in pairs


def test_where_nothing_came_back_nothing_is_covered() -> None:
    assert match([(0, 10, 1.0)], [], KeepOneRule(((FOREVER, 100),))) == (set(), [])


def test_a_later_sample_alone_in_its_interval_covers_the_earlier_ones() -> None:
    rule = KeepOneRule(((FOREVER, 100),))
    sent = [(0, 10, 1.0), (0, 20, 1.0), (0, 110, 1.0)]
    assert match(sent, [(0, 20, 1.0)], rule) == ({(1, 0)}, [0])
    assert match(sent, [(0, 20, 1.0), (0, 30, 1.0)], rule)[1] == []
    assert match(sent, [(0, 20, 1.0), (0, 20, 1.0)], rule)[1] == [0]
    assert match(sent, [(0, 20, 1.0), (0, 20, 2.0), (0, 30, 1.0)], rule)[1] == []


@given(SAMPLES.filter(bool), SAMPLES)
def test_each_sample_has_its_nearest_counterpart_as_in_a_loop(
    sent: list[Sample], returned: list[Sample]
) -> None:
    pairs, _ = match(sent, returned)
    alike = {
        (i, j): abs(ours[2] - theirs[2])
        for i, ours in enumerate(sent)
        for j, theirs in enumerate(returned)
        if ours[:2] == theirs[:2]
    }
    assert pairs <= alike.keys()
    for side in (0, 1):
        for one in {both[side] for both in alike}:
            of_one = {both: apart for both, apart in alike.items() if both[side] == one}
            assert min(of_one.values()) in {of_one[both] for both in pairs & of_one.keys()}


@given(SAMPLES.filter(bool), SAMPLES, st.integers(1, 5))
def test_what_covers_a_sample_is_found_as_in_a_loop(
    sent: list[Sample], returned: list[Sample], interval: int
) -> None:
    expected = []
    for i, (series, time, _) in enumerate(sent):
        end = -(-time // interval)
        came_back = {t for s, t, _ in returned if s == series and -(-t // interval) == end}
        if len(came_back) == 1 and came_back.pop() > time:
            expected.append(i)
    assert match(sent, returned, KeepOneRule(((FOREVER, interval),)))[1] == expected


@given(st.lists(st.integers(0, 3), max_size=9))
def test_a_rank_counts_the_equal_values_right_before(values: list[int]) -> None:
    expected: list[int] = []
    for i, value in enumerate(values):
        expected.append(expected[-1] + 1 if i and values[i - 1] == value else 0)
    assert ranks_in_runs(np.array(values, np.int64)).tolist() == expected
