from __future__ import annotations

from typing import Any

import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.csv.dialect import CsvDialect
from vm_df_writer.files.part import Schema, needed_columns

NAMES = ["t", "host", "for", "note", "y", "variable", "value"]
NAMED: dict[str, Any] = {"time": "t", "label_columns": ["host"], "query_key_level": "for"}


def needed(names: list[str], **reading: Any) -> list[str] | None:
    return needed_columns(names, ReadOptions(**{**NAMED, **reading}))


def test_what_a_reading_names_is_needed_in_the_order_of_the_file() -> None:
    assert needed(["y", "note", "for", "host", "t"], value_columns=["y"]) == [
        *("y", "for", "host", "t")
    ]


@pytest.mark.parametrize(
    "reading", [{"time": None}, {"label_columns": None}, {"value_columns": None}]
)
def test_a_reading_that_names_less_needs_every_column(reading: dict[str, Any]) -> None:
    assert needed(["t", "host", "y"], **{"value_columns": ["y"], **reading}) is None


def test_a_melted_file_has_its_variable_and_its_value() -> None:
    names = ["t", "host", "variable", "value", "note"]
    for layout in ("auto", "melted"):
        assert needed(names, layout=layout) == ["t", "host", "variable", "value"]
    renamed = needed(["t", "host", "kind", "v"], variable_column="kind", value_column="v")
    assert renamed == ["t", "host", "kind", "v"]


def test_columns_that_only_have_the_names_of_a_melted_file_do_not_hide_the_values() -> None:
    assert needed(NAMES, layout="long", value_columns=["y"]) == ["t", "host", "for", "y"]
    assert needed(NAMES, layout="long") is None
    assert needed(NAMES, value_columns=["y"]) == [*("t", "host", "for", "y", "variable", "value")]


def test_a_column_that_is_not_there_is_missed_later() -> None:
    assert needed(["t", "y"], value_columns=["y", "z"]) == ["t", "y"]


@pytest.mark.parametrize(
    "schema",
    [
        Schema(),
        Schema({"y": "floats", "höst": ""}, in_one_go=True),
        Schema({"y": "floats"}, CsvDialect(names=("y", "y.1"))),
    ],
)
def test_a_schema_survives_its_way_through_the_state_file(schema: Schema) -> None:
    assert Schema.from_json(schema.to_json()) == schema
