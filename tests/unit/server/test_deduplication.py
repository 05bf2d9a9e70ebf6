"""What a server leaves out as configured is told from what it loses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of, block_of_rows, export_line
from vm_df_writer.server.deduplication import KeepOneRule, keep_one_rule_of
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.verification.comparison import Comparison

FOREVER = int(np.iinfo(np.int64).max)
EVERY_SECOND = KeepOneRule(((FOREVER, 1000),))
EVERY_MILLISECOND = KeepOneRule(((FOREVER, 1),))
Y = {"__name__": "y"}


def tally(
    deduplication: KeepOneRule | None,
    sent: Sequence[tuple[int, float]],
    returned: Sequence[tuple[int, float]],
) -> tuple[int, int, int]:
    """Return how many samples are missing, mismatched and deduplicated."""
    block = block_of((Y, [t for t, _ in sent], [v for _, v in sent]))
    comparison = Comparison(block, [0], deduplication)
    if returned:
        values = ",".join(str(value) for _, value in returned)
        comparison.add(export_line(Y, [t for t, _ in returned], values))
    incomplete = comparison.series_diffs().get(0)
    lost = (incomplete.missing, incomplete.mismatched) if incomplete else (0, 0)
    return *lost, comparison.deduplicated().get(0, 0)


def ones(*times: int) -> list[tuple[int, float]]:
    return [(time, 1.0) for time in times]


def test_the_last_sample_of_an_interval_stands_for_the_others() -> None:
    assert tally(EVERY_SECOND, ones(0, 100, 900, 1000, 1001), ones(0, 1000, 1001)) == (0, 0, 2)


def test_a_sample_of_an_interval_of_which_nothing_came_back_is_missing() -> None:
    assert tally(EVERY_SECOND, ones(0, 100, 900, 1500), ones(0, 1500)) == (2, 0, 0)


def test_a_sample_with_an_earlier_one_in_its_place_is_missing() -> None:
    assert tally(EVERY_SECOND, ones(100, 900), ones(100)) == (1, 0, 0)


def test_where_two_of_an_interval_came_back_the_others_are_missing() -> None:
    assert tally(EVERY_SECOND, ones(100, 500, 900, 1000), ones(500, 1000)) == (2, 0, 0)


def test_a_later_sample_of_somebody_else_may_stand_for_ours() -> None:
    assert tally(EVERY_SECOND, ones(100, 900), ones(950)) == (0, 0, 2)
    assert tally(EVERY_SECOND, ones(100, 900), ones(1001)) == (2, 0, 0)


def test_without_deduplication_all_that_did_not_come_back_is_missing() -> None:
    assert tally(None, ones(0, 100, 900, 1000), ones(0, 1000)) == (2, 0, 0)
    assert tally(EVERY_MILLISECOND, ones(0, 100, 900, 1000), ones(0, 1000)) == (2, 0, 0)


def test_the_one_that_stands_in_must_have_its_own_value() -> None:
    assert tally(EVERY_SECOND, ones(100, 1000), [(1000, 7.0)]) == (0, 1, 1)


@pytest.mark.parametrize("kept", [5.0, 9.0, 7.0])
def test_of_several_samples_at_one_time_one_is_kept(kept: float) -> None:
    sent = [(0, 5.0), (0, 9.0), (0, 7.0), (1000, 1.0)]
    assert tally(EVERY_MILLISECOND, sent, [(0, kept), (1000, 1.0)]) == (0, 0, 2)
    assert tally(None, sent, [(0, kept), (1000, 1.0)]) == (0, 2, 0)
    assert tally(EVERY_MILLISECOND, sent, [(0, 6.0), (1000, 1.0)]) == (0, 3, 0)


def test_the_range_that_is_read_ends_with_an_interval() -> None:
    block = block_of((Y, [0, 1500], [1, 1]))
    assert Comparison(block, [0], EVERY_SECOND).range_ms == (T, T + 2000)
    assert Comparison(block, [0]).range_ms == (T, T + 1500)


def test_what_is_missing_becomes_a_block_of_its_own() -> None:
    block = block_of_rows(
        [[1, 2, 3], [4, 5, 6]],
        [T, T + 10, T + 20],
        [0, 2, 3],
        [orjson.dumps({"__name__": name}) for name in ("y", "z", "a", "b")],
        has_infinities=True,
    )
    comparison = Comparison(block, [3, 0, 1])
    comparison.add(b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[%d]}' % T)
    comparison.add(b'{"metric":{"__name__":"z"},"values":[9],"timestamps":[%d]}' % (T + 20))
    missing = comparison.missing_block()
    assert [(labels, times.tolist(), values.tolist()) for labels, times, values in missing] == [
        (b'{"__name__":"b"}', [T + 20], [6.0]),
        (b'{"__name__":"y"}', [T + 10], [2.0]),
    ]
    assert missing.has_infinities
    everything = Comparison(block, [2])
    everything.add(b'{"metric":{"__name__":"a"},"values":[4,5],"timestamps":[%d,%d]}' % (T, T + 10))
    assert everything.missing_block().n_series == 0


@given(
    times=st.lists(st.integers(-50, 50), min_size=1, unique=True).map(sorted),
    interval=st.integers(1, 30),
    lost=st.sets(st.integers(0, 10)),
)
def test_what_a_server_keeps_of_each_interval_is_all_that_is_needed(
    times: list[int], interval: int, lost: set[int]
) -> None:
    last = {-(-(T + time) // interval): time for time in times}
    kept = [time for number, time in enumerate(last.values()) if number not in lost]
    gone = [time for time in times if last[-(-(T + time) // interval)] not in kept]
    counts = tally(KeepOneRule(((FOREVER, interval),)), ones(*times), ones(*kept))
    assert counts == (len(gone), 0, len(times) - len(kept) - len(gone))


def test_a_server_tells_its_intervals() -> None:
    told = ServerInfo(flags={"dedup.minScrapeInterval": "30s"})
    periods = ServerInfo(flags={"downsampling.period": '{a=~"x,1:2y"}:30d:1m,180d:1h'})
    assert keep_one_rule_of([ServerInfo()], T) is None
    assert keep_one_rule_of([ServerInfo(flags={"dedup.minScrapeInterval": "0s"})], T) is None
    assert keep_one_rule_of([told], T) == KeepOneRule(((FOREVER, 30_000),))
    day = 86_400_000
    assert keep_one_rule_of([periods], T) == KeepOneRule(
        ((T - 30 * day, 60_000), (T - 180 * day, 3_600_000))
    )


def test_the_longest_of_several_intervals_counts() -> None:
    deduplication = KeepOneRule(((FOREVER, 10), (T, 1000)))
    assert deduplication.interval_ends(np.array([T - 1001, T - 999, T + 1])).tolist() == [
        T - 1000, T, T + 10
    ]  # fmt: skip
