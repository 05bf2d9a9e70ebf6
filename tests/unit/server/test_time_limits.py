from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import block_of_rows
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.server.time_limits import TimeLimits, retention_s_of, time_limits_of

DAY_MS = 86_400_000
NOW_MS = 1767225600000


def single(**flags: str) -> ServerInfo:
    return ServerInfo(kind="single", flags=flags, set_flags=frozenset(flags))


def block_of(lengths: list[int], n_rows: int, times: list[int]) -> SeriesBlock:
    values = np.arange(n_rows * len(times), dtype=np.float64).reshape(n_rows, len(times))
    return block_of_rows(
        values, times, np.cumsum([0, *lengths]), dropped={"nan": 3}, adjusted={"inexact": 1}
    )


@given(data=st.data(), n_rows=st.integers(1, 3))
def test_what_is_kept_and_what_is_dropped_is_what_a_plain_loop_says(
    data: st.DataObject, n_rows: int
) -> None:
    groups = data.draw(
        st.lists(st.lists(st.integers(0, 20), min_size=1, max_size=5).map(sorted), min_size=1)
    )
    oldest, newest = data.draw(st.tuples(st.integers(-1, 21), st.integers(-1, 21)))
    block = block_of([len(g) for g in groups], n_rows, [time for g in groups for time in g])
    kept = TimeLimits(oldest_ms=oldest, newest_ms=newest).keep(block)
    expected = {}
    n_old = n_new = 0
    for label_set, times, values in block:
        pairs = [(int(t), v) for t, v in zip(times, values.tolist(), strict=True)]
        n_old += sum(t < oldest for t, _ in pairs)
        n_new += sum(t > newest for t, _ in pairs if t >= oldest)  # each counts once
        if inside := [(t, v) for t, v in pairs if oldest <= t <= newest]:
            expected[label_set] = inside
    found = {
        label_set: list(zip(times.tolist(), values.tolist(), strict=True))
        for label_set, times, values in kept
    }
    assert found == expected
    counted = {"nan": 3, "too_old": n_old, "too_new": n_new}
    assert kept.dropped == {reason: n for reason, n in counted.items() if n}


def test_a_block_of_which_all_is_kept_is_passed_on_as_it_is() -> None:
    block = block_of([2], 1, [10, 20])
    assert TimeLimits(oldest_ms=10, newest_ms=20).keep(block) is block
    assert TimeLimits().keep(block) is block
    nothing = SeriesBlock.of_nothing({"nan": 1})
    assert TimeLimits(oldest_ms=10).keep(nothing) is nothing


def test_the_newest_time_alone_bounds_a_block_too() -> None:
    kept = TimeLimits(newest_ms=10).keep(block_of_rows([[1.0, 2.0]], [10, 20]))
    assert kept.dropped == {"too_new": 1}


@pytest.mark.parametrize(
    ("flags", "oldest_days", "newest_days"),
    [
        ({"retentionPeriod": "1"}, 31, 2),
        ({"retentionPeriod": "2"}, 62, 2),
        ({"retentionPeriod": "3d"}, 3, 2),
        ({"retentionPeriod": "1y"}, 365, 2),
        ({"retentionPeriod": "1", "futureRetention": "1y"}, 31, 365),
        ({"retentionPeriod": "1", "futureRetention": "1h"}, 31, 2),
        ({"retentionPeriod": "1", "maxBackfillAge": "0"}, 31, 2),
    ],
)
def test_a_single_node_stores_what_its_flags_say(
    flags: dict[str, str], oldest_days: int, newest_days: int
) -> None:
    assert time_limits_of(single(**flags), NOW_MS) == TimeLimits(
        oldest_ms=NOW_MS - oldest_days * DAY_MS + 120_000, newest_ms=NOW_MS + newest_days * DAY_MS
    )


def oldest_days(limits: TimeLimits) -> float:
    assert limits.oldest_ms is not None
    return (NOW_MS + 120_000 - limits.oldest_ms) / DAY_MS


def test_how_old_a_backfill_may_be_is_told_from_the_retention() -> None:
    limits = time_limits_of(single(retentionPeriod="1", maxBackfillAge="7d"), NOW_MS)
    assert (oldest_days(limits), limits.oldest_remedy) == (7, "raise its -maxBackfillAge")


VMSTORAGE = ServerInfo(kind="vmstorage", flags={"retentionPeriod": "7d"})
VMINSERT = ServerInfo(kind="vminsert")


def test_of_storages_the_shortest_retention_counts() -> None:
    other = ServerInfo(kind="vmstorage", flags={"retentionPeriod": "1y", "futureRetention": "9d"})
    limits = time_limits_of(VMINSERT, NOW_MS, storages=[other, VMSTORAGE, ServerInfo()])
    assert oldest_days(limits) == 7
    assert limits.newest_ms == NOW_MS + 2 * DAY_MS


def test_a_configured_retention_holds_where_it_is_shorter() -> None:
    limits = time_limits_of(VMINSERT, NOW_MS, retention_s=3 * 86_400.0)
    assert (oldest_days(limits), limits.oldest_remedy) == (3, "correct retention")
    assert limits.newest_ms is None
    limits = time_limits_of(VMINSERT, NOW_MS, storages=[VMSTORAGE], retention_s=9 * 86_400.0)
    assert (oldest_days(limits), limits.oldest_remedy) == (7, "raise its -retentionPeriod")


@pytest.mark.parametrize(
    "facts",
    [
        ServerInfo(),
        single(retentionPeriod="some day"),
        ServerInfo(kind="vmagent", flags={"retentionPeriod": "1"}),
        ServerInfo(kind="vminsert", flags={"maxLabelsPerTimeseries": "30"}),
    ],
)
def test_nothing_is_withheld_from_a_server_that_does_not_tell(facts: ServerInfo) -> None:
    assert time_limits_of(facts, NOW_MS) == TimeLimits()


def test_where_series_are_kept_for_different_times_none_is_too_old() -> None:
    flags = {"retentionPeriod": "1", "retentionFilter": '{team="a"}:1y'}
    assert time_limits_of(single(**flags), NOW_MS).oldest_ms is None


def test_a_retention_that_cannot_be_read_is_not_known() -> None:
    assert retention_s_of(ServerInfo()) is None
    assert retention_s_of(ServerInfo(flags={"retentionPeriod": "x"})) is None


@pytest.mark.parametrize("flag", ["retentionPeriod", "futureRetention", "maxBackfillAge"])
@pytest.mark.parametrize(
    "value", ["inf", "nan", "1e999", "-1", "9" * 400, "9" * 400 + "y", "1e999d", "infinity", "٣d"]
)
def test_a_duration_that_is_none_limits_nothing(flag: str, value: str) -> None:
    flags = {"retentionPeriod": "100y"} | {flag: value}
    limits = time_limits_of(single(**flags), NOW_MS)
    if flag == "retentionPeriod":
        assert limits == TimeLimits()
    else:
        assert limits == time_limits_of(single(retentionPeriod="100y"), NOW_MS)


def test_where_two_clocks_disagree_nothing_is_dropped_that_one_of_them_would_keep() -> None:
    facts = single(retentionPeriod="1d")
    limits = time_limits_of(facts, NOW_MS, NOW_MS + 3_600_000)
    assert limits.oldest_ms == time_limits_of(facts, NOW_MS).oldest_ms
    assert limits.newest_ms == time_limits_of(facts, NOW_MS + 3_600_000).newest_ms
