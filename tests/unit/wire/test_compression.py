from __future__ import annotations

import gzip
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.codecs import needs_cramjam, needs_zstd
from vm_df_writer.errors import ConfigError
from vm_df_writer.wire import compression
from vm_df_writer.wire.compression import compress, decompress_snappy, decompress_zstd

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


@needs_zstd
def test_zstd_is_unpacked_to_the_size_that_it_may_have() -> None:
    frame = compress(LINE * 1000, "zstd")
    most_bytes = len(LINE) * 1000
    assert decompress_zstd(frame, most_bytes=most_bytes) == LINE * 1000
    for damaged in (frame[:-1], frame + b"\0", frame[1:], b"", frame + frame):
        with pytest.raises(ValueError, match=r"zstd|Zstd|decompress"):
            decompress_zstd(damaged, most_bytes=2 * most_bytes)
    with pytest.raises(ValueError, match=f"of at most {most_bytes - 1:,} bytes"):
        decompress_zstd(frame, most_bytes=most_bytes - 1)


def test_without_a_zstd_none_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_zstd_module", lambda: None)
    with pytest.raises(ValueError, match="nothing is installed that decompresses zstd"):
        decompress_zstd(b"", most_bytes=1)


def test_unknown_coding_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(
        ConfigError, match=r"compression: 'gzipp' is not known; did you mean 'gzip'"
    ):
        compress(LINE, "gzipp")


@needs_cramjam
@given(st.binary(max_size=5_000))
def test_a_snappy_block_gives_the_data_back(data: bytes) -> None:
    from cramjam import snappy

    for encoding in ("stored", "snappy"):
        block = compress(data, encoding)
        assert bytes(snappy.decompress_raw(block)) == data
        assert decompress_snappy(block, most_bytes=2**30) == data
        assert compress(data, encoding) == block


@needs_cramjam
@pytest.mark.parametrize("size", [1, 59, 60, 61, 255, 256, 2**14, 2**16, 2**16 + 1, 5 * 2**20])
def test_a_stored_block_of_any_size_is_one_literal(size: int) -> None:
    from cramjam import snappy

    data = np.random.default_rng(size).bytes(size)
    block = compress(data, "stored")
    assert bytes(snappy.decompress_raw(block)) == data
    assert len(block) <= size + 10
    assert block.endswith(data)


def test_the_bytes_of_a_stored_block() -> None:
    assert compress(b"abc", "stored") == b"\x03\xfc\x02\x00\x00\x00abc"
    assert compress(b"", "stored") == compress(b"", "snappy") == b"\x00"


@needs_cramjam
def test_snappy_shrinks_what_repeats_itself() -> None:
    assert len(compress(LINE * 1_000, "snappy")) < len(LINE) * 1_000 / 10


@needs_cramjam
def test_snappy_without_cramjam_is_stored_and_read_back(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed = compress(LINE * 9, "snappy")
    monkeypatch.setitem(sys.modules, "cramjam", None)
    compression._encoder.cache_clear()
    try:
        assert compress(LINE, "snappy") == compress(LINE, "stored")
    finally:
        compression._encoder.cache_clear()
    assert decompress_snappy(compress(LINE, "stored"), most_bytes=len(LINE)) == LINE
    with pytest.raises(ConfigError, match=r"with the package cramjam; install the extra remote_wr"):
        decompress_snappy(compressed, most_bytes=2**30)


@needs_cramjam
@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xff",
        b"\x05\xfc",
        compress(LINE, "stored")[:-1],
        compress(LINE, "stored") + b"x",
        compress(LINE * 9, "snappy")[:-3],
        b"\xff\xff\xff\xff\x0f\x00",
    ],
)
def test_a_damaged_snappy_block_is_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match=r"corrupt|expected a number|header|more than"):
        decompress_snappy(block, most_bytes=2**30)


def test_without_a_zstd_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(compression, "_zstd_module", compression._zstd_module.__wrapped__)
    with pytest.raises(
        ConfigError, match=r"needs Python 3\.14 or the package backports\.zstd, found"
    ):
        compression._zstd()
