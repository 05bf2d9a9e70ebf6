"""Places: where files lie. Local folders, and fsspec's URLs where the user has fsspec."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from vm_df_writer.display.text import printable
from vm_df_writer.errors import JobError, SourceError

__all__ = ["FileStamp", "find_files", "hive_labels", "open_file", "stamp_of"]

FORMATS = (".parquet", ".csv", ".csv.gz", ".csv.zst", ".feather", ".arrow")

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class FileStamp:
    """What tells at a glance that a file is another one.

    Attributes
    ----------
    size : int
        In bytes.
    mtime_ns : int
        When it was changed last; for a URL a number made of all that its store tells of it.
    """

    size: int
    mtime_ns: int


def find_files(paths: Sequence[str | Path]) -> list[str]:
    """Return the files that paths, folders, globs and URLs stand for, each once, sorted.

    Local files by their absolute paths, so that a job knows them again, however they are named.

    In folders only files of a known format are taken, and none whose name, or whose folder's
    name, begins with a dot or an underscore.

    Raises
    ------
    JobError
        If a path stands for nothing, or a name is no UTF-8.
    """
    found: list[str] = []
    for path in map(str, paths):
        files = _find_remote(path) if "://" in path else _find_local(path)
        if not files:
            raise JobError(
                f"{path}: there is no file of a known format ({', '.join(FORMATS)}); "
                "check the path, and quote globs"
            )
        found += files
    for path in found:
        if printable(path) != path:
            raise JobError(f"{path!r}: its name is no UTF-8, and cannot be noted; rename it")
    return sorted(set(found))


def _find_local(path: str) -> list[str]:
    path = os.path.abspath(path)  # noqa: PTH100 - without ".."; so each file has one name
    here = Path(path)
    if here.is_dir():
        inside = (file.relative_to(here) for file in here.rglob("*") if file.is_file())
        return [str(here / name) for name in inside if _is_data(name.as_posix())]
    if here.exists():
        return [path]
    if not glob.has_magic(path):
        raise JobError(f"{path}: there is no such file or folder; check the path")
    matches = glob.glob(path, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute one
    return [file for match in matches for file in _find_local(match)]


def _find_remote(url: str) -> list[str]:
    filesystem, path = _filesystem(url)
    try:
        if glob.has_magic(path):
            files = filesystem.glob(path)
        elif filesystem.isdir(path):
            base = path.rstrip("/") + "/"
            files = [name for name in filesystem.find(path) if _is_data(name.removeprefix(base))]
        else:
            files = [path] if filesystem.exists(path) else []
    except Exception as error:  # noqa: BLE001 - file systems raise all kinds
        raise JobError(f"{url}: cannot be listed ({error}); check the URL and the access") from None
    return [filesystem.unstrip_protocol(name) for name in files]


def _is_data(name: str) -> bool:
    hidden = any(part.startswith((".", "_")) for part in name.replace(os.sep, "/").split("/"))
    return not hidden and name.lower().endswith(FORMATS)


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """Open a file or URL for reading.

    Raises
    ------
    SourceError
        If it is gone or may not be read.
    """
    try:
        if "://" in path:
            filesystem, inside = _filesystem(path)
            file: IO[bytes] = filesystem.open(inside, "rb")
        else:
            file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except Exception as error:  # noqa: BLE001 - file systems raise all kinds
        raise SourceError(_cannot_be_opened(error)) from None
    with file:
        yield file


def stamp_of(path: str) -> FileStamp:
    """Return size and time of change of a file or URL.

    Raises
    ------
    SourceError
        If it is gone.
    """
    try:
        if "://" not in path:
            status = Path(path).stat()
            return FileStamp(status.st_size, status.st_mtime_ns)
        filesystem, inside = _filesystem(path)
        filesystem.invalidate_cache()
        key = blake2b(filesystem.ukey(inside).encode(), digest_size=7)
        return FileStamp(filesystem.size(inside), int.from_bytes(key.digest()))
    except Exception as error:  # noqa: BLE001 - file systems raise all kinds
        raise SourceError(_cannot_be_opened(error)) from None


def hive_labels(path: str) -> dict[str, str]:
    """Return the labels that folders named ``key=value`` stand for.

    Examples
    --------
    >>> hive_labels("scores/region=eu%20west/day=2026-01-01/part-0.parquet")
    {'region': 'eu west', 'day': '2026-01-01'}
    """
    labels: dict[str, str] = {}
    for folder in path.replace(os.sep, "/").split("/")[:-1]:
        name, sign, value = folder.partition("=")
        if sign and name and value != _NULL_FOLDER:
            labels[unquote(name)] = unquote(value)
    return labels


def _cannot_be_opened(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file any more; put it back, and run with --retry-failed"
    reason = getattr(error, "strerror", None) or str(error)
    return f"cannot be opened ({reason}); see to it that it may be read"


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        core = import_module("fsspec.core")
    except ImportError:
        raise JobError(
            f"{url}: URLs are opened by fsspec, which is not installed; pip install fsspec and "
            "what it needs for this kind of URL"
        ) from None
    try:
        filesystem, path = core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise JobError(f"{url}: {error}") from None
    return filesystem, path
