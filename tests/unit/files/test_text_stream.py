"""Files are unpacked and decoded by what they hold, whatever they are called."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from io import BytesIO

import pytest

from vm_df_writer.errors import SourceError
from vm_df_writer.files.text_stream import import_pyarrow, open_packed, open_text

TEXT = b"time,y\n" + b"2026-01-01,1\n" * 100


def zstd(data: bytes) -> bytes:
    pyarrow = pytest.importorskip("pyarrow")
    halves: list[bytes] = [
        pyarrow.compress(half, "zstd", asbytes=True) for half in (data[:8], data[8:])
    ]
    return b"".join(halves)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_packed_files_are_unpacked(pack: Callable[[bytes], bytes]) -> None:
    content, was_packed = open_packed(BytesIO(pack(TEXT)))
    assert content.read() == TEXT
    assert was_packed


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_a_file_stays_open_when_its_stream_is_gone(pack: Callable[[bytes], bytes]) -> None:
    file = BytesIO(pack(TEXT))
    content, _ = open_packed(file)
    content.read(10)
    del content
    assert not file.closed


def test_a_plain_file_is_what_it_is() -> None:
    content, was_packed = open_packed(BytesIO(TEXT))
    assert content.read() == TEXT
    assert not was_packed


def test_archives_and_spreadsheets_are_refused() -> None:
    with pytest.raises(
        SourceError, match=r"^is a zip archive or a spreadsheet; unpack it, or save"
    ):
        open_packed(BytesIO(b"PK\x03\x04..."))


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("\ufeffcaf\u00e9\n".encode("utf-16-le"), None),
        ("\ufeffcaf\u00e9\n".encode("utf-16-be"), None),
        ("caf\u00e9\n".encode("utf-32"), None),
        ("caf\u00e9\n".encode("utf-16-le"), "utf-16-le"),
        ("caf\u00e9\n".encode("latin-1"), "latin-1"),
    ],
)
def test_text_of_any_encoding_becomes_utf_8(data: bytes, encoding: str | None) -> None:
    text, _, in_one_go = open_text(BytesIO(data), encoding)
    assert text.read().decode().removeprefix("\ufeff") == "caf\u00e9\n"
    assert in_one_go


def test_long_text_of_another_encoding_is_read_piece_by_piece() -> None:
    long = "\u20ac\U0001f600caf\u00e9\r\n" * 300_000
    text, _, _ = open_text(BytesIO(long.encode("utf-16")), None)
    pieces = [*iter(lambda: text.read(1_234_567), b"")]
    assert b"".join(pieces).decode() == long.replace("\r\n", "\n")


def test_utf_8_can_be_read_from_any_place() -> None:
    text, encoding, in_one_go = open_text(BytesIO(b"\xef\xbb\xbf" + TEXT), None)
    assert (encoding, in_one_go) == ("utf-8", False)
    text.seek(10)
    assert text.read(4) == TEXT[7:11]


def test_carriage_returns_alone_become_line_feeds() -> None:
    text, _, _ = open_text(BytesIO(b'"a\rb",y\r1,2\r3,4\n'), None)
    assert text.read() == b'"a\nb",y\n1,2\n3,4\n'
    text, _, in_one_go = open_text(BytesIO(b'"a\rb",y\r\n1,2\r\n'), None)
    assert text.read() == b'"a\rb",y\r\n1,2\r\n'
    assert not in_one_go


def test_a_wrong_encoding_is_refused() -> None:
    text, _, _ = open_text(BytesIO(b"\x81\n"), "cp1252")
    with pytest.raises(
        SourceError, match=r"^is no text in cp1252 \(.*\); pass the right one with encoding=$"
    ):
        text.read()


def test_utf_16_without_a_mark_is_named() -> None:
    with pytest.raises(SourceError, match=r"^holds NUL bytes, .* pass encoding='utf-16-le'$"):
        open_text(BytesIO("time,y\n".encode("utf-16-le")), None)


def test_a_missing_pyarrow_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(
        SourceError,
        match=r"^this format needs pyarrow, which is not installed; pip install "
        r"'vm_df_writer\[arrow\]'$",
    ):
        import_pyarrow()
