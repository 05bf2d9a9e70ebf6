from __future__ import annotations

from collections.abc import Hashable

import pytest

from vm_df_writer.frames.roles.name_words import (
    are_counted_together,
    is_time_name,
    names_a_condition,
    names_a_key,
    names_a_row,
    names_a_thing,
    names_a_thing_by_number,
    part_of_time,
    words_of,
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CPUUsage", ["cpu", "usage"]),
        ("cpu_usage%", ["cpu", "usage"]),
        ("p99Latency.ms", ["p", "99", "latency", "ms"]),
        ("", []),
        ("__", []),
        ("名前_id", ["名前", "id"]),
        (("cpu", "host"), ["cpu", "host"]),
        (None, ["none"]),
        (1.5, ["1", "5"]),
    ],
)
def test_a_name_is_cut_where_its_case_its_digits_or_its_marks_change(
    name: Hashable, words: list[str]
) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize("name", ["ds", "TIMESTAMP", "dateTime", "time-stamp", " Date "])
def test_times_are_called_so_whatever_the_case_and_the_marks(name: str) -> None:
    assert is_time_name(name)


@pytest.mark.parametrize("name", ["uptime", "time_ms", "created", ("time",), 7, None, ""])
def test_other_names_are_not_those_of_times(name: Hashable) -> None:
    assert not is_time_name(name)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("Jahr", "year"), ("day_of_month", "day"), ("Tag", "day"), ("SS", "second"),
        ("mi", "minute"), ("week", "period"), ("hour ending", "hour"), ("days", None),
        ("minutes", None), ("", None), (("year",), "year"),
    ],
)  # fmt: skip
def test_a_part_of_a_time_is_known_by_its_whole_name(name: Hashable, part: str | None) -> None:
    assert part_of_time(name) == part


@pytest.mark.parametrize("name", ["host_ids", "customerid", "GUID", "order nr", "id", "shipId"])
def test_keys_are_called_so(name: str) -> None:
    assert names_a_key(name)
    assert names_a_row(name)
    assert names_a_thing(name)
    assert names_a_thing_by_number(name)


@pytest.mark.parametrize("name", ["paid", "grid", "valid", "idle", "id_count", "", 3])
def test_what_only_sounds_like_a_key_is_none(name: Hashable) -> None:
    assert not names_a_key(name)


@pytest.mark.parametrize("name", ["#", " # ", "Lfd.Nr", "Row Number", "d3m_index", "my_row"])
def test_rows_are_numbered_under_these_names(name: str) -> None:
    assert names_a_row(name)


@pytest.mark.parametrize("name", ["rows", "cycle", "rowing", "", "##", "index_of_pollution"])
def test_rows_are_not_numbered_under_other_names(name: str) -> None:
    assert not names_a_row(name)


def test_counts_of_one_kind_stand_beside_each_other() -> None:
    assert are_counted_together("n_car", ["y", "n_truck"])
    assert are_counted_together("system", ["cpu_idle"])
    assert not are_counted_together("car", [])
    assert not are_counted_together("car", ["car_speed", "idle"])
    assert not are_counted_together("rack", ["bus", "idle"])


def test_a_condition_may_stand_anywhere_in_a_name() -> None:
    assert names_a_condition("state_of_machine")
    assert names_a_condition("httpStatus")
    assert not names_a_condition("estate")


def test_a_key_of_a_condition_names_which_and_not_how() -> None:
    assert not names_a_condition("event_id")
    assert names_a_thing("event_id")


@pytest.mark.parametrize("name", ["host", "hostName", "sensor code", "machine no", "site_name_nr"])
def test_things_are_named_by_the_last_word_that_is_no_numbering(name: str) -> None:
    assert names_a_thing(name)


@pytest.mark.parametrize(
    "name", ["hosts", "host_up", "no", "number", "product", "customer_name", ""]
)
def test_plurals_measures_and_those_who_pass_are_no_things(name: str) -> None:
    assert not names_a_thing(name)


@pytest.mark.parametrize("name", ["rack", "slotNr", "port no", "customer", "unit_number"])
def test_whole_numbers_of_these_names_number_things(name: str) -> None:
    assert names_a_thing_by_number(name)


@pytest.mark.parametrize(
    "name", ["racks", "unit_2", "bytes_per_host", "max_port", "% host", "cpu_user", "region"]
)
def test_whole_numbers_of_these_names_are_values(name: str) -> None:
    assert not names_a_thing_by_number(name)
