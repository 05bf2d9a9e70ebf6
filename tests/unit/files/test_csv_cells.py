"""How the command line reads files: to the letter."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError
from vm_df_writer.files.csv_cells import read_csv, read_file


def _read(text: str, **reading: Any) -> pd.DataFrame:
    return read_csv(text.encode(), ReadOptions(**reading))


def _column(text: str, name: str, **reading: Any) -> list[object]:
    values: list[object] = _read(text, **reading)[name].tolist()
    return values


def test_integers_with_leading_zeros_stay_text() -> None:
    assert _column("host,y\n007,1\n8,2\n", "host") == ["007", "8"]


def test_label_columns_are_text_though_they_hold_numbers() -> None:
    frame = _read("pod,build,y\n7,1.10,1\n8,1e5,2\n", label_columns=["pod", "build"])
    assert frame[["pod", "build"]].to_numpy().tolist() == [["7", "1.10"], ["8", "1e5"]]


@pytest.mark.parametrize("name", ["variable", "query_key"])
def test_variable_and_query_key_are_text_though_they_hold_numbers(name: str) -> None:
    assert _column(f"{name},value\n7,1\n", name) == ["7"]


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "N/A", "<NA>"])
def test_a_word_for_missing_is_a_label_among_text(word: str) -> None:
    assert _column(f"zone,y\n{word},1\neu,2\n", "zone") == [word, "eu"]


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "N/A", "<NA>", ""])
def test_a_word_for_missing_is_a_missing_number_among_numbers(word: str) -> None:
    assert np.isnan(_read(f"zone,y\nus,{word}\neu,2.5\n")["y"][0])


def test_a_column_of_nothing_but_a_word_for_missing_is_refused() -> None:
    with pytest.raises(
        FrameError,
        match=r"^column 'zone': holds nothing but 'NA', which may be missing numbers or a label; "
        r"name it with value_columns= or label_columns=$",
    ):
        _read("zone,y\nNA,1\nNA,2\n")


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        ({"label_columns": ["zone"]}, ["NA"]),
        ({"value_columns": ["y"]}, ["NA"]),
        ({"value_columns": ["zone"]}, [pd.NA]),
        ({"label_columns": ["y"]}, [pd.NA]),
    ],
)
def test_a_column_of_nothing_but_a_word_for_missing_is_what_the_keywords_say(
    reading: dict[str, Any], expected: list[object]
) -> None:
    assert _column("zone,y\nNA,1\n", "zone", **reading) == expected


def test_the_value_column_of_a_melted_frame_may_hold_nothing_but_a_word_for_missing() -> None:
    assert _column("variable,value\ny,NA\n", "value") == [pd.NA]


def test_values_with_leading_zeros_are_numbers_if_the_keywords_say_values() -> None:
    assert _column("y\n007\n010\n", "y", value_columns=["y"]) == [7, 10]


def test_a_value_that_is_no_number_is_refused_with_its_row() -> None:
    with pytest.raises(
        FrameError,
        match=r"^column 'y', row 2: expected a number, got 'n/a\?'; correct the file or name other "
        r"columns with value_columns=$",
    ):
        _read("y\n1\nNA\nn/a?\n", value_columns=["y"])


def test_a_column_of_blanks_and_nan_is_missing_numbers() -> None:
    assert _read("y,z\n,nan\n,NaN\n").isna().all().all()


def test_integers_keep_their_digits_beside_a_missing_one() -> None:
    assert _column("y,z\n9007199254740993,1\n,2\n", "y") == [9007199254740993, pd.NA]


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_floats_keep_every_bit(values: list[float]) -> None:
    text = "y,z\n" + "".join(f"{value!r},x\n" for value in values)
    assert np.array_equal(_read(text)["y"].to_numpy(np.float64), values)


def test_infinities_are_numbers() -> None:
    assert _column("y\ninf\n-Infinity\n", "y") == [np.inf, -np.inf]


def test_booleans_are_numbers() -> None:
    assert pd.api.types.is_bool_dtype(_read("y\nTrue\nfalse\n")["y"])


def test_times_stay_text_with_their_zone() -> None:
    text = "time,y\n2026-03-29T02:30:00+02:00,1\n"
    assert _column(text, "time") == ["2026-03-29T02:30:00+02:00"]


def test_a_first_column_without_a_name_is_the_index() -> None:
    frame = pd.DataFrame(
        {"y": [1.5, 2.5]}, index=pd.date_range("2026-01-01", periods=2, freq="1h", tz="UTC")
    )
    read = _read(frame.to_csv())
    assert list(read.columns) == ["y"]
    assert read.index.tolist() == ["2026-01-01 00:00:00+00:00", "2026-01-01 01:00:00+00:00"]
    assert read.index.name is None


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    assert read_csv(b"\xef\xbb\xbftime,y\n2026-01-01,1\n", ReadOptions()).columns[0] == "time"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("y,y\n1,2\n", "^column 'y' stands twice in the header; rename one of them$"),
        ("y,\n1,2\n", "^column 2 has no name in the header; name it$"),
        ("x,y\n1,2,3\n4,5,6\n", "^lines have more cells than the header has names \\(2\\); name"),
    ],
)
def test_a_header_that_does_not_name_each_column_is_refused(text: str, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        _read(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "^cannot be read: No columns to parse from file; check the file$"),
        (b"x,y\n1,2\n1,2,3\n", "^cannot be read: Expected 2 fields in line 3, saw 3; check"),
        (b"x\n\xff\n", "^cannot be read: 'utf-8' codec can't decode byte 0xff in position"),
        (b'x\n"a\n', "^cannot be read: EOF inside string starting at row 1; check the file$"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(data)
    with pytest.raises(FrameError, match=message):
        read_file(str(path), ReadOptions())


def test_compressed_csv_is_read(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    text = b"host,y\n007,1.5\n"
    (tmp_path / "scores.csv").write_bytes(text)
    (tmp_path / "scores.csv.gz").write_bytes(gzip.compress(text))
    frames = pyarrow.compress(text[:8], "zstd", asbytes=True)
    frames += pyarrow.compress(text[8:], "zstd", asbytes=True)
    (tmp_path / "scores.csv.zst").write_bytes(frames)
    for path in tmp_path.iterdir():
        assert read_file(str(path), ReadOptions()).to_numpy().tolist() == [["007", 1.5]]


@pytest.mark.parametrize("encoding", ["gz", "zst"])
def test_a_compressed_file_that_was_cut_off_is_refused(tmp_path: Path, encoding: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    text = b"y\n" + b"".join(b"%d\n" % i for i in range(10_000))
    whole = (
        gzip.compress(text) if encoding == "gz" else pyarrow.compress(text, "zstd", asbytes=True)
    )
    path = tmp_path / f"scores.csv.{encoding}"
    path.write_bytes(whole[:-100])
    with pytest.raises(FrameError, match=r"^cannot be read: .+; check the file$"):
        read_file(str(path), ReadOptions())


def test_parquet_keeps_digits_zones_and_labels(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2026-01-01", periods=2, freq="1h", tz="Europe/Berlin"),
            "host": ["007", "NA"],
            "count": pd.array([9007199254740993, None], dtype="Int64"),
            "y": [0.1, np.nan],
        }
    )
    path = tmp_path / "scores.parquet"
    frame.to_parquet(path)
    read = read_file(str(path), ReadOptions())
    assert str(read["time"].dtype).endswith("Europe/Berlin]")
    assert read["time"].tolist() == frame["time"].tolist()
    assert read["host"].tolist() == ["007", "NA"]
    assert read["count"].tolist() == [9007199254740993, pd.NA]
    assert read["y"].dtype == np.float64


def test_parquet_without_pyarrow_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(
        FrameError,
        match=r"^this format needs pyarrow, which is not installed; pip install "
        r"'vm_df_writer\[arrow\]'$",
    ):
        read_file(str(tmp_path / "scores.parquet"), ReadOptions())


def test_a_name_of_no_known_format_is_refused() -> None:
    with pytest.raises(FrameError, match=r"^the name does not say a known format; name it \.csv,"):
        read_file("scores.xlsx", ReadOptions())
