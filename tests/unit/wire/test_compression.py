from __future__ import annotations

import gzip
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.errors import ConfigError
from vm_df_writer.wire import compression
from vm_df_writer.wire.compression import compress

LINE = (
    b'{"metric":{"__name__":"y"},"values":[1.5,2.5],"timestamps":[1767225600000,1767225660000]}\n'
)


def zstd_module() -> ModuleType | None:
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ImportError):
            return import_module(name)
    return None


@given(st.binary(max_size=5_000))
def test_gzip_gives_the_data_back(data: bytes) -> None:
    assert gzip.decompress(compress(data, "gzip")) == data


def test_gzip_of_many_megabytes_gives_the_data_back() -> None:
    data = np.random.default_rng(1).bytes(3_000_000) + LINE * 100_000
    assert gzip.decompress(compress(data, "gzip")) == data


def test_gzip_shrinks_import_lines() -> None:
    data = LINE * 1_000
    assert len(compress(data, "gzip")) < len(data) / 20


def test_gzip_of_the_same_data_is_the_same_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = compress(LINE, "gzip")
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert compress(LINE, "gzip") == now
    assert now[4:8] == bytes(4), "the header holds a time"


def test_gzip_needs_no_package() -> None:
    assert gzip.decompress(compression._gzip(LINE)) == LINE


@pytest.mark.skipif(find_spec("isal") is None, reason="isal is not installed")
def test_isal_is_used_where_it_is_installed() -> None:
    assert gzip.decompress(compression._igzip()(LINE)) == LINE
    assert compress(LINE, "gzip") == compression._igzip()(LINE)


def test_none_does_not_even_copy() -> None:
    assert compress(LINE, "none") is LINE


def test_zstd_gives_the_data_back_or_says_what_to_install() -> None:
    data = LINE * 1_000
    zstd = zstd_module()
    if zstd is None:
        with pytest.raises(
            ConfigError, match=r"'zstd' needs Python 3\.14 .*; install backports\.zstd"
        ):
            compress(data, "zstd")
    else:
        coded = compress(data, "zstd")
        assert zstd.decompress(coded) == data
        assert compress(data, "zstd") == coded


def test_unknown_coding_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(
        ConfigError, match=r"compression: 'gzipp' is not known; did you mean 'gzip'"
    ):
        compress(LINE, "gzipp")
