"""The files of a job have the same columns, of the same kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Schema
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile

USUAL = {"time": "times", "host": "text", "y": "floats"}


def odd(*schemas: Mapping[str, str], **reading: Any) -> dict[str, str]:
    """Return what is odd about files a, b, c ..."""
    sources = [
        SourceFile(name, FileStamp(1, 1), "abc", Schema(schema))
        for name, schema in zip("abcdefg", schemas, strict=False)
    ]
    reasons = odd_columns(sources, ReadOptions(**reading))
    return {path: reason.split(": ", 1)[1].split(";")[0] for path, reason in reasons.items()}


def test_odd_columns_are_named_beside_those_of_most_files() -> None:
    lacking = {name: kind for name, kind in USUAL.items() if name != "host"}
    other = {**USUAL, "host": "integers", "hots": "text"}
    assert odd(lacking, USUAL, USUAL, other) == {
        "a": "'host' is missing",
        "d": "'hots' is new, 'host' holds numbers, not text",
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("integers", "floats"),
        ("floats", "booleans"),
        ("grouped", "integers"),
        ("text", "times"),
        ("whole", "text"),
        ("", "text"),
        ("floats", ""),
    ],
)
def test_kinds_that_can_be_of_one_column_are_not_odd(one: str, other: str) -> None:
    assert odd({**USUAL, "x": one}, {**USUAL, "x": other}) == {}


@pytest.mark.parametrize(("one", "other"), [("text", "integers"), ("floats", "times")])
def test_numbers_and_text_are_no_one_column(one: str, other: str) -> None:
    assert [*odd({**USUAL, "x": one}, {**USUAL, "x": other})] == ["b"]


def test_columns_of_a_wide_frame_are_series_that_may_come_and_go() -> None:
    assert odd(USUAL, {"time": "times"}, layout="wide") == {}
    assert odd(USUAL, {"time": "times"}, var="y") == {}
    assert odd(USUAL, {"('y', 'a')": "floats"}) == {}


def test_an_index_without_a_name_is_no_column() -> None:
    assert odd(USUAL, {"": "integers", **USUAL}) == {}


def test_a_file_that_cannot_be_read_is_no_example() -> None:
    torn = SourceFile("torn", FileStamp(1, 1), error="torn")
    assert odd_columns([torn], ReadOptions()) == {}
