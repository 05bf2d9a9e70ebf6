"""CSV text, read as the command line reads it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.csv.parts import CsvFormat
from vm_df_writer.files.file_options import FileOptions

__all__ = ["column_of", "frame_of"]


def frame_of(text: str | bytes, options: FileOptions | None = None, **reading: Any) -> pd.DataFrame:
    """Read a whole text as one frame."""
    data = text.encode() if isinstance(text, str) else text
    return CsvFormat().read_whole(BytesIO(data), ReadOptions(**reading), options or FileOptions())


def column_of(
    text: str | bytes, name: str, options: FileOptions | None = None, **reading: Any
) -> list[object]:
    """Read one column of a text."""
    values: list[object] = frame_of(text, options, **reading)[name].tolist()
    return values
