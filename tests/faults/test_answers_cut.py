"""Every answer of a server breaks off after its bytes, by an end or by a reset."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd
import pytest

from tests.support.http_servers import raw_servers, read_request, reset
from tests.support.thorough import few_or_many
from tests.support.writers import writer_with
from vm_df_writer import DeliveryError, VerificationError, VmWriter
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

T = 1767225600000
FRAME = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.to_datetime([T, T + 60_000], unit="ms", utc=True))
EXPORT = b'{"metric":{"__name__":"y"},"values":[1,2],"timestamps":[%d,%d]}\n' % (T, T + 60_000)
METRICS = b'flag{name="retentionPeriod", value="100y", is_set="true"} 1\n'
AT_ONCE = ReadBackPolicy(
    unflushed_wait_s=0.0, patience_s=0.0, queued_patience_s=0.0, sleep=lambda _: None
)


def ok(body: bytes, *headers: str) -> bytes:
    fields = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{fields}\r\n".encode() + body


ANSWERS = {
    "/api/v1/import": b"HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n",
    "/api/v1/export": ok(EXPORT),
    "/metrics": ok(METRICS),
    "/health": ok(b"OK", "Date: Thu, 01 Jan 2026 00:00:00 GMT"),
    "/internal/force_flush": ok(b""),
}


every_so_many_bytes = few_or_many("step", 3, 1)


@dataclass
class CuttingServer:
    """Gives each path its answer, but one, of which it gives the beginning."""

    answers: dict[str, bytes] = field(default_factory=lambda: dict(ANSWERS))
    cut_path: str = ""
    cut_at: int = 0
    resets: bool = False

    def behave(self, connection: socket.socket) -> None:
        while request := read_request(connection):
            path = request.split()[1].decode().partition("?")[0]
            answer = self.answers.get(path, b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
            if path == self.cut_path:
                connection.sendall(answer[: self.cut_at])
                if self.resets:
                    reset(connection)
                connection.close()
                return
            connection.sendall(answer)


@pytest.fixture
def server() -> CuttingServer:
    return CuttingServer()


@pytest.fixture
def writer(server: CuttingServer) -> Iterator[VmWriter]:
    with raw_servers() as start:
        yield writer_with(
            start(server.behave),
            read_back=AT_ONCE,
            metric_format={"__name__": "$VAR"},
            connection_retry_attempts=0,
            retry_deadline="1s",
        )


@every_so_many_bytes
@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("path", ["/api/v1/import", "/api/v1/export"])
def test_an_answer_that_breaks_off_is_a_clear_error_with_a_report(
    server: CuttingServer, writer: VmWriter, path: str, step: int, *, resets: bool
) -> None:
    server.cut_path, server.resets = path, resets
    for n_bytes in range(0, len(server.answers[path]), step):
        server.cut_at = n_bytes
        writer.close()
        with pytest.raises(
            DeliveryError, match=r"broke before the answer was complete|expected lines of samples"
        ) as caught:
            writer.write(FRAME, verify=True)
        assert caught.value.report is not None
        assert caught.value.report.total == FRAME.size


@every_so_many_bytes
@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("path", ["/metrics", "/health", "/internal/force_flush"])
def test_what_a_write_can_do_without_may_break_off_anywhere(
    server: CuttingServer, writer: VmWriter, path: str, step: int, *, resets: bool
) -> None:
    server.cut_path, server.resets = path, resets
    for n_bytes in range(0, len(server.answers[path]), step):
        server.cut_at = n_bytes
        writer.close()
        report = writer.write(FRAME, verify=True)
        assert report.verification is not None
        assert report.verification.ok


@every_so_many_bytes
def test_a_compressed_export_that_breaks_off_is_never_taken_for_a_whole_one(
    server: CuttingServer, writer: VmWriter, step: int
) -> None:
    packed = gzip.compress(EXPORT)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"  # ends where the connection does
    server.answers["/api/v1/export"] = head + packed
    server.cut_path = "/api/v1/export"
    for n_bytes in range(len(head), len(head + packed), step):
        server.cut_at = n_bytes
        with pytest.raises((DeliveryError, VerificationError)) as caught:
            writer.write(FRAME, verify=True)
        assert caught.value.report is not None
    server.cut_at = len(head + packed)
    assert writer.write(FRAME, verify=True).verification is not None
