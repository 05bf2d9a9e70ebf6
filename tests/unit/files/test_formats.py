"""One registry: what a file holds says its format, and else its name."""

from __future__ import annotations

import gzip
from io import BytesIO

import pytest

from vm_df_writer.errors import SourceError
from vm_df_writer.files.formats import SUFFIXES, find_format


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.csv", b"time,y\n", "CsvFormat"),
        ("a.CSV.gz", b"time,y\n", "CsvFormat"),
        ("a.csv", gzip.compress(b"time,y\n", mtime=0), "CsvFormat"),
        ("a.tsv.xz", b"time\ty\n", "CsvFormat"),
        ("-", b"time,y\n", "CsvFormat"),
        ("-", b"PAR1", "ParquetFormat"),
        ("a.parquet", b"no parquet", "ParquetFormat"),
        ("a.csv", b"PAR1", "ParquetFormat"),
        ("a.feather", b"", "ArrowFormat"),
        ("a.ipc", b"ARROW1", "ArrowFormat"),
        ("a.txt", b"ARROW1", "ArrowFormat"),
    ],
)
def test_the_content_says_the_format_and_else_the_name(name: str, data: bytes, found: str) -> None:
    file = BytesIO(data)
    assert type(find_format(name, file)).__name__ == found
    assert file.tell() == 0


def test_what_neither_says_a_format_is_refused() -> None:
    with pytest.raises(
        SourceError,
        match=r"^the name does not say a known format; name it \.parquet, .*\.csv, .*, or",
    ):
        find_format("scores.txt", BytesIO(b"time,y\n"))


def test_a_packed_parquet_file_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^is a packed file of a format that packs by itself;"):
        find_format("a.parquet.gz", BytesIO(gzip.compress(b"PAR1", mtime=0)))


def test_a_name_that_ends_like_a_format_is_one() -> None:
    assert all(find_format(f"a{suffix}", BytesIO(b"x")) for suffix in SUFFIXES)
