"""Cells are read to the letter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.csv_text import column_of, frame_of
from vm_df_writer.files.csv.cells import read_cells
from vm_df_writer.files.csv.dialect import CsvDialect
from vm_df_writer.files.file_options import FileOptions


def test_label_columns_are_text_though_they_hold_numbers() -> None:
    frame = frame_of("pod,build,y\n7,1.10,1\n8,1e5,2\n", label_columns=["pod", "build"])
    assert frame[["pod", "build"]].to_numpy().tolist() == [["7", "1.10"], ["8", "1e5"]]


@pytest.mark.parametrize("name", ["variable", "query_key"])
def test_variable_and_query_key_are_text_though_they_hold_numbers(name: str) -> None:
    assert column_of(f"{name},value\n7,1\n", name) == ["7"]


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "N/A", "<NA>", "-", "?"])
def test_a_word_for_missing_is_a_label_among_text(word: str) -> None:
    assert column_of(f"zone,y\n{word},1\neu,2\n", "zone") == [word, "eu"]


@pytest.mark.parametrize("word", ["NA", "None", "null", "N/A", "<NA>", "", "-", "--", "?", "\\N"])
def test_a_word_for_missing_is_a_missing_number_among_numbers(word: str) -> None:
    assert np.isnan(frame_of(f"zone,y\nus,{word}\neu,2.5\n")["y"][0])


def test_words_of_the_callers_are_missing_in_numbers_and_in_text() -> None:
    options = FileOptions(na_values=["-999", "void"])
    frame = frame_of("zone,y\nvoid,-999\neu,2.5\n", options)
    assert frame["zone"].isna().tolist() == [True, False]
    assert frame["y"].isna().tolist() == [True, False]


def test_integers_keep_their_digits_beside_a_missing_one() -> None:
    assert column_of("y,z\n9007199254740993,1\n,2\n", "y") == [9007199254740993, pd.NA]


def test_ids_of_64_bits_keep_their_digits() -> None:
    assert column_of(f"id\n{2**64 - 3}\n5\n", "id") == [2**64 - 3, 5]


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_floats_keep_every_bit(values: list[float]) -> None:
    text = "y,z\n" + "".join(f"{value!r},x\n" for value in values)
    assert np.array_equal(frame_of(text)["y"].to_numpy(np.float64), values)


def test_infinities_are_numbers() -> None:
    assert column_of("y\ninf\n-Infinity\n", "y") == [np.inf, -np.inf]


def test_booleans_are_numbers_also_beside_missing_ones() -> None:
    assert pd.api.types.is_bool_dtype(frame_of("y,z\nTrue,1\nfalse,1\n,1\n")["y"])


def test_times_stay_text_with_their_zone() -> None:
    text = "time,y\n2026-03-29T02:30:00+02:00,1\n"
    assert column_of(text, "time") == ["2026-03-29T02:30:00+02:00"]


def test_a_first_column_without_a_name_is_the_index() -> None:
    frame = pd.DataFrame(
        {"y": [1.5, 2.5]}, index=pd.date_range("2026-01-01", periods=2, freq="1h", tz="UTC")
    )
    read = frame_of(frame.to_csv())
    assert list(read.columns) == ["y"]
    assert read.index.tolist() == ["2026-01-01 00:00:00+00:00", "2026-01-01 01:00:00+00:00"]
    assert read.index.name is None


def test_blanks_around_names_and_cells_are_no_part_of_them() -> None:
    frame = frame_of('time, host , y\n2026-01-01 , "a, b" , 1.5 \n 2026-01-02,c\t, 2\n')
    assert [*frame.columns] == ["time", "host", "y"]
    assert frame.to_numpy().tolist() == [["2026-01-01", "a, b", 1.5], ["2026-01-02", "c", 2.0]]


def test_a_label_of_whole_floats_is_that_of_the_frame_that_it_comes_from() -> None:
    text = pd.DataFrame({"rack": [1, None, 12], "y": 1.5}).to_csv(index=False)
    assert "12.0" in text
    assert column_of(text, "rack", label_columns=["rack"]) == ["1", "", "12"]
    mixed = "rack,y\n1.0,1\n1.10,2\n"  # of versions each digit counts
    assert column_of(mixed, "rack", label_columns=["rack"]) == ["1.0", "1.10"]


def test_digits_in_groups_are_numbers_if_the_mark_is_named() -> None:
    text = 'n,y\n"3,201","1,000.5"\nNA,2\n-17,"-1,234,567"\n'
    frame = frame_of(text, FileOptions(thousands=","))
    assert frame["n"].tolist()[::2] == [3201.0, -17.0]
    assert frame["y"].tolist() == [1000.5, 2.0, -1234567.0]
    european = frame_of("y;z\n1.234,5;1\n7;2\n", FileOptions(thousands=".", decimal=","))
    assert european["y"].tolist() == [1234.5, 7.0]


def test_a_file_without_rows_has_its_columns() -> None:
    assert [*frame_of("time,y\n").columns] == ["time", "y"]


def test_a_column_in_two_places_without_a_name_is_read_where_it_is_the_index() -> None:
    assert frame_of(",y,\na,1,\n").index.tolist() == ["a"]


def test_columns_come_in_the_order_of_the_file() -> None:
    dialect = CsvDialect(names=("a", "b", "c", "d"))
    kinds = {"d": "text", "b": "floats", "a": "text"}
    frame = read_cells(b"x,1,z,w\n", dialect, kinds)
    assert [*frame.columns] == ["a", "b", "d"]
    assert frame.to_numpy().tolist() == [["x", 1.0, "w"]]
