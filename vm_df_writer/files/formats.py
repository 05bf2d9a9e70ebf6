"""The file formats, one registry for all: which one a file has, and what a format can do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Protocol

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.arrow_ipc import ArrowFormat
from vm_df_writer.files.csv.parts import CsvFormat
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.parquet import ParquetFormat
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.text_stream import COMPRESSIONS, open_packed

__all__ = ["PLAIN_SUFFIXES", "SUFFIXES", "FileFormat", "find_format"]


class FileFormat(Protocol):
    """How files of one format are read: as a whole and in parts, to the same cells."""

    def plan(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> tuple[Schema, list[Part]]:
        """Say what the columns hold, and cut the file into parts."""

    def read(
        self, file: IO[bytes], schema: Schema, parts: Sequence[Part], reading: ReadOptions
    ) -> Iterator[pd.DataFrame]:
        """Read parts, in the order of the file."""

    def read_whole(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> pd.DataFrame:
        """Read the file as one frame."""


# Text may be packed: its formats unpack it themselves, by text_stream.open_text.
_TEXT: Mapping[str, FileFormat] = {".csv": CsvFormat(), ".tsv": CsvFormat("\t")}
_PARQUET, _ARROW = ParquetFormat(), ArrowFormat()
_BINARY: Mapping[str, FileFormat] = {
    ".parquet": _PARQUET,
    ".feather": _ARROW,
    ".arrow": _ARROW,
    ".ipc": _ARROW,
}
_MAGIC: Mapping[bytes, FileFormat] = {b"PAR1": _PARQUET, b"ARROW1": _ARROW, b"FEA1": _ARROW}

PLAIN_SUFFIXES = (*_BINARY, *_TEXT)
"""The endings of the names that say a format."""

SUFFIXES = (*PLAIN_SUFFIXES, *(text + packed for text in _TEXT for packed in COMPRESSIONS))
"""The same, and those of packed files; of all these a folder's files are taken."""


def find_format(name: str, file: IO[bytes]) -> FileFormat:
    """Return the format of a file: what its first bytes say, or else its name.

    Standard input, ``-``, is CSV if its first bytes say nothing else.

    Raises
    ------
    SourceError
        If neither says a known format.

    Examples
    --------
    >>> from io import BytesIO
    >>> type(find_format("scores.csv", BytesIO(b"PAR1..."))).__name__
    'ParquetFormat'
    >>> type(find_format("scores.csv.gz", BytesIO(b"time,y"))).__name__
    'CsvFormat'
    """
    content, is_packed = open_packed(file)
    head = content.peek(8) if is_packed else content.read(8)
    file.seek(0)
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            if is_packed:
                raise SourceError("is a packed file of a format that packs by itself; unpack it")
            return found
    plain = name.lower()
    for packed in COMPRESSIONS:
        plain = plain.removesuffix(packed)
    for suffix, found in {**_BINARY, **_TEXT, "-": _TEXT[".csv"]}.items():
        if plain.endswith(suffix):
            return found
    raise SourceError(
        f"the name does not say a known format; name it {', '.join(PLAIN_SUFFIXES)}, or pass "
        "text on standard input, as '-'"
    )
