"""Arrow and Feather files, batch by batch."""

from __future__ import annotations

from io import BytesIO

import pandas as pd
import pytest

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.arrow_ipc import ArrowFormat
from vm_df_writer.files.file_options import FileOptions

pa = pytest.importorskip("pyarrow")

ARROW = ArrowFormat()


def written(frame: pd.DataFrame, rows: int = 2) -> BytesIO:
    file, table = BytesIO(), pa.Table.from_pandas(frame)
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=rows)
    file.seek(0)
    return file


def test_batches_are_parts_and_all_of_them_the_file() -> None:
    index = pd.period_range("2026-01", periods=5, freq="M", name="month")
    frame = pd.DataFrame({"n": pd.array([2**60 + 1, None, 1, 2, 3], dtype="Int64")}, index=index)
    file = written(frame)
    schema, parts = ARROW.plan(file, ReadOptions(), FileOptions())
    assert [part.rows for part in parts] == [2, 2, 1]
    assert schema.columns["n"] == "integers"
    frames = [*ARROW.read(file, schema, parts, ReadOptions())]
    pd.testing.assert_frame_equal(pd.concat(frames), frame)
    pd.testing.assert_frame_equal(ARROW.read_whole(file, ReadOptions(), FileOptions()), frame)
    (second,) = ARROW.read(file, schema, parts[1:2], ReadOptions())
    pd.testing.assert_frame_equal(second, frame.iloc[2:4])


def test_a_feather_file_of_the_first_version_is_refused() -> None:
    with pytest.raises(SourceError, match=r"^is a Feather file of version 1, which cannot be read"):
        ARROW.plan(BytesIO(b"FEA1 and so on FEA1"), ReadOptions(), FileOptions())


def test_what_is_no_arrow_file_is_refused() -> None:
    with pytest.raises(pa.ArrowInvalid):
        ARROW.plan(BytesIO(b"ARROW1 and nothing else"), ReadOptions(), FileOptions())
