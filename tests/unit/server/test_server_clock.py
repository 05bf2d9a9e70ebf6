"""What is made of the date of an answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.support.http_servers import raw_servers, read_request
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.server.server import Server
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

FLAG = 'flag{{name="{}", value="{}", is_set="true"}} 1\n'
SINGLE = FLAG.format("storageDataPath", "data") + FLAG.format("retentionPeriod", "1d")


def server(url: str) -> Server:
    config = WriterConfig(datasource_url=url)
    endpoint = Endpoint.of(config)
    return Server(HttpClient(config, endpoint), endpoint, config)


def with_date(ahead_s: float, *headers: str) -> Callable[[socket.socket], None]:
    """Answer everything with the metrics of a single node, by a clock of its own."""

    def answer(connection: socket.socket) -> None:
        while read_request(connection):
            date = datetime.now(UTC) + timedelta(seconds=ahead_s)
            lines = (
                "HTTP/1.1 200 OK",
                f"Date: {format_datetime(date, usegmt=True)}",
                f"Content-Length: {len(SINGLE)}",
                *headers,
            )
            connection.sendall(("\r\n".join(lines) + f"\r\n\r\n{SINGLE}").encode())

    return answer


@pytest.mark.parametrize("ahead_s", [0, 3600, -90])
def test_the_clocks_are_compared(ahead_s: int) -> None:
    with raw_servers() as serve_raw:
        known = server(serve_raw(with_date(ahead_s))).info()
    assert known.clock_ahead_s == pytest.approx(ahead_s, abs=1)
    assert known.now_ms() == pytest.approx((time.time() + ahead_s) * 1000, abs=2000)
    ours_ms = time.time() * 1000
    both = sorted([ours_ms, ours_ms + ahead_s * 1000])
    assert known.now_range_ms() == pytest.approx(both, abs=2000)


def test_the_date_of_a_cached_answer_is_as_old_as_it_says() -> None:
    with raw_servers() as serve_raw:
        known = server(serve_raw(with_date(-7200, "Age: 7200"))).info()
        assert known.clock_ahead_s == pytest.approx(0, abs=1)
        for age in ("soon", "-5", "9" * 40):
            assert server(serve_raw(with_date(-7200, f"Age: {age}"))).info().clock_ahead_s is None


@pytest.mark.parametrize("ahead_s", [-8 * 86_400, 30 * 86_400, -50 * 365 * 86_400])
def test_a_date_far_from_ours_is_not_taken_for_the_servers_time(
    ahead_s: int, caplog: pytest.LogCaptureFixture
) -> None:
    with raw_servers() as serve_raw:
        known = server(serve_raw(with_date(ahead_s))).info()
    assert known.clock_ahead_s is None
    assert "/health is" in caplog.text
    assert "is not taken for the server's time" in caplog.text
