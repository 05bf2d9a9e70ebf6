"""How a body is coded for its way to the server."""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import cast

from vm_df_writer.errors import ConfigError, did_you_mean

__all__ = ["ENCODINGS", "compress"]

ENCODINGS = ("none", "gzip", "zstd")
"""The codings of :func:`compress`; but for ``none``, also values of ``Content-Encoding``."""

# Import lines are digits: higher levels cost several times the time to save a few per cent.
_LEVEL = 1
_GZIP_CONTAINER = 31


def compress(data: bytes, encoding: str) -> bytes:
    """Return the data in the given coding; the same data always give the same bytes.

    Releases the GIL, so that several threads can compress at once.

    Parameters
    ----------
    data : bytes
        The import lines of a body.
    coding : {"none", "gzip", "zstd"}
        ``gzip`` is made by `isal` where it is installed (three times as fast), else
        by the standard library. ``zstd`` needs Python 3.14 or the package
        `backports.zstd`.

    Returns
    -------
    bytes
        One gzip member or zstd frame; `data` itself for ``none``.

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
    msg = (
        f"compression: {encoding!r} is not known{did_you_mean(encoding, ENCODINGS)}; "
        f"use one of {', '.join(ENCODINGS)}"
    )
    raise ConfigError(msg)


def _gzip(data: bytes) -> bytes:
    # Unlike gzip.compress, this writes no time into the header, on any Python.
    return zlib.compress(data, _LEVEL, _GZIP_CONTAINER)


def _igzip() -> Callable[[bytes], bytes]:
    from isal import igzip  # an extra: imported only when a body is to be compressed

    def compress_by_isal(data: bytes) -> bytes:
        return igzip.compress(data, _LEVEL, mtime=0)

    return compress_by_isal


def _zstd() -> Callable[[bytes], bytes]:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        zstd_compress = cast("Callable[[bytes, int], bytes]", module.compress)
        return lambda data: zstd_compress(data, _LEVEL)
    msg = (
        "compression: 'zstd' needs Python 3.14 or the package backports.zstd, found neither; "
        "install backports.zstd, or set compression to 'gzip'"
    )
    raise ConfigError(msg)
