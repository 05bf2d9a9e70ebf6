"""The kind of a column is that of the whole file, whatever its parts look like."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.csv_text import column_of, frame_of
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.dialect import CsvDialect
from vm_df_writer.files.csv.kinds import ColumnKinds
from vm_df_writer.files.file_options import FileOptions


def kind_of(*chunks: str, separator: str = ",", **reading: Any) -> str:
    """Return the kind of the first of two columns, whose cells come in chunks."""
    dialect = CsvDialect(separator=separator, names=("x", "z"))
    kinds = ColumnKinds(dialect, ReadOptions(**reading))
    for chunk in chunks:
        kinds.add("".join(f"{cell}{separator}z\n" for cell in chunk.split()).encode())
    return kinds.found()["x"]


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        (["1 2", "3.5"], "floats"),
        (["1.5", '"" ""', "2"], "floats"),
        (['"" ""', "1 2"], "integers"),
        (['"" ""', "NA NA", "true"], "booleans"),
        (["true", '""'], "booleans"),
        (["1 2", str(2**63)], "unsigned"),
        (["1 2", "a"], "text"),
        (["true", "1"], "text"),
        (["7 8", "007"], "text"),
        (["007", "7"], "text"),
        (["+07", "8"], "text"),
        (["007", "0.5"], "floats"),
        (["0.5", "007"], "floats"),
        (["NA", "eu"], "text"),
        (["eu", "NA"], "text"),
        (["00:15:00 00:30:00"], "text"),
        ([f"1{'0' * 40}"], "text"),
        (['""'], ""),
        (["nan NaN"], ""),
        (["- --", "? \\N"], ""),
        (["- 1"], "integers"),
    ],
)
def test_a_kind_holds_for_all_chunks(chunks: list[str], kind: str) -> None:
    assert kind_of(*chunks) == kind


@pytest.mark.parametrize("word", ["NA", "None", "null", "N/A", "<NA>"])
def test_a_column_of_nothing_but_a_word_for_missing_is_refused(word: str) -> None:
    with pytest.raises(
        SourceError,
        match=r"^column 'x': holds nothing but '.+', which may be missing numbers or a label; "
        r"pass na_values=\['.+'\] if they are missing, or name the column in label_columns=$",
    ):
        kind_of('""', f"{word} {word}")


@pytest.mark.parametrize(
    ("reading", "kind"),
    [
        ({"label_columns": ["x"]}, "text"),
        ({"label_columns": ["z"]}, ""),
        ({"value_columns": ["x"]}, ""),
        ({"value_columns": ["z"], "time": "z"}, "text"),
        ({"variable_column": "z", "value_column": "x"}, ""),
    ],
)
def test_what_holds_nothing_but_words_for_missing_is_what_the_keywords_say(
    reading: dict[str, Any], kind: str
) -> None:
    dialect = CsvDialect(names=("x", "z"))
    kinds = ColumnKinds(dialect, ReadOptions(**reading))
    kinds.add(b"NA,1\n")
    assert kinds.found()["x"] == kind


def test_values_with_leading_zeros_are_numbers_if_the_keywords_say_values() -> None:
    assert kind_of("007 010", value_columns=["x"]) == "integers"


def test_values_of_more_than_64_bits_are_floats() -> None:
    assert kind_of("1", f"1{'0' * 40}", value_columns=["x"]) == "floats"


def test_a_label_is_text_unless_all_its_cells_are_whole_floats() -> None:
    assert kind_of("1.0 2.0", '"" 3.0', label_columns=["x"]) == "whole"
    assert kind_of("1.0 2.0", "3.5", label_columns=["x"]) == "text"
    assert kind_of("7 007", label_columns=["x"]) == "text"
    assert kind_of('""', label_columns=["x"]) == "text"


def test_a_value_that_is_no_number_is_refused_with_its_row() -> None:
    with pytest.raises(
        SourceError,
        match=r"^column 'x', row 3: expected a number, got 'n/a\?'; correct the file, name what is "
        r"missing with na_values=, or name other columns with value_columns=$",
    ):
        kind_of("1 NA", "2 n/a?", value_columns=["x"])


def test_a_value_column_of_numbers_and_booleans_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^column 'x': expected numbers, got booleans among"):
        kind_of("true", "1", value_columns=["x"])


def test_a_value_written_for_readers_is_refused_with_the_option_that_reads_it() -> None:
    with pytest.raises(SourceError, match=r"^column 'x': '1,000.5' looks like digits in groups"):
        kind_of("1,000.5", separator=";", value_columns=["x"])


def test_only_needed_columns_have_a_kind() -> None:
    reading = ReadOptions(time="t", label_columns=["host"], value_columns=["y"])
    kinds = ColumnKinds(CsvDialect(names=("t", "note", "host", "y")), reading)
    kinds.add(b"2026-01-01,NA,a,1\n")
    assert kinds.found() == {"t": "text", "host": "text", "y": "integers"}


def test_a_column_without_a_name_must_be_empty_and_the_last() -> None:
    assert [*frame_of("x,y,\n1,2,\n3,4,\n").columns] == ["x", "y"]
    with pytest.raises(SourceError, match=r"^column 3 has no name in the header; name it$"):
        frame_of("x,y,\n1,2,\n3,4,5\n")
    with pytest.raises(SourceError, match=r"^column 3 has no name in the header; name it$"):
        frame_of("x,y,\n1,2,NA\n")


def test_bytes_that_are_no_utf_8_are_refused_in_any_column() -> None:
    with pytest.raises(
        SourceError, match=r"^is no UTF-8 \(byte 0xe9 at \d+\); name what it is with encoding=, "
    ):
        frame_of(b"x,y\ncaf\xc3\xa9,1\ncaf\xe9,2\n")


def test_a_stray_quote_and_a_column_that_begins_late_leave_the_others_as_they_are() -> None:
    # A stray quote in the first lines, and a column that is empty for a long while.
    lines = ['t0,5" disk,,1.5,false\n', *(f"t{i},disk,,{i}.5,true\n" for i in range(99))]
    text = "time,kind,late,y,flag\n" + "".join(lines) + "t99,disk,7,NA,false\n"
    assert column_of(text, "flag")[:2] == [False, True]
    assert column_of(text, "late")[-1] == 7
    assert str(frame_of(text)["y"].dtype) == "float64"


def test_a_word_that_is_named_as_missing_is_missing() -> None:
    options = FileOptions(na_values=["NA"])
    assert frame_of("zone,y\nNA,1\nNA,2\n", options)["zone"].isna().all()
