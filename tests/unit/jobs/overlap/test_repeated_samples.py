"""Of two parts with a sample at one time, one keeps it; which one, `duplicates` says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from vm_df_writer.config.read_options import DuplicatesPolicy
from vm_df_writer.jobs.overlap.repeated_samples import OtherSamples, leave_out
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans, series_digest
from vm_df_writer.model.series import SeriesBlock

Y, Z = b'{"__name__":"y"}', b'{"__name__":"z"}'


def block(values: Sequence[Sequence[float]], times: Sequence[int] = (10, 20, 30)) -> SeriesBlock:
    """One row for y and one for z, as a wide frame has them."""
    offsets = np.array([0, len(times)])
    labels = [Y, Z][: len(values)]
    return SeriesBlock(labels, offsets, np.array(times), np.array(values, float))


@pytest.mark.parametrize(
    ("policy", "other_is_later", "left_out", "n_conflicts"),
    [
        ("last", False, [10], 2),  # equal ones are left out, whatever the policy
        ("last", True, [10, 20, 30], 0),
        ("first", False, [10, 20, 30], 0),
        ("first", True, [10], 2),
        ("max", False, [10, 20], 1),
        ("max", True, [10, 20], 1),
        ("error", False, [], 3),
    ],
)
def test_the_sample_stays_that_would_stay_in_one_frame_or_there_is_a_conflict(
    policy: DuplicatesPolicy, other_is_later: bool, left_out: list[int], n_conflicts: int
) -> None:
    other = OtherSamples([block([[1.0, 5.0, 3.0]])])
    part = [block([[1.0, 2.0, 9.0]])]
    repeats = other.compare(part, policy, other_is_later=other_is_later)
    times = repeats.left_out.get(series_digest(Y), np.empty(0))
    assert (sorted(times.tolist()), repeats.n_conflicts) == (left_out, n_conflicts)


def test_other_times_and_other_series_have_nothing_in_common() -> None:
    other = OtherSamples([block([[1.0]], times=[11])])
    repeats = other.compare(
        [block([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])], "error", other_is_later=False
    )
    assert not repeats.left_out
    assert repeats.conflict is None


def test_labels_in_another_order_are_the_same_series() -> None:
    one = SeriesBlock([b'{"a":"1","b":"2"}'], np.array([0, 1]), np.array([10]), np.array([[1.0]]))
    two = SeriesBlock([b'{"b":"2","a":"1"}'], np.array([0, 1]), np.array([10]), np.array([[7.0]]))
    repeats = OtherSamples([one]).compare([two], "last", other_is_later=False)
    assert repeats.n_conflicts == 1
    assert repeats.conflict is not None
    assert (repeats.conflict.value, repeats.conflict.other) == (7.0, 1.0)


def test_leaving_out_touches_no_other_series_and_counts_each_sample_once() -> None:
    whole = SeriesBlock(
        [Y, Z],
        np.array([0, 3]),
        np.array([10, 20, 30]),
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        dropped={"nan": 2, "duplicate": 1},
        adjusted={"inexact": 1},
    )
    rest = leave_out(whole, {series_digest(Z): np.array([10, 30])})
    assert [(labels, times.tolist(), values.tolist()) for labels, times, values in rest] == [
        (Y, [10, 20, 30], [1.0, 2.0, 3.0]),
        (Z, [20], [5.0]),
    ]
    assert dict(rest.dropped) == {"nan": 2, "duplicate": 3}
    assert dict(rest.adjusted) == {"inexact": 1}


def test_a_series_of_which_all_is_left_out_is_in_no_block() -> None:
    long = SeriesBlock(
        [Y, Z], np.array([0, 1, 3]), np.array([10, 10, 20]), np.array([[1.0, 2.0, 3.0]])
    )
    rest = leave_out(long, {series_digest(Y): np.array([10])})
    assert (list(rest.label_sets), rest.offsets.tolist()) == ([Z], [0, 2])
    nothing = leave_out(block([[1.0]], times=[10]), {series_digest(Y): np.array([10])})
    assert (nothing.n_series, nothing.dropped) == (0, {"duplicate": 1})


def test_spans_overlap_only_in_the_same_series_at_the_same_time() -> None:
    spans = SeriesSpans.of([block([[1.0, 2.0, 3.0]])])
    assert spans.overlap(SeriesSpans.of([block([[1.0]], times=[30])]))
    assert not spans.overlap(SeriesSpans.of([block([[1.0]], times=[31])]))
    z = SeriesBlock([Z], np.array([0, 1]), np.array([20]), np.array([[1.0]]))
    assert not spans.overlap(SeriesSpans.of([z]))
    assert not spans.overlap(SeriesSpans.of([SeriesBlock.of_nothing({"nan": 1})]))
