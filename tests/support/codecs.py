"""Marks of tests that need a package which is an extra, to compress or decompress."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from vm_df_writer.errors import ConfigError
from vm_df_writer.wire.compression import compress

__all__ = ["needs_cramjam", "needs_zstd"]


def _has_zstd() -> bool:
    try:
        compress(b"", "zstd")
    except ConfigError:
        return False
    return True


needs_zstd = pytest.mark.skipif(not _has_zstd(), reason="no zstd; install backports.zstd")
needs_cramjam = pytest.mark.skipif(find_spec("cramjam") is None, reason="needs cramjam")
