"""A file of two parts, and what was counted of one of them, for tests of a job's state."""

from __future__ import annotations

from vm_df_writer.files.locations import FileStamp
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.source_file import SourceFile

SOURCE = SourceFile(
    "scores.parquet",
    FileStamp(1000, 2**61),
    "abc",
    Schema({"y": "floats"}),
    [Part(0, rows=10, first_ms=0, last_ms=9), Part(1, rows=5)],
)
TOTALS = {
    **dict.fromkeys(("bytes_raw", "bytes_sent", "requests", "retries", "in_doubt"), 1),
    "samples": 10,
    "dropped": {"nan": 2},
    "adjusted": {},
    "first_ms": 0,
    "last_ms": 9,
}
