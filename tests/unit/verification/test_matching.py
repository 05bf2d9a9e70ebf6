from __future__ import annotations

import numpy as np

from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.matching import match_samples

FOREVER = int(np.iinfo(np.int64).max)

Sample = tuple[int, int, float]  # series, time, value


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
