"""Locations: where files lie. Local folders, and fsspec's URLs with the extra `remote-files`."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from vm_df_writer.display.text import printable
from vm_df_writer.errors import JobError, SourceError
from vm_df_writer.files.formats import PLAIN_SUFFIXES, SUFFIXES

__all__ = [
    "FileStamp",
    "expand_paths",
    "find_files",
    "hive_labels",
    "open_file",
    "require_one_value_each",
    "stamp_of",
]

_NULL_FOLDER = "__HIVE_DEFAULT_PARTITION__"
_NOT_REGULAR = "is a pipe, a socket or a device; pass its data on standard input, as '-'"


@dataclass(frozen=True)
class FileStamp:
    """What tells at a glance that a file is another one.

    Attributes
    ----------
    size : int
        In bytes.
    mark : int
        Made of when it was changed last and of its inode, or of all that a remote store tells.
    """

    size: int
    mark: int


def find_files(paths: str | Path | Sequence[str | Path]) -> list[str]:
    """Return the files that paths, folders, globs and URLs stand for, as a job knows them again.

    They are sorted; local ones have absolute paths, however they were named.

    Raises
    ------
    JobError
        As for :func:`expand_paths`, or if a name is no UTF-8.
    """
    found = expand_paths([paths] if isinstance(paths, (str, Path)) else paths)
    for path in found:
        if printable(path) != path:
            raise JobError(f"{path!r}: its name is no UTF-8, and cannot be noted; rename it")
    # Absolute, and yet with the names of links.
    return sorted(path if "://" in path else os.path.abspath(path) for path in found)  # noqa: PTH100


def expand_paths(paths: Sequence[str | Path]) -> list[str]:
    """Return the files that paths, folders, globs and URLs stand for, each once.

    In folders only files of a known format are taken, and none whose name, or whose folder's
    name, begins with a dot or an underscore. A link to another file of them is left out.

    Parameters
    ----------
    paths : sequence of str or Path
        What the caller names.

    Raises
    ------
    JobError
        If a path stands for nothing, or for a pipe.
    """
    found: list[str] = []
    for path in map(str, paths):
        if path == "-":
            raise JobError(
                "-: standard input can be read once only, and not together with files; write it "
                "with 'vm-df-writer write -', or keep it in a file"
            )
        files = _find_remote(path) if "://" in path else _find_local(path)
        if not files:
            raise JobError(
                f"{path}: there is no file of a known format ({', '.join(PLAIN_SUFFIXES)}); "
                "check the path, and quote globs"
            )
        found += sorted(files)
    chosen: dict[Hashable, str] = {}
    for path in sorted(found, key=_is_link):
        chosen.setdefault(_identity(path), path)
    return list(dict.fromkeys(path for path in found if path in chosen.values()))


def _is_link(path: str) -> bool:
    return "://" not in path and Path(path).is_symlink()


def _identity(path: str) -> Hashable:
    """Return what two names of one file have in common; in two key=value folders it is two."""
    if "://" in path:
        return path
    status = Path(path).stat()
    return status.st_dev, status.st_ino, *hive_labels(path).items()


def _find_local(path: str) -> list[str]:
    here = Path(path)
    if here.is_dir():
        inside = (file.relative_to(here) for file in here.rglob("*") if file.is_file())
        return [str(here / name) for name in inside if _is_data(name.as_posix())]
    if here.is_file():
        return [path]
    if here.exists():
        raise JobError(f"{path}: {_NOT_REGULAR}")
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
    return not hidden and name.lower().endswith(SUFFIXES)


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """Open a file or URL for reading.

    Raises
    ------
    SourceError
        If it is gone or may not be read.
    """
    with _clear_refusals():
        if "://" in path:
            filesystem, inside = _filesystem(path)
            file: IO[bytes] = filesystem.open(inside, "rb")
        else:
            stamp_of(path)  # opening a pipe would wait for a writer
            file = Path(path).open("rb")  # noqa: SIM115 - closed below
    with file:
        yield file


def stamp_of(path: str) -> FileStamp:
    """Return what tells at a glance that a file or URL is another one.

    Raises
    ------
    SourceError
        If it is gone, or is no regular file.
    """
    with _clear_refusals():
        if "://" in path:
            filesystem, inside = _filesystem(path)
            filesystem.invalidate_cache()
            return FileStamp(filesystem.size(inside), _mark(filesystem.ukey(inside)))
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(_NOT_REGULAR)
        # Another file put in its place may have the size and the time of the old one.
        return FileStamp(status.st_size, _mark(f"{status.st_mtime_ns} {status.st_ino}"))


def _mark(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=7).digest())


def hive_labels(path: str) -> dict[str, str]:
    """Return the labels that folders named ``key=value`` stand for.

    Examples
    --------
    >>> hive_labels("scores/region=eu%20west/day=2026-01-01/part-0.parquet")
    {'region': 'eu west', 'day': '2026-01-01'}
    """
    return dict(_key_value_folders(path))


def require_one_value_each(path: str) -> None:
    """Refuse a path in which two folders give one label a value.

    Raises
    ------
    SourceError
        Names the label.
    """
    names = [name for name, _ in _key_value_folders(path)]
    for name in names:
        if names.count(name) > 1:
            raise SourceError(
                f"hive: two folders of its path give {name!r} a value; rename one of them"
            )


def _key_value_folders(path: str) -> Iterator[tuple[str, str]]:
    for folder in path.replace(os.sep, "/").split("/")[:-1]:
        name, sign, value = folder.partition("=")
        if sign and name and value != _NULL_FOLDER:
            yield unquote(name), unquote(value)


@contextmanager
def _clear_refusals() -> Iterator[None]:
    """Turn what file systems raise of a file, which are all kinds, into one class."""
    try:
        yield
    except SourceError:
        raise
    except FileNotFoundError:
        raise SourceError(
            "there is no such file any more; put it back, and run with --retry-failed"
        ) from None
    except Exception as error:  # noqa: BLE001
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"cannot be opened ({reason}); see to it that it may be read") from None


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        core = import_module("fsspec.core")
    except ImportError:
        raise JobError(
            f"{url}: URLs are opened by fsspec, which is not installed; "
            "pip install 'vm_df_writer[remote-files]', and what fsspec needs for this kind of URL"
        ) from None
    try:
        filesystem, path = core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise JobError(f"{url}: {error}") from None
    return filesystem, path
