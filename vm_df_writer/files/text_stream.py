"""Files as streams: unpacked, and text in whatever encoding as UTF-8."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from io import BufferedReader
from typing import IO, Any, cast

from vm_df_writer.errors import SourceError

__all__ = ["COMPRESSIONS", "import_pyarrow", "open_packed", "open_text"]

COMPRESSIONS = (".gz", ".zst", ".bz2", ".xz")
"""The endings of the names of packed files."""

_HEAD_BYTES = 2**16
_BYTE_ORDER_MARKS = {  # UTF-32's begins with UTF-16's
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


def import_pyarrow() -> Any:
    """Return pyarrow.

    Raises
    ------
    SourceError
        If it is not installed.
    """
    try:
        return import_module("pyarrow")
    except ImportError:
        raise SourceError(
            "this format needs pyarrow, which is not installed; pip install 'vm_df_writer[arrow]'"
        ) from None


def _unpack_zstd(file: IO[bytes]) -> Any:
    return import_pyarrow().input_stream(_Borrowed(file), compression="zstd")


class _Borrowed(io.RawIOBase):
    """A file that stays open when pyarrow, which closes what it was given, is done with it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as much as there is place for."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


_UNPACKERS: Mapping[re.Pattern[bytes], Callable[[IO[bytes]], Any]] = {
    re.compile(rb"\x1f\x8b\x08"): lambda file: gzip.GzipFile(fileobj=file),
    re.compile(rb"\x28\xb5\x2f\xfd"): _unpack_zstd,
    re.compile(rb"BZh[1-9]1AY&SY"): bz2.BZ2File,
    re.compile(rb"\xfd7zXZ\x00"): lzma.LZMAFile,
}


def open_packed(file: IO[bytes]) -> tuple[BufferedReader, bool]:
    """Return the content of a file, and whether it was packed, going by its first bytes.

    Names lie: browsers and object stores unpack a file and leave its name, or the other way round.

    Examples
    --------
    >>> content, was_packed = open_packed(io.BytesIO(gzip.compress(b"y")))
    >>> content.read(), was_packed
    (b'y', True)
    """
    head = file.read(16)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        raise SourceError(
            "is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV, and pass that"
        )
    for magic, unpack in _UNPACKERS.items():
        if magic.match(head):
            return BufferedReader(unpack(file), _HEAD_BYTES), True
    return cast("BufferedReader", file), False


def open_text(file: IO[bytes], encoding: str | None) -> tuple[BufferedReader, str, bool]:
    """Return the text of a file as UTF-8, the name of its encoding, and how it can be reached.

    The last is True if a place in it can be reached only through what is before it. Text whose
    lines end with a carriage return alone gets line feeds.
    """
    content, was_packed = open_packed(file)
    head = content.peek(_HEAD_BYTES) if was_packed else _peek(content)
    encoding = encoding or next(
        (name for mark, name in _BYTE_ORDER_MARKS.items() if head.startswith(mark)), "utf-8"
    )
    is_utf8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig", "ascii")
    if is_utf8 and b"\0" in head[:1000]:
        raise SourceError(
            "holds NUL bytes, which no text in UTF-8 does; of UTF-16 pass encoding='utf-16-le'"
        )
    if is_utf8 and not _ends_with_carriage_returns(head):
        return content, "utf-8", was_packed
    return BufferedReader(_Utf8(content, encoding), 2**20), encoding, True


def _peek(file: BufferedReader) -> bytes:
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    return head


def _ends_with_carriage_returns(head: bytes) -> bool:
    """Say whether the first line ends so; within quotes a carriage return is no line end."""
    first_line = re.sub(rb'"[^"]*"', b"", head).partition(b"\n")[0]
    return b"\r" in first_line.removesuffix(b"\r")


class _Utf8(io.RawIOBase):
    """Text of another encoding, or with other line ends, as UTF-8 with line feeds."""

    def __init__(self, file: BufferedReader, encoding: str) -> None:
        self._file, self._encoding = file, encoding
        decoder = codecs.getincrementaldecoder(encoding)()
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read as much as surely fits: of a byte at most a character comes, of four bytes."""
        text, is_end = "", False
        try:
            while not text and not is_end:
                data = self._file.read(len(buffer) // 8)
                is_end = not data
                text = self._decoder.decode(data, final=is_end)
        except UnicodeError as error:
            raise SourceError(
                f"is no text in {self._encoding} ({error}); pass the right one with encoding="
            ) from None
        utf8 = text.encode()
        buffer[: len(utf8)] = utf8
        return len(utf8)
