"""A CSV is cut into chunks of whole lines, which are read as the whole file is."""

from __future__ import annotations

import gzip
import tracemalloc
from dataclasses import replace
from io import BytesIO

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.parts import CsvFormat
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.part import Part, Schema

CSV = CsvFormat()


def plan(data: bytes, options: FileOptions | None = None) -> tuple[Schema, list[Part]]:
    options = replace(options or FileOptions(), chunk_bytes=1000)
    return CSV.plan(BytesIO(data), ReadOptions(), options)


def read(data: bytes, options: FileOptions | None = None) -> list[pd.DataFrame]:
    schema, planned = plan(data, options)
    return [*CSV.read(BytesIO(data), schema, planned, ReadOptions())]


def test_chunks_end_with_lines_and_not_within_quotes() -> None:
    lines = [f'{i},"a\nb""{i}"\n' for i in range(500)]
    frames = read(("y,text\n" + "".join(lines)).encode())
    assert len(frames) > 3
    assert pd.concat(frames)["text"].tolist() == [f'a\nb"{i}' for i in range(500)]


def test_quotes_within_cells_do_not_hide_line_ends() -> None:
    data = ("y,size\n" + "".join(f'{i},{i}" disk\n' for i in range(301))).encode()
    frames = read(data)
    assert len(frames) > 3
    assert pd.concat(frames)["size"].tolist() == [f'{i}" disk' for i in range(301)]


def test_the_last_row_needs_no_line_end() -> None:
    (frame,) = read(b"y\n1\n2")
    assert frame["y"].tolist() == [1, 2]
    frames = read(b"y\n" + b"12345\n" * 400 + b"7")
    assert sum(map(len, frames)) == 401
    assert frames[-1]["y"].iloc[-1] == 7


def test_a_line_longer_than_a_chunk_is_a_part_and_no_empty_one() -> None:
    data = b"x,y\n1,a\n2," + b"b" * 1500 + b"\n3,c\n"
    _, planned = plan(data)
    assert [part.rows for part in planned if part.stop > part.start] == [
        part.rows for part in planned
    ]
    assert pd.concat(read(data))["x"].tolist() == [1, 2, 3]


def test_a_header_longer_than_the_sample_is_read_whole() -> None:
    names = [f"sensor {number} {'of many ' * 250}x" for number in range(600)]
    data = (",".join(names) + "\n" + ",".join("1" * len(names)) + "\n").encode()
    assert len(data) > 2**20
    schema, _ = plan(data, FileOptions(separator=","))
    assert [*schema.columns] == names


def test_what_begins_late_is_known_from_the_start() -> None:
    rows = [f"t{i},{'' if i < 200 else i},{'NA' if i > 200 else 1.5}\n" for i in range(400)]
    frames = read(("time,late,y\n" + "".join(rows)).encode())
    assert len(frames) > 3
    assert {str(frame["late"].dtype) for frame in frames} == {"Int64"}
    assert {str(frame["y"].dtype) for frame in frames} == {"float64"}


def test_leading_zeros_that_come_late_make_text_of_the_first_rows() -> None:
    frames = read(("store,y\n" + "8,1\n" * 600 + "007,1\n").encode())
    assert len(frames) > 2
    assert frames[0]["store"].tolist()[0] == "8"
    assert frames[-1]["store"].tolist()[-1] == "007"


def test_a_quote_that_is_never_closed_is_found_while_planning() -> None:
    with pytest.raises(
        SourceError,
        match=r"^no line ends within [\d,]+ bytes; check the file for a double quote that is not",
    ):
        plan(b'y,text\n1,"a\n' + b"2,b\n" * 2000)


@pytest.mark.parametrize("begin", [b"", b"time,y\n2026-01-01,"], ids=["header", "row"])
def test_a_packed_line_without_end_is_refused_before_all_of_it_is_unpacked(begin: bytes) -> None:
    unpacked = 2**28
    data = BytesIO(gzip.compress(begin + b"a," * (unpacked // 2), 1))
    tracemalloc.start()
    try:
        for read_it in (CSV.read_whole, CSV.plan):
            data.seek(0)
            with pytest.raises(SourceError, match=r"^no line ends within [\d,]+ bytes"):
                read_it(data, ReadOptions(), FileOptions())
        assert tracemalloc.get_traced_memory()[1] < unpacked
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (gzip.compress(b"host,y\n" + b"caf\xc3\xa9,1.5\n" * 300), FileOptions()),
        (("\ufeffhost\ty\n" + "caf\u00e9\t1,5\n" * 300).encode("utf-16-le"), FileOptions()),
        (("host,y\n" + "caf\u00e9,1.5\n" * 300).encode("cp1252"), FileOptions(encoding="cp1252")),
        (("host,y\r" + "caf\u00e9,1.5\r" * 300).encode(), FileOptions()),
        (("sep=;\r\nhost;y\r\n" + "caf\u00e9;1,5\r\n" * 300).encode(), FileOptions()),
    ],
    ids=["gzip", "utf-16", "cp1252", "carriage returns", "sep="],
)
def test_parts_of_any_text_are_found_again(data: bytes, options: FileOptions) -> None:
    schema, planned = plan(data, options)
    assert len(planned) > 2
    frames = [*CSV.read(BytesIO(data), schema, planned, ReadOptions())]
    (third,) = CSV.read(BytesIO(data), schema, [planned[2]], ReadOptions())
    pd.testing.assert_frame_equal(third, frames[2])
    whole = pd.concat(frames)
    assert set(whole["host"]) == {"caf\u00e9"}
    assert whole["y"].tolist() == [1.5] * 300


def test_a_plan_says_whether_parts_must_be_read_in_one_go() -> None:
    assert not plan(b"y\n1\n")[0].in_one_go
    assert plan(gzip.compress(b"y\n1\n"))[0].in_one_go
    assert plan("\ufeffy\n1\n".encode("utf-16-le"))[0].in_one_go


def test_a_plan_of_another_format_is_no_plan_of_a_csv() -> None:
    with pytest.raises(SourceError, match=r"^was planned as another format; begin anew with"):
        next(CSV.read(BytesIO(b"y\n1\n"), Schema({"y": "floats"}), [Part(0)], ReadOptions()))
