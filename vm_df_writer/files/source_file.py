"""Sources: files, read whole or in parts, each part the same whenever it is read; and frames."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from io import BytesIO
from typing import IO, Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError, SourceError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.formats import find_format
from vm_df_writer.files.locations import FileStamp, open_file, stamp_of
from vm_df_writer.files.part import Part, Schema
from vm_df_writer.files.time_format import parse_times

__all__ = [
    "SourceFile",
    "frame_schema",
    "frame_source",
    "has_changed",
    "plan_source",
    "read_file",
    "read_parts",
]


_AS_THEY_SHOW = FileOptions()
_BLOCK_BYTES = 2**20
_MOST_REMOTE_BYTES = 2**24


@dataclass(frozen=True)
class SourceFile:
    """A file and its parts.

    Attributes
    ----------
    path : str
        Path or URL.
    stamp : FileStamp
        What it looked like from outside when it was planned.
    fingerprint : str
        Of its whole content; of a large remote file, what its store tells of it.
    schema : Schema
        What its columns hold, which is the same for each part.
    parts : sequence of Part
        The parts, in the order of the file.
    error : str or None
        Why it cannot be read; then it has one part, which stands for the whole file.
    """

    path: str
    stamp: FileStamp
    fingerprint: str = ""
    schema: Schema = field(default_factory=Schema)
    parts: Sequence[Part] = ()
    error: str | None = None


def read_file(
    path: str, reading: ReadOptions, options: FileOptions = _AS_THEY_SHOW
) -> pd.DataFrame:
    """Read a file as one frame; ``-`` is standard input.

    Parameters
    ----------
    path : str
        Path or URL.
    reading : ReadOptions
        How the frame will be read: named labels are text, and named values are numbers.
    options : FileOptions
        How the file is written.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    with _open(path) as file, _clear_reasons():
        frame = find_format(path, file).read_whole(file, _unjoined(reading, options), options)
        return parse_times(frame, reading, options)


@contextmanager
def _open(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield BytesIO(sys.stdin.buffer.read())
        return
    with open_file(path) as file:
        yield file


def plan_source(
    path: str, reading: ReadOptions, options: FileOptions = _AS_THEY_SHOW
) -> SourceFile:
    """Cut a file into parts; what is wrong with it is in `error`."""
    stamp = FileStamp(0, 0)
    try:
        stamp = stamp_of(path)
        with open_file(path) as file, _clear_reasons():
            fingerprint = _fingerprint(path, file, stamp)
            file.seek(0)
            schema, parts = find_format(path, file).plan(file, _unjoined(reading, options), options)
        _require_same(stamp_of(path), stamp)
    except SourceError as error:
        return SourceFile(path, stamp, parts=[Part(0)], error=error.describe())
    return SourceFile(path, stamp, fingerprint, schema, parts)


def has_changed(source: SourceFile) -> bool:
    """Say whether a file is another one than was planned.

    Another time of change alone does not make it one, if its whole content is the same.

    Raises
    ------
    SourceError
        If it is gone, or cannot be read.
    """
    stamp = stamp_of(source.path)
    if stamp == source.stamp:
        return False
    if stamp.size != source.stamp.size:
        return True
    with open_file(source.path) as file, _clear_reasons():
        return _fingerprint(source.path, file, stamp) != source.fingerprint


def read_parts(
    source: SourceFile,
    parts: Sequence[Part],
    reading: ReadOptions,
    options: FileOptions = _AS_THEY_SHOW,
) -> Iterator[tuple[Part, pd.DataFrame]]:
    """Read parts of a file, in the order of the file; none of them is kept in memory.

    Raises
    ------
    SourceError
        If the file cannot be read, or is no longer the one that was planned.
    """
    with open_file(source.path) as file:
        with _clear_reasons():
            found = find_format(source.path, file)
            frames = found.read(file, source.schema, parts, _unjoined(reading, options))
        for part in parts:
            try:
                with _clear_reasons():
                    read = [parse_times(next(frames), reading, options)]
            except SourceError:
                # A file that is being changed can look torn; say what is the matter with it.
                _require_unchanged(source)
                raise
            source = _require_unchanged(source)
            yield part, read.pop()


def _unjoined(reading: ReadOptions, options: FileOptions) -> ReadOptions:
    """Return the reading of a file whose time is yet to be joined of several columns."""
    return replace(reading, time=None) if options.time_columns else reading


def frame_source(number: int, frame: pd.DataFrame) -> SourceFile:
    """Return what a frame is known by: it is one part, known again by its content.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0]})
    >>> source = frame_source(3, frame)
    >>> source.path, source.parts[0].rows, source.schema.columns
    ('frame 3', 1, {'y': 'floats'})
    >>> source.fingerprint == frame_source(3, frame.assign(y=2.0)).fingerprint
    False
    """
    digest = blake2b(digest_size=16)
    columns = [*frame.columns], [*frame.index.names], [*frame.dtypes]
    digest.update(repr(columns).encode())
    digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    parts = [Part(0, rows=len(frame))]
    schema = frame_schema(frame)
    return SourceFile(f"frame {number}", FileStamp(0, 0), digest.hexdigest(), schema, parts)


def frame_schema(frame: pd.DataFrame) -> Schema:
    """Return the columns and the levels of the index of a frame, and what they hold.

    Examples
    --------
    >>> frame_schema(pd.DataFrame({"host": ["a"], "y": [1.0]})).columns
    {'host': '', 'y': 'floats'}
    """
    kinds = {str(name): _kind_of(dtype) for name, dtype in frame.dtypes.items()}
    return Schema(kinds | {str(name): "" for name in frame.index.names if name is not None})


def _kind_of(dtype: Any) -> str:
    if pd.api.types.is_bool_dtype(dtype):
        return "booleans"
    if pd.api.types.is_integer_dtype(dtype):
        return "integers"
    return "floats" if pd.api.types.is_numeric_dtype(dtype) else ""


def _fingerprint(path: str, file: IO[bytes], stamp: FileStamp) -> str:
    """Hash the whole content: no sample of it tells that a value in the middle was corrected.

    A gigabyte takes half a second. A large remote file would have to be downloaded for it, and
    is known by what its store tells of it.
    """
    if "://" in path and stamp.size > _MOST_REMOTE_BYTES:
        return f"{stamp.mark:x}"
    digest = hashlib.sha256()
    while block := file.read(_BLOCK_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _require_unchanged(source: SourceFile) -> SourceFile:
    """Return the source with its newest stamp, so that its content is not hashed again."""
    stamp = stamp_of(source.path)
    if has_changed(source):
        raise SourceError(
            "it was changed after it was planned; when it is whole, run with --retry-failed, or "
            "with --restart if some of it was sent"
        )
    return source if stamp == source.stamp else replace(source, stamp=stamp)


def _require_same(stamp: FileStamp, planned: FileStamp) -> None:
    if stamp != planned:
        raise SourceError("it was changed while it was planned; run again when it is whole")


@contextmanager
def _clear_reasons() -> Iterator[None]:
    """Turn what readers raise into one class with a clear message."""
    try:
        yield
    except FrameError as error:
        raise SourceError(error.describe()) from error
    except SourceError:
        raise
    except MemoryError as error:
        raise SourceError(
            "does not fit into memory; write it with backfill, which reads it in parts"
        ) from error
    except Exception as error:  # pyarrow, gzip, pandas and file systems have all kinds
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        reason = reason.removeprefix("Error tokenizing data. C error: ")
        raise SourceError(f"cannot be read ({reason}); check the file") from error
