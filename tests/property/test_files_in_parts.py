"""A file in parts is the file as a whole: the same cells, of the same dtypes."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.parts import CsvFormat
from vm_df_writer.files.file_options import FileOptions

CELLS = {
    "integers": st.integers(-(2**63), 2**63 - 1).map(str),
    "floats": st.floats(allow_nan=False).map(repr),
    "missing": st.sampled_from(["", "NA", "nan", "-", "NULL"]),
    "zeros": st.sampled_from(["007", "7", "0", "-01", "0.5"]),
    "booleans": st.sampled_from(["true", "False", "TRUE"]),
    "words": st.sampled_from(["a", "ü", "web-01", " b ", "NA"]),
    "quoted": st.sampled_from(['"x,y"', '"x\ny"', '"q""q"', '""', '"1"', '"007"', ' "a, b"']),
    "stray": st.sampled_from(['5" disk', '"a"b"', '6"']),
    "formatted": st.sampled_from(['"3,201"', '"0,5"', "12 004", "1_000", '"1,234,567.5"']),
    "whole": st.sampled_from(["1.0", "2.0", "-3.0"]),
}
COLUMNS = st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3).flatmap(
    lambda kinds: st.one_of([CELLS[kind] for kind in kinds])
)
READINGS = st.sampled_from(
    [
        ReadOptions(),
        ReadOptions(label_columns=["a"]),
        ReadOptions(value_columns=["a"]),
        ReadOptions(time="t", label_columns=["a"], value_columns=["b"]),
    ]
)


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """Draw lines whose columns change their kinds on the way, or not."""
    n_rows = draw(st.integers(0, 24))
    columns = [
        [*draw(st.lists(kind, min_size=n_rows // 2, max_size=n_rows // 2)), *draw(rest)]
        for kind in (CELLS[draw(st.sampled_from(sorted(CELLS)))] for _ in range(3))
        for rest in [
            st.lists(
                draw(st.sampled_from([kind, *CELLS.values()])),
                min_size=n_rows - n_rows // 2,
                max_size=n_rows - n_rows // 2,
            )
        ]
    ]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [",".join(cells) for cells in zip(range_of(n_rows), *columns, strict=True)]
    return (end.join(["t,a,b,c", *lines]) + draw(st.sampled_from(["", end]))).encode()


def range_of(n: int) -> list[str]:
    return [str(number) for number in range(n)]


def read_whole(data: bytes, reading: ReadOptions) -> pd.DataFrame | str:
    try:
        return CsvFormat().read_whole(BytesIO(data), reading, FileOptions())
    except SourceError as error:
        return str(error)


def read_in_parts(data: bytes, reading: ReadOptions, chunk_bytes: int) -> pd.DataFrame | str:
    options = FileOptions(chunk_bytes=chunk_bytes)
    try:
        schema, planned = CsvFormat().plan(BytesIO(data), reading, options)
    except SourceError as error:
        return str(error)
    frames = [*CsvFormat().read(BytesIO(data), schema, planned, reading)]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


@given(csv_files(), READINGS, st.sampled_from([60, 150, 400]))
def test_the_parts_of_a_csv_are_the_csv(data: bytes, reading: ReadOptions, chunk: int) -> None:
    whole, in_parts = read_whole(data, reading), read_in_parts(data, reading, chunk)
    if isinstance(in_parts, str):  # which examples a message shows depends on the chunks
        assert "no line ends" in in_parts or str(whole)[:9] == in_parts[:9]
    else:
        assert isinstance(whole, pd.DataFrame)
        pd.testing.assert_frame_equal(in_parts, whole if len(whole) else pd.DataFrame())
