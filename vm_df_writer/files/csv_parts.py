"""CSV files, also gzip and zstd, in chunks of whole lines."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BufferedReader
from typing import IO, cast

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import SourceError
from vm_df_writer.files.csv_cells import import_pyarrow, read_csv
from vm_df_writer.files.part import Part, Schema, needed_columns

__all__ = ["CHUNK_BYTES", "plan", "read"]

CHUNK_BYTES = 16 * 2**20

# Of this much text it is guessed what the columns hold; what comes later must fit.
_SAMPLE_BYTES = 2**20


def plan(file: IO[bytes], path: str, reading: ReadOptions) -> tuple[Schema, list[Part]]:
    """Go through the whole file to find where its chunks begin."""
    text = _text(file, path)
    header = _read_header(text)
    frame = read_csv(header, reading)
    if len(frame):  # pandas ends a line there, too
        raise SourceError(
            "its lines end with a carriage return alone, where no part can begin; write it anew "
            "with line feeds"
        )
    names = [str(name) for name in frame.columns]
    parts: list[Part] = []
    start = len(header)
    for chunk in _chunks(text):
        rows = chunk.count(b"\n") or 1
        parts.append(Part(len(parts), start, start + len(chunk), rows))
        start += len(chunk)
    return dict.fromkeys(needed_columns(names, reading) or names, ""), parts


def read(
    file: IO[bytes], path: str, parts: Sequence[Part], reading: ReadOptions
) -> Iterator[pd.DataFrame]:
    """Read chunks, all with the same kinds of columns: those that the first lines show."""
    shown = _text(file, path)  # stays to the end: pyarrow's streams close the file when they go
    header = _read_header(shown)
    sample = shown.read(_SAMPLE_BYTES)
    lines = sample[: _last_line_end(sample)] or sample
    how = _pinned(read_csv(header + lines, reading), reading)
    file.seek(0)
    text = _text(file, path)
    position = 0
    for part in parts:
        position = _move(text, position, part.start, seekable=text is file)
        chunk = text.read(part.stop - part.start)
        position += len(chunk)
        yield read_csv(header + chunk, how)


def _pinned(frame: pd.DataFrame, reading: ReadOptions) -> ReadOptions:
    """Name the columns as what they turned out to hold, so that each chunk is read alike."""
    labels = list(reading.label_columns or ())
    values = list(reading.value_columns or ())
    others_are_values = reading.label_columns is not None and reading.value_columns is None
    for name, column in frame.items():
        if name in labels or name in values:
            continue
        if column.isna().all():
            if others_are_values:
                values.append(name)
            continue
        (values if pd.api.types.is_numeric_dtype(column.dtype) else labels).append(name)
    return replace(reading, label_columns=labels or None, value_columns=values or None)


def _text(file: IO[bytes], path: str) -> BufferedReader:
    name = path.lower()
    if name.endswith(".gz"):
        return BufferedReader(cast("BufferedReader", gzip.GzipFile(fileobj=file)))
    if name.endswith(".zst"):
        return BufferedReader(import_pyarrow().input_stream(file, compression="zstd"))
    return cast("BufferedReader", file)


def _read_header(text: BufferedReader) -> bytes:
    header = text.readline()
    while header.count(b'"') % 2 and (line := text.readline()):
        header += line
    if not header.strip():
        raise SourceError("is empty; a CSV begins with the names of its columns")
    return header


def _chunks(text: BufferedReader) -> Iterator[bytes]:
    rest = b""
    while block := text.read(CHUNK_BYTES):
        data = rest + block
        end = _last_line_end(data)
        if end:
            yield data[:end]
        rest = data[end:]
        if len(rest) > 2 * CHUNK_BYTES:
            raise SourceError(
                f"no line ends within {len(rest):,} bytes; check the file for a double quote "
                "that is not closed"
            )
    if rest:
        yield rest


def _last_line_end(data: bytes) -> int:
    r"""Return where the last whole line ends, given that `data` begins with one; 0 if nowhere.

    Examples
    --------
    >>> _last_line_end(b'a,1\n"b\nb",2\n"c\nc')
    12
    """
    end = len(data)
    quotes = data.count(b'"')
    while end:
        line_end = data.rfind(b"\n", 0, end) + 1
        quotes -= data.count(b'"', line_end, end)
        if quotes % 2 == 0:
            return line_end
        end = line_end - 1
    return 0


def _move(text: BufferedReader, position: int, goal: int, *, seekable: bool) -> int:
    if seekable:
        return text.seek(goal)
    while position < goal and (skipped := text.read(min(CHUNK_BYTES, goal - position))):
        position += len(skipped)
    return position
