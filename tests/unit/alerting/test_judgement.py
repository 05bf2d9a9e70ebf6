from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.alerting.judgement import Intervals, interval_frame, overlaps, runs


def intervals(*pairs: tuple[int, int], **labels: str) -> Intervals:
    starts, ends = np.array(pairs, np.int64).reshape(-1, 2).T
    return Intervals(labels, starts, ends)


def test_a_run_ends_where_samples_are_too_far_apart() -> None:
    times, active = np.array([0, 1, 2, 9, 10, 11]), np.array([1, 1, 0, 1, 1, 1], bool)
    assert runs(times, active).tolist() == [[0, 9], [1, 11]]
    everywhere = np.ones(6, bool)
    assert runs(times, everywhere, longest_gap_ms=1).tolist() == [[0, 9], [2, 11]]


def test_no_sample_makes_no_run() -> None:
    nothing = np.empty(0, np.int64)
    assert runs(nothing, nothing.astype(bool), longest_gap_ms=1).shape == (2, 0)


@pytest.mark.parametrize(
    ("interval", "met"),
    [
        ((0, 9), False),
        ((0, 10), True),  # both ends are included
        ((12, 13), True),
        ((20, 25), True),
        ((21, 29), False),
        ((35, 99), True),
        ((50, 99), False),
    ],
)
def test_intervals_meet_where_they_share_a_moment(interval: tuple[int, int], met: bool) -> None:
    others = [intervals((10, 20), (30, 40))]
    assert overlaps(intervals(interval), others)[0].tolist() == [met]


def test_intervals_that_lie_within_others_hide_nothing() -> None:
    others = [intervals((0, 100), (10, 20), (30, 40))]
    met, first = overlaps(intervals((50, 60), (15, 16), (101, 102)), others)
    assert met.tolist() == [True, True, False]
    assert first[:2].tolist() == [0, 0]
    assert np.isnan(first[2])


def test_the_earliest_of_all_that_fit_counts() -> None:
    others = [intervals((40, 50)), intervals((20, 30)), intervals((60, 70))]
    assert overlaps(intervals((0, 100)), others)[1].tolist() == [20]


def test_only_label_sets_without_a_contradiction_fit() -> None:
    firing = intervals((0, 10), host="a", alertname="High")
    assert overlaps(firing, [intervals((5, 6), host="b")])[0].tolist() == [False]
    assert overlaps(firing, [intervals((5, 6), host="a", zone="x")])[0].tolist() == [True]
    assert overlaps(firing, [intervals((5, 6))])[0].tolist() == [True]


def test_a_frame_of_intervals_is_in_order_of_time_and_keeps_every_label() -> None:
    parts = [
        (intervals((5, 6), (1, 2), host="a"), {"hit": np.array([True, False])}),
        (intervals((3, 4), end="of the world"), {"hit": np.array([True])}),
    ]
    frame = interval_frame(parts)
    assert [start.timestamp() for start in frame["start"]] == [0.001, 0.003, 0.005]
    assert frame["hit"].tolist() == [False, True, True]
    assert frame.loc[1, "label_end"] == "of the world"
    assert interval_frame([]).empty
