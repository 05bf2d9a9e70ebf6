"""A date that is not the server's time decides nothing about samples."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pandas as pd
import pytest

from tests.support.http_servers import raw_servers, read_request
from tests.support.writers import writer_with

METRICS = b"""flag{name="storageDataPath", value="data", is_set="true"} 1
flag{name="retentionPeriod", value="7d", is_set="true"} 1
"""


@pytest.mark.parametrize(
    "date",
    [
        *("Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "soon", "-8", "-0.9"),
        *("+0.9", "+8", "Mon, 01 Jan 0001 00:00:00 GMT"),
    ],
)
def test_samples_of_now_are_written_whatever_the_date_of_the_answers(date: str) -> None:
    def behave(connection: socket.socket) -> None:
        while request := read_request(connection):
            shown = date
            if date[0] in "+-":
                shown = format_datetime(
                    datetime.now(UTC) + timedelta(days=float(date)), usegmt=True
                )
            answer = b"204 X" if b"/import" in request[:30] else b"200 OK"
            body = METRICS if b"/metrics" in request[:30] else b""
            length = b"" if answer == b"204 X" else b"Content-Length: %d\r\n" % len(body)
            head = b"HTTP/1.1 %s\r\n%sDate: %s\r\n\r\n" % (answer, length, shown.encode())
            connection.sendall(head + body)

    now = pd.Timestamp.now("UTC")
    index = pd.DatetimeIndex([now - pd.Timedelta("167h"), now, now + pd.Timedelta("47h")])
    frame = pd.DataFrame({"y": [1.0, 2.0, 3.0]}, index=index)
    with raw_servers() as serve:
        report = writer_with(serve(behave), metric_format={"__name__": "$VAR"}).write(frame)
    assert (report.samples, report.dropped) == (3, {})
