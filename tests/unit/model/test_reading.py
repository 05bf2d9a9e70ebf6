from __future__ import annotations

import pandas as pd

from vm_df_writer.model.reading import LazyNames, Reading


def test_a_reading_is_one_line_of_text() -> None:
    reading = Reading(
        layout="melted",
        time="clock",
        zone="UTC",
        unit="s",
        values=("value",),
        labels=("host", 7),
        variable="variable",
        query_key="alias",
        left_out=("index",),
    )
    assert str(reading) == (
        "time=clock (s, UTC), variables=variable, values=[value], labels=[host, 7], "
        "query_key=alias, left out=[index]"
    )
    assert str(Reading(layout="wide")) == "time=index, values=[]"


def test_many_names_are_counted() -> None:
    reading = Reading(layout="wide", values=tuple(f"c{i}" for i in range(250)))
    assert str(reading).endswith("c6, c7, ... 250 in all]")


def test_a_reading_is_plain_values_for_json() -> None:
    reading = Reading(layout="long", time=("a", 1), values=(0.5,), labels=("host",))
    assert reading.to_dict() == {
        "layout": "long",
        "time": "('a', 1)",
        "zone": None,
        "unit": None,
        "values": ["0.5"],
        "labels": ["host"],
        "variable": None,
        "query_key": None,
        "left_out": [],
    }


def test_names_of_columns_are_shown_and_hashed_as_the_names_that_they_are() -> None:
    names = LazyNames(pd.Index([f"c{i}" for i in range(250)]))
    assert repr(names).endswith("c6, c7, ... 250 in all]")
    assert hash(names) == hash(tuple(names))
