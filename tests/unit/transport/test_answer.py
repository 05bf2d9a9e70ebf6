"""Answers are bounded, also when they are decompressed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from tests.support.http_servers import LINE, Serve, answer, http_client, raw_servers
from vm_df_writer.errors import ServerRejected, ServerUnavailable

MIB = 2**20


@pytest.fixture
def serve() -> Iterator[Serve]:
    with raw_servers() as start:
        yield start


def with_head(body: bytes, status: int = 200, encoding: str = "gzip") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nContent-Encoding: {encoding}"
    return head.encode() + b"\r\n\r\n" + body


def bomb(n_mib: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    zeros = bytes(MIB)
    return b"".join(packer.compress(zeros) for _ in range(n_mib)) + packer.flush()


def test_a_bomb_on_health_is_refused(serve: Serve) -> None:
    with pytest.raises(
        ServerRejected,
        match=r"/health: answered 200 with more than 1,048,576 bytes; this is hardly the right "
        r"endpoint; check datasource_url and health_path$",
    ):
        http_client(serve(answer(with_head(bomb(40))))).check_health()


def test_a_bomb_of_metrics_is_refused(serve: Serve) -> None:
    url = serve(answer(with_head(bomb(40))))
    with pytest.raises(ServerRejected, match=r"with more than 33,554,432 bytes"):
        http_client(url).get(f"{url}/metrics")


def test_a_bomb_without_a_line_end_is_refused(serve: Serve) -> None:
    url = serve(answer(with_head(bomb(130))))
    with pytest.raises(ServerRejected, match=r"with more than 134,217,728 bytes"):
        list(http_client(url).stream_lines(f"{url}/x", [], most_bytes=2**40))


def test_a_bomb_as_the_text_of_an_error_shows_its_beginning(serve: Serve) -> None:
    packed = gzip.compress(b"no such path" + bytes(20 * MIB), 1)
    with pytest.raises(ServerRejected, match=r"answered 400 Bad Request \('no such path"):
        http_client(serve(answer(with_head(packed, 400)))).post_import(LINE)


def test_lines_without_end_are_refused(serve: Serve) -> None:
    url = serve(answer(with_head(gzip.compress(b"line\n" * MIB))))
    with pytest.raises(ServerRejected, match=r"with more than 1,000,000 bytes"):
        list(http_client(url).stream_lines(f"{url}/x", [], most_bytes=10**6))


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip"])
def test_an_encoding_that_was_not_asked_for_is_refused(serve: Serve, encoding: str) -> None:
    url = serve(answer(with_head(b"whatever", encoding=encoding)))
    with pytest.raises(
        ServerRejected,
        match=rf"/metrics: answered 200 in the encoding '{encoding}', which was not asked for; see "
        "what is in between, and check datasource_url",
    ):
        http_client(url).get(f"{url}/metrics")


@pytest.mark.parametrize("kept", range(1, 34))
def test_a_cut_or_damaged_gzip_answer_is_an_error(serve: Serve, kept: int) -> None:
    packed = gzip.compress(b"line 1\nline 2\n" * 3)
    url = serve(answer(with_head(packed[:kept]), with_head(packed[:kept] + b"\xff" * 30)))
    client = http_client(url)
    for _ in range(2):
        with pytest.raises(ServerUnavailable, match=r"the answer was complete \(gzip: "):
            list(client.stream_lines(f"{url}/x", []))


def test_members_of_gzip_are_one_answer(serve: Serve) -> None:
    members = gzip.compress(b"a\nb") + gzip.compress(b"") + gzip.compress(bytes(MIB) + b"\nc")
    url = serve(answer(with_head(members)))
    lines = list(http_client(url).stream_lines(f"{url}/x", []))
    assert lines == [b"a", b"b" + bytes(MIB), b"c"]
