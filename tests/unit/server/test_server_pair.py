from __future__ import annotations

import time
from typing import Any

import pytest

from vm_df_writer.server.server_info import ServerInfo
from vm_df_writer.server.server_pair import ServerPair
from vm_df_writer.transport.receiver import OTHER, PROMETHEUS


@pytest.mark.parametrize(
    ("pair", "way"),
    [
        ({}, "export"),
        ({"receiver": PROMETHEUS}, "query"),
        ({"receiver": OTHER}, ""),
        ({"receiver": OTHER, "read": ServerInfo(kind="single")}, "export"),
        ({"receiver": OTHER, "read": ServerInfo(kind="prometheus")}, "query"),
    ],
)
def test_samples_are_read_back_by_what_the_server_that_is_read_from_is(
    pair: dict[str, Any], way: str
) -> None:
    assert ServerPair(**pair).reads_back == way


@pytest.mark.parametrize("ahead_s", [None, 0.0, 1.9, -1.9])
def test_a_clock_that_differs_by_the_noise_of_dates_is_ours(ahead_s: float | None) -> None:
    before_ms = round(time.time() * 1000)
    now_ms = ServerPair(clock_ahead_s=ahead_s).now_ms()
    assert before_ms <= now_ms <= round(time.time() * 1000)


@pytest.mark.parametrize("ahead_s", [-3600.0, 2.0, 3600.0])
def test_the_time_of_the_server_is_ours_and_what_it_is_ahead(ahead_s: float) -> None:
    before_ms = round((time.time() + ahead_s) * 1000)
    pair = ServerPair(clock_ahead_s=ahead_s)
    assert before_ms <= pair.now_ms() <= round((time.time() + ahead_s) * 1000)


@pytest.mark.parametrize("ahead_s", [-3600.0, 3600.0])
def test_a_date_does_not_decide_alone_what_time_it_is(ahead_s: float) -> None:
    earlier_ms, later_ms = ServerPair(clock_ahead_s=ahead_s).now_range_ms()
    assert 3_590_000 < later_ms - earlier_ms <= 3_600_010
    now_ms = time.time() * 1000
    ours_ms = earlier_ms if ahead_s > 0 else later_ms
    assert abs(ours_ms - now_ms) < 60_000


def test_without_a_word_of_a_server_nothing_is_altered_and_nothing_deduplicated() -> None:
    assert ServerPair().altering == {}
    assert ServerPair().deduplication() is None


NO_DEDUPLICATION = {"dedup.minScrapeInterval": "0s"}


@pytest.mark.parametrize(
    ("pair", "shows_all"),
    [
        ({"read": ServerInfo(kind="single", flags=NO_DEDUPLICATION)}, True),
        ({"read": ServerInfo(kind="vmselect", flags=NO_DEDUPLICATION)}, True),
        ({}, False),
        ({"read": ServerInfo(kind="single", flags={"retentionPeriod": "1y"})}, False),
        ({"read": ServerInfo(kind="vmauth", flags=NO_DEDUPLICATION)}, False),
        ({"read": ServerInfo(kind="single", flags={"dedup.minScrapeInterval": "1ms"})}, False),
        (
            {
                "read": ServerInfo(kind="vmselect", flags=NO_DEDUPLICATION),
                "storages": (ServerInfo(flags={"dedup.minScrapeInterval": "1ms"}),),
            },
            False,
        ),
        (
            {
                "read": ServerInfo(
                    kind="single", flags=NO_DEDUPLICATION | {"downsampling.period": "30d:5m"}
                )
            },
            False,
        ),
    ],
)
def test_a_server_shows_all_that_it_stores_if_it_says_that_it_leaves_out_nothing(
    pair: dict[str, Any],
    shows_all: bool,
) -> None:
    assert ServerPair(**pair).shows_all_stored == shows_all
