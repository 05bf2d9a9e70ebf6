"""File options are checked as soon as they are given."""

from __future__ import annotations

from typing import Any

import pytest

from vm_df_writer.errors import FrameError
from vm_df_writer.files.file_options import FileOptions


@pytest.mark.parametrize("name", ["tab", r"\t", "\t"])
def test_a_tab_may_be_named(name: str) -> None:
    assert FileOptions(separator=name).separator == "\t"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": ";;"}, r"^separator: expected one character, got ';;'$"),
        ({"separator": '"'}, r"^separator: expected one character, got"),
        ({"separator": "\u00a7"}, r"^separator: expected one character, got"),
        ({"thousands": "3"}, r"^thousands: expected one character, got '3'$"),
        ({"decimal": ";"}, r"^decimal: expected '.' or ',', got ';'$"),
        ({"thousands": "."}, r"^thousands: '.' is the decimal mark too; pass another decimal=$"),
        ({"separator": ",", "decimal": ","}, r"^separator: ',' is the decimal mark too; change"),
        ({"encoding": "utf-9"}, r"^encoding: 'utf-9' is no encoding that Python knows; use a name"),
        ({"time_format": "iso"}, r"^time_format: expected codes such as '%d/%m/%Y %H:%M', got"),
        ({"na_values": "void"}, r"^na_values: expected a list, got the string 'void'; write"),
        ({"time_columns": ["day"]}, r"^time_columns: expected two or more, got 'day' alone; name"),
        ({"seperator": ";"}, r"^seperator: not a file option; did you mean 'separator'\?$"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(FrameError, match=message):
        FileOptions.of(**options)


def test_marks_may_change_places_and_groups_be_parted_by_narrow_blanks() -> None:
    assert FileOptions(decimal=",", thousands=".").thousands == "."
    assert FileOptions(thousands="\u202f").thousands == "\u202f"
    assert FileOptions(separator=";", decimal=",").decimal == ","
