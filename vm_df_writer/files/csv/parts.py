"""CSV files, packed or not, in chunks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BufferedReader, BytesIO
from itertools import chain
from typing import IO

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv.cells import read_cells
from vm_df_writer.files.csv.dialect import CsvDialect, sniff_dialect
from vm_df_writer.files.csv.kinds import ColumnKinds
from vm_df_writer.files.csv.lines import last_line_end
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.text_stream import open_text

__all__ = ["CsvFormat"]

# So much text shows the separator and the decimal mark; what comes later must fit.
_SAMPLE_BYTES = 2**20
# No line is longer: what is packed may be of any length, and a quote that is not closed has no end.
_MOST_LINE_BYTES = 2**25


class CsvFormat:
    r"""Text with a header line, and cells between separators.

    A column is read as numbers if each of its cells in the whole file is one, or missing;
    integers with leading zeros are none. Any other column is text, to the letter but for blanks
    around it. A first column without a name is the index.

    Parameters
    ----------
    separator : str
        What the ending of the name promises, where the lines do not show it.

    Examples
    --------
    >>> text = BytesIO(b"host,zone,y\n007,NA,1.5\n008,eu,NA\n")
    >>> CsvFormat().read_whole(text, ReadOptions(), FileOptions()).to_numpy().tolist()
    [['007', 'NA', 1.5], ['008', 'eu', nan]]
    """

    def __init__(self, separator: str = ",") -> None:
        self._separator = separator

    def plan(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> tuple[Schema, list[Part]]:
        """Go through the whole file to find what its columns hold and where its chunks begin."""
        text, encoding, in_one_go = open_text(file, options.encoding)
        schema, parts = self._plan(text, encoding, reading, options)
        return replace(schema, in_one_go=in_one_go), parts

    def read(
        self, file: IO[bytes], schema: Schema, parts: Sequence[Part], reading: ReadOptions
    ) -> Iterator[pd.DataFrame]:
        """Read chunks, all with the kinds of columns that the schema has."""
        del reading
        dialect = _dialect_of(schema)
        text, _, in_one_go = open_text(file, dialect.encoding)
        position = 0
        for part in parts:
            position = _move(text, position, part.start, seekable=not in_one_go)
            chunk = text.read(part.stop - part.start)
            position += len(chunk)
            yield read_cells(chunk, dialect, schema.columns)

    def read_whole(
        self, file: IO[bytes], reading: ReadOptions, options: FileOptions
    ) -> pd.DataFrame:
        """Read the file as one frame, whose columns are what they are in parts."""
        text, encoding, in_one_go = open_text(file, options.encoding)
        data = _read_lines(text) if in_one_go else text.read()
        schema, parts = self._plan(BytesIO(data), encoding, reading, options)
        lines = data[parts[0].start : parts[-1].stop] if parts else b""
        return read_cells(lines, _dialect_of(schema), schema.columns)

    def _plan(
        self,
        text: BufferedReader | BytesIO,
        encoding: str,
        reading: ReadOptions,
        options: FileOptions,
    ) -> tuple[Schema, list[Part]]:
        # As long as the separator is not known, it is taken for a comma beside quotes.
        assumed = options.separator or ","
        head = text.read(_SAMPLE_BYTES)
        while not last_line_end(head, assumed) and (more := text.read(_SAMPLE_BYTES)):
            head += more
            if len(head) > _MOST_LINE_BYTES:
                raise _endless(len(head))
        shown = head[: last_line_end(head, assumed)] or head
        dialect, start = sniff_dialect(
            shown, options, encoding=encoding, default_separator=self._separator
        )
        first_line = head.count(b"\n", 0, start) + 1
        sample = head[start : last_line_end(head, dialect.separator)]
        is_open = options.decimal is None and dialect.separator != "," and sample
        if is_open and ColumnKinds(dialect, ReadOptions(), first_line).show_decimal_commas(sample):
            dialect = replace(dialect, decimal=",")
        kinds = ColumnKinds(dialect, reading, first_line)
        parts: list[Part] = []
        blocks = chain([head[start:]], iter(lambda: text.read(options.chunk_bytes), b""))
        for chunk in _chunks(blocks, dialect.separator, options.chunk_bytes):
            kinds.add(chunk)
            rows = chunk.count(b"\n") or 1
            parts.append(Part(len(parts), start, start + len(chunk), rows))
            start += len(chunk)
        return Schema(kinds.found(), dialect), parts


def _dialect_of(schema: Schema) -> CsvDialect:
    if schema.dialect is None:
        raise SourceError("was planned as another format; begin anew with --restart")
    return schema.dialect


def _chunks(blocks: Iterator[bytes], separator: str, chunk_bytes: int) -> Iterator[bytes]:
    rest = b""
    for block in blocks:
        rest += block
        while len(rest) >= chunk_bytes:
            end = last_line_end(rest[:chunk_bytes], separator) or last_line_end(rest, separator)
            if not end:
                break
            yield rest[:end]
            rest = rest[end:]
        if len(rest) > 2 * chunk_bytes:
            raise _endless(len(rest))
    if rest:
        yield rest


def _read_lines(text: BufferedReader) -> bytes:
    """Read everything, unless a line is too long."""
    blocks = []
    while block := text.read(_MOST_LINE_BYTES + 1):
        blocks.append(block)
        if len(block) > _MOST_LINE_BYTES and b"\n" not in block:
            raise _endless(len(block))
    return b"".join(blocks)


def _endless(n_bytes: int) -> SourceError:
    return SourceError(
        f"no line ends within {n_bytes:,} bytes; check the file for a double quote that is not "
        "closed"
    )


def _move(text: BufferedReader, position: int, goal: int, *, seekable: bool) -> int:
    if seekable:
        return text.seek(goal)
    while position < goal and (skipped := text.read(min(_SAMPLE_BYTES, goal - position))):
        position += len(skipped)
    return position
