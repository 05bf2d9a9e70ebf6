"""Sources: files that are read part by part, each part the same whenever it is read; and frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import IO, Protocol

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import FrameError, SourceError
from vm_df_writer.files import arrow_ipc, csv_parts, parquet
from vm_df_writer.files.locations import FileStamp, open_file, stamp_of
from vm_df_writer.files.part import Part, Schema

__all__ = [
    "SourceFile",
    "frame_source",
    "has_changed",
    "plan_source",
    "read_parts",
    "reads_in_one_go",
]

_WINDOW = 2**16
_WINDOWS = 16


class _Format(Protocol):
    """How files of one kind are cut into parts, and read."""

    def plan(
        self, file: IO[bytes], path: str, reading: ReadOptions
    ) -> tuple[Schema, list[Part]]: ...

    def read(
        self, file: IO[bytes], path: str, parts: Sequence[Part], reading: ReadOptions
    ) -> Iterator[pd.DataFrame]: ...


_FORMATS: Mapping[str, _Format] = {
    ".parquet": parquet,
    ".csv": csv_parts,
    ".csv.gz": csv_parts,
    ".csv.zst": csv_parts,
    ".feather": arrow_ipc,
    ".arrow": arrow_ipc,
}


@dataclass(frozen=True)
class SourceFile:
    """A file and its parts.

    Attributes
    ----------
    path : str
        Path or URL.
    stamp : FileStamp
        Its size and time of change when it was planned.
    fingerprint : str
        Of its content: the whole file, or for a large one its end, where parquet and Arrow
        files describe all the rest, and windows spread over it.
    schema : mapping of str to str
        The columns, and what kind of values each holds, as far as that can be told at a glance.
    parts : sequence of Part
        The parts, in the order of the file.
    error : str or None
        Why it cannot be read; then it has one part, which stands for the whole file.
    """

    path: str
    stamp: FileStamp
    fingerprint: str = ""
    schema: Schema = field(default_factory=dict)
    parts: Sequence[Part] = ()
    error: str | None = None


def plan_source(path: str, reading: ReadOptions) -> SourceFile:
    """Cut a file into parts; what is wrong with it is in `error`."""
    stamp = FileStamp(0, 0)
    try:
        stamp = stamp_of(path)
        with open_file(path) as file:
            fingerprint = _fingerprint(file, stamp.size)
            with _clear_reasons():
                schema, parts = _format_of(path).plan(file, path, reading)
        _require_same(stamp_of(path), stamp)
    except SourceError as error:
        return SourceFile(path, stamp, parts=[Part(0)], error=str(error))
    return SourceFile(path, stamp, fingerprint, schema, parts)


def has_changed(source: SourceFile) -> bool:
    """Say whether a file is another one than was planned.

    Another time of change alone does not make it one, if its content is the same.

    Raises
    ------
    SourceError
        If it is gone.
    """
    stamp = stamp_of(source.path)
    if stamp.size != source.stamp.size:
        return True
    if stamp == source.stamp:
        return False
    with open_file(source.path) as file:
        return _fingerprint(file, stamp.size) != source.fingerprint


def reads_in_one_go(path: str) -> bool:
    """Say whether a part can be reached only through those before it."""
    return path.lower().endswith((".csv.gz", ".csv.zst"))


def read_parts(
    source: SourceFile, parts: Sequence[Part], reading: ReadOptions
) -> Iterator[tuple[Part, pd.DataFrame]]:
    """Read parts of a file, in the order of the file; one is in memory at a time.

    Raises
    ------
    SourceError
        If the file cannot be read, or is no longer the one that was planned.
    """
    with open_file(source.path) as file:
        frames = _format_of(source.path).read(file, source.path, parts, reading)
        for part in parts:
            try:
                with _clear_reasons():
                    frame = next(frames)
            except SourceError:
                # A file that is being changed can look torn; say what is the matter with it.
                _require_unchanged(source)
                raise
            _require_unchanged(source)
            yield part, frame


def frame_source(number: int, frame: pd.DataFrame) -> SourceFile:
    """Return what a frame is known by: it is one part, known again by its content.

    Examples
    --------
    >>> frame = pd.DataFrame({"y": [1.0]})
    >>> source = frame_source(3, frame)
    >>> source.path, source.parts[0].rows, source.schema
    ('frame 3', 1, {'y': 'numbers'})
    >>> source.fingerprint == frame_source(3, frame.assign(y=2.0)).fingerprint
    False
    """
    digest = blake2b(digest_size=16)
    columns = [*frame.columns], [*frame.index.names], [*frame.dtypes]
    digest.update(repr(columns).encode())
    digest.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    schema = {
        str(name): "numbers" if pd.api.types.is_numeric_dtype(dtype) else ""
        for name, dtype in frame.dtypes.items()
    }
    schema |= {str(name): "" for name in frame.index.names if name is not None}
    parts = [Part(0, rows=len(frame))]
    return SourceFile(f"frame {number}", FileStamp(0, 0), digest.hexdigest(), schema, parts)


def _format_of(path: str) -> _Format:
    name = path.lower()
    for suffix, found in _FORMATS.items():
        if name.endswith(suffix):
            return found
    raise SourceError(f"the name does not say a known format; name it {', '.join(_FORMATS)}")


def _fingerprint(file: IO[bytes], size: int) -> str:
    """Hash what is read in a moment; for a small file that is all of it."""
    digest = blake2b(str(size).encode(), digest_size=16)
    last = max(0, size - _WINDOW)
    for i in range(_WINDOWS):
        file.seek(last * i // (_WINDOWS - 1))
        digest.update(file.read(_WINDOW))
    file.seek(0)
    return digest.hexdigest()


def _require_unchanged(source: SourceFile) -> None:
    if has_changed(source):
        raise SourceError(
            "it was changed after it was planned; when it is whole, run with --retry-failed, or "
            "with --restart if some of it was sent"
        )


def _require_same(stamp: FileStamp, planned: FileStamp) -> None:
    if stamp != planned:
        raise SourceError("it was changed while it was planned; run again when it is whole")


@contextmanager
def _clear_reasons() -> Iterator[None]:
    """Turn what readers raise into one class with a clear message."""
    try:
        yield
    except FrameError as error:
        raise SourceError(str(error)) from error
    except SourceError:
        raise
    except Exception as error:  # pyarrow, gzip, pandas and file systems have all kinds
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise SourceError(f"cannot be read ({reason}); check the file") from error
