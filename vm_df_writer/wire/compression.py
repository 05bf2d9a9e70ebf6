"""How a body is encoded for its way to the server."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ConfigError
from vm_df_writer.model.varint import read_varint, varint

__all__ = [
    "ENCODINGS",
    "GzipReader",
    "compress",
    "decompress_gzip",
    "decompress_snappy",
    "decompress_zstd",
]

ENCODINGS = ("none", "gzip", "zstd", "snappy", "stored")
"""The encodings of :func:`compress`."""

# Higher levels cost several times the time to save a few per cent, of digits and of binary.
_LEVEL = 1
_GZIP_CONTAINER = 31
_PIECE_BYTES = 2**18

# The tag of a literal whose length less one comes in four bytes (snappy's format_description.txt).
_LONG_LITERAL = b"\xfc"


def compress(data: bytes, encoding: str) -> bytes:
    """Return the data in the given encoding; the same data always give the same bytes.

    Releases the GIL, so that several threads can compress at once.

    Parameters
    ----------
    data : bytes
        A body.
    encoding : {"none", "gzip", "zstd", "snappy", "stored"}
        ``gzip`` is made by `isal` where it is installed (three times as fast), else
        by the standard library. ``zstd`` needs Python 3.14 or the package
        `backports.zstd`. ``stored`` is a snappy block that holds the data as they are, and
        ``snappy`` is one that `cramjam` compressed, or the same where that is not installed.

    Returns
    -------
    bytes
        One gzip member, zstd frame or snappy block; `data` itself for ``none``.

    Raises
    ------
    ConfigError
        If `encoding` is unknown, or nothing is installed that can do it.

    Examples
    --------
    >>> import gzip
    >>> lines = b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}' * 9
    >>> coded = compress(lines, "gzip")
    >>> len(coded) < len(lines), gzip.decompress(coded) == lines
    (True, True)
    >>> compress(lines, "none") is lines
    True
    """
    return _encoder(encoding)(data)


@cache
def _encoder(encoding: str) -> Callable[[bytes], bytes]:
    match encoding:
        case "none":
            return bytes
        case "gzip":
            return _igzip() if find_spec("isal") else _gzip
        case "zstd":
            return _zstd()
        case "snappy":
            return _snappy() if find_spec("cramjam") else _stored
        case "stored":
            return _stored
    raise ConfigError(
        f"compression: {encoding!r} is not known{did_you_mean(encoding, ENCODINGS)}; "
        f"use one of {', '.join(ENCODINGS)}"
    )


def decompress_gzip(packed: bytes, most_bytes: int) -> bytes:
    """Return what gzip members hold, and stop where that is more than it should be.

    Raises
    ------
    OSError
        If they are damaged or cut, or hold more than `most_bytes`.

    Examples
    --------
    >>> decompress_gzip(compress(b"samples", "gzip") * 2, most_bytes=14)
    b'samplessamples'
    >>> decompress_gzip(compress(b"samples", "gzip"), most_bytes=6)
    Traceback (most recent call last):
    OSError: it holds more than 6 bytes
    """
    reader, pieces, n_bytes = GzipReader(), [], 0
    for piece in reader.read(packed):
        pieces.append(piece)
        n_bytes += len(piece)
        if n_bytes > most_bytes:
            raise OSError(f"it holds more than {most_bytes:,} bytes")
    reader.finish()
    return b"".join(pieces)


class GzipReader:
    """Decompresses gzip members as they come, in pieces of a bounded size."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_CONTAINER)
        self._is_whole = False

    def read(self, packed: bytes) -> Iterator[bytes]:
        """Yield what some bytes decompress to, together with those before.

        Raises
        ------
        OSError
            If they are damaged.
        """
        while packed:
            if self._is_whole:
                self._member = zlib.decompressobj(_GZIP_CONTAINER)
            try:
                piece = self._member.decompress(packed, _PIECE_BYTES)
            except zlib.error as error:
                raise OSError(f"gzip: {error}") from None
            self._is_whole = self._member.eof
            packed = self._member.unused_data if self._is_whole else self._member.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        """Refuse what ends within a member.

        Raises
        ------
        OSError
            If it does.
        """
        if not self._is_whole:
            raise OSError("gzip: it is cut off")


def decompress_snappy(block: bytes, most_bytes: int) -> bytes:
    """Return what a snappy block holds; one that `compress` only stored needs no package.

    Raises
    ------
    ValueError
        If the block is damaged, or holds more than `most_bytes`.
    ConfigError
        If it is compressed, and `cramjam` is not installed.

    Examples
    --------
    >>> decompress_snappy(compress(b"samples", "stored"), most_bytes=7)
    b'samples'
    """
    n_bytes, start = read_varint(block, 0)
    if n_bytes > most_bytes:
        raise ValueError(f"it holds {n_bytes:,} bytes, which is more than {most_bytes:,}")
    data = block[start + len(_LONG_LITERAL) + 4 :]
    if block == _stored(data):
        return data
    if not find_spec("cramjam"):
        raise ConfigError(
            "compression: a snappy block can only be read with the package cramjam; install the "
            "extra remote_write"
        )
    from cramjam import DecompressionError, snappy  # an extra

    try:
        return bytes(snappy.decompress_raw(block))
    except DecompressionError as error:
        raise ValueError(str(error)) from None


def decompress_zstd(frame: bytes, most_bytes: int) -> bytes:
    """Return what a zstd frame holds.

    Raises
    ------
    ValueError
        If the frame is damaged, or holds more than `most_bytes`, or nothing is installed that can
        decompress it.

    Examples
    --------
    >>> decompress_zstd(compress(b"samples", "zstd"), most_bytes=7)
    b'samples'
    """
    module = _zstd_module()
    if module is None:
        raise ValueError("nothing is installed that decompresses zstd")
    decompressor = module.ZstdDecompressor()
    try:
        data: bytes = decompressor.decompress(frame, most_bytes + 1)
    except module.ZstdError as error:
        raise ValueError(str(error)) from None
    if len(data) > most_bytes or not decompressor.eof or decompressor.unused_data:
        raise ValueError(f"expected a zstd frame of at most {most_bytes:,} bytes")
    return data


def _stored(data: bytes) -> bytes:
    size = len(data)
    if not size:
        return b"\0"
    return b"".join((varint(size), _LONG_LITERAL, (size - 1).to_bytes(4, "little"), data))


def _snappy() -> Callable[[bytes], bytes]:
    from cramjam import snappy  # an extra: imported only when a body is to be compressed

    # Not `compress`: that makes the framed format, which no server takes.
    return lambda data: bytes(snappy.compress_raw(data))


def _gzip(data: bytes) -> bytes:
    # Unlike gzip.compress, this writes no time into the header, on any Python.
    return zlib.compress(data, _LEVEL, _GZIP_CONTAINER)


def _igzip() -> Callable[[bytes], bytes]:
    from isal import igzip  # an extra: imported only when a body is to be compressed

    return partial(igzip.compress, compresslevel=_LEVEL, mtime=0)


def _zstd() -> Callable[[bytes], bytes]:
    module = _zstd_module()
    if module is None:
        raise ConfigError(
            "compression: 'zstd' needs Python 3.14 or the package backports.zstd, found neither; "
            "install backports.zstd, or set compression to 'gzip'"
        )
    return partial(module.compress, level=_LEVEL)


@cache
def _zstd_module() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None
