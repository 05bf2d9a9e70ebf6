"""Which samples differ, one by one: as many as a comparison counts."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of, export_line
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.export.series_collector import SeriesSamples
from vm_df_writer.verification.sample_diffs import DIFFERENCES, SampleDiffs, diff_samples

Y, Z = {"__name__": "y"}, {"__name__": "z"}
VALUES = st.sampled_from([0.0, 1.0, 2.0])
SAMPLES = st.lists(st.tuples(st.integers(0, 9), VALUES), max_size=12)


def found_of(*series: list[tuple[int, float]]) -> list[SeriesSamples]:
    return [
        SeriesSamples(
            {},
            T + np.array([time for time, _ in samples], np.int64),
            np.array([value for _, value in samples], np.float64),
        )
        for samples in series
    ]


def rows(diffs: SampleDiffs) -> list[tuple[int, int, str, str]]:
    values = [f"{sent:g} {stored:g}" for sent, stored in zip(diffs.sent, diffs.stored, strict=True)]
    kinds = [DIFFERENCES[kind] for kind in diffs.kinds]
    times = (diffs.timestamps_ms - T).tolist()
    return list(zip(diffs.series.tolist(), times, kinds, values, strict=True))


def test_each_sample_that_differs_has_a_row() -> None:
    block = block_of((Y, [0, 1, 2, 3], [1, 2, 3, 4]), (Z, [0, 9], [5, 6]))
    found = found_of([(0, 1), (0, 1), (1, 7), (1, 2), (3, 8)], [(-1, 9), (0, 5), (4, 9), (9, 6)])
    assert rows(diff_samples(block, [0, 1], found)) == [
        (0, 0, "copied", "1 1"),
        (0, 1, "conflicting", "2 7"),
        (0, 2, "missing", "3 nan"),
        (0, 3, "conflicting", "4 8"),
        (1, 4, "foreign", "nan 9"),
    ]


def test_series_are_named_by_their_position_in_the_block() -> None:
    block = block_of((Y, [0], [1]), (Z, [0], [5]))
    assert rows(diff_samples(block, [1], found_of([]))) == [(1, 0, "missing", "5 nan")]


def test_what_is_the_same_has_no_rows() -> None:
    block = block_of((Y, [0, 1], [1, 2]))
    assert rows(diff_samples(block, [0], found_of([(0, 1.0), (1, 2.0)]))) == []


def test_what_a_server_leaves_out_as_configured_is_not_missing() -> None:
    block = block_of((Y, [100, 900, 1500], [1, 2, 3]))
    every_second = KeepOneRule(((np.iinfo(np.int64).max, 1000),))
    found = found_of([(900, 2.0), (1500, 3.0)])
    assert rows(diff_samples(block, [0], found, every_second)) == []
    assert rows(diff_samples(block, [0], found)) == [(0, 100, "missing", "1 nan")]


@given(st.dictionaries(st.integers(0, 9), VALUES, min_size=1), SAMPLES)
def test_there_are_as_many_as_a_comparison_counts(
    sent: dict[int, float], returned: list[tuple[int, float]]
) -> None:
    times = sorted(sent)
    block = block_of((Y, times, [sent[time] for time in times]))
    returned = sorted(returned)
    comparison = Comparison(block, [0])
    if returned:
        values = ",".join(str(value) for _, value in returned)
        comparison.add(export_line(Y, [time for time, _ in returned], values))
    kinds = [kind for _, _, kind, _ in rows(diff_samples(block, [0], found_of(returned)))]
    lost = comparison.series_diffs().get(0)
    more = comparison.surplus().get(0)
    missing, mismatched = (lost.missing, lost.mismatched) if lost else (0, 0)
    copies, conflicting, foreign = more[:3] if more else (0, 0, 0)
    assert kinds.count("missing") == missing
    assert kinds.count("conflicting") == mismatched + conflicting
    assert kinds.count("copied") == copies
    assert kinds.count("foreign") == foreign


@given(SAMPLES.filter(bool), SAMPLES)
def test_of_several_sent_for_one_time_each_is_found_or_has_a_row(
    sent: list[tuple[int, float]], returned: list[tuple[int, float]]
) -> None:
    sent, returned = sorted(sent), sorted(returned)
    block = block_of((Y, [time for time, _ in sent], [value for _, value in sent]))
    diffs = rows(diff_samples(block, [0], found_of(returned)))
    for time, value in sent:
        stored = [v for t, v in returned if t == time]
        here = [kind for _, ms, kind, _ in diffs if ms == time]
        if not stored:
            assert here.count("missing") == sum(t == time for t, _ in sent)
        elif value not in stored:
            assert "conflicting" in here
