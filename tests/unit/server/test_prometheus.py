from __future__ import annotations

import json

import pytest

from vm_df_writer.server.prometheus import (
    program_of,
    prometheus_info,
    reach_s_of,
    retention_of,
    takes_any_order,
)
from vm_df_writer.server.server_info import ServerInfo

METRICS = """\
# HELP prometheus_build_info A metric.
prometheus_build_info{branch="HEAD",goversion="go1.24",tags="unknown",version="3.5.3+ds1"} 1
prometheus_tsdb_head_max_time 1.7672256e+12
"""


def answer(data: object) -> str:
    return json.dumps({"status": "success", "data": data})


def info(config: str = "", **flags: str) -> ServerInfo:
    named = {name.replace("_", "-"): value for name, value in flags.items()}
    return prometheus_info("3.5.3", METRICS, answer(named), answer({"yaml": config}))


@pytest.mark.parametrize(
    ("metrics", "found"),
    [
        (METRICS, ("prometheus", "3.5.3+ds1")),
        ('cortex_build_info{revision="1",version="2.10.0"} 1\n', ("cortex", "2.10.0")),
        ('thanos_build_info{version="0.34.0"} 1\n', ("thanos", "0.34.0")),
        ('vm_app_version{version="x", short_version="v1"} 1\n', None),
        ('go_build_info{version="(devel)"} 1\n', None),
        ("", None),
    ],
)
def test_a_program_is_told_by_its_build(metrics: str, found: tuple[str, str] | None) -> None:
    assert program_of(metrics) == found


def test_all_that_is_reported_is_known() -> None:
    found = info("storage:\n  tsdb:\n    outofordertimewindow: 1800000\n", a_b="1")
    assert (found.kind, found.version, found.head_max_ms) == ("prometheus", "3.5.3", 1767225600000)
    assert found.flags["a-b"] == "1"
    assert found.seconds("out_of_order_time_window") == 1800.0


@pytest.mark.parametrize("text", ["", "not JSON", "[]", '{"data": null}', '"text"'])
def test_what_is_not_reported_is_not_known(text: str) -> None:
    found = prometheus_info("2.42.0", "", text, text)
    assert (found.head_max_ms, found.flags) == (None, {"version": "2.42.0"})
    assert reach_s_of(found) == 3600.0
    assert not takes_any_order(found)


def test_an_empty_head_has_no_newest_sample() -> None:
    metrics = "prometheus_tsdb_head_max_time -9.223372036854776e+18\n"
    assert prometheus_info("2.42.0", metrics, "", "").head_max_ms is None


@pytest.mark.parametrize(
    ("config", "reach_s", "any_order"),
    [
        ("", 3600.0, False),
        ("    out_of_order_time_window: 30d\n", 30 * 86_400.0, True),
        ("    outofordertimewindow: 1800000\n    out_of_order_time_window: 30m\n", 3600.0, False),
        ("    outofordertimewindow: 3600000\n", 3600.0, True),
    ],
)
def test_the_window_reaches_back_if_it_is_longer_than_half_a_block(
    config: str, reach_s: float, *, any_order: bool
) -> None:
    found = info(config)
    assert reach_s_of(found) == reach_s
    assert takes_any_order(found) is any_order


@pytest.mark.parametrize(
    ("flags", "days"),
    [
        ({}, 15),
        ({"storage.tsdb.retention.time": "30d"}, 30),
        ({"storage.tsdb.retention.time": "0s", "storage.tsdb.retention": "5d"}, 5),
        ({"storage.tsdb.retention.time": "0s", "storage.tsdb.retention.size": "0B"}, 15),
        ({"storage.tsdb.retention.time": "0s", "storage.tsdb.retention.size": "9GB"}, None),
    ],
)
def test_the_retention_is_that_of_the_flags_or_15_days(
    flags: dict[str, str], days: int | None
) -> None:
    assert retention_of(ServerInfo(flags=flags)) == (None if days is None else days * 86_400)
