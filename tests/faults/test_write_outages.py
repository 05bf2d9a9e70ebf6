"""Servers that go away in the middle of a write, and come back."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import delay
from tests.support.stored_frame import StoredFrame, check_account
from tests.support.stored_samples import settled
from tests.support.writers import frame_of, writer_to
from vm_df_writer import ServerUnavailable, WriteReport
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.wire.packing import Body

StartServer = Callable[..., LocalVictoriaMetrics]
StartVmAuth = Callable[..., ServerProcess]

FRAME = frame_of(5_000, 60)
PATIENCE: dict[str, Any] = {"connection_retry_attempts": 10_000, "retry_deadline": "1m"}
MANY_BODIES: dict[str, Any] = {"batch_max_bytes": 2**16}


class Outage:
    """Stops a server once it has stored something, and starts it again."""

    def __init__(self, server: ServerProcess, *, seconds: float = 0.3) -> None:
        self.server, self._seconds = server, seconds
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        time.sleep(0.1)
        self.server.stop()
        time.sleep(self._seconds)
        self.server.start()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


def test_a_server_that_restarts_in_the_middle_of_a_write_loses_nothing(
    start_victoria_metrics: StartServer, run: str
) -> None:
    server = start_victoria_metrics()
    reports: list[WriteReport] = []
    for number in range(3):
        with writer_to(server.url, run, **MANY_BODIES, **PATIENCE) as writer, Outage(server):
            reports.append(writer.write(FRAME, labels={"round": str(number)}))
    settled(server)
    for number, report in enumerate(reports):
        stored = StoredFrame(server, run, round=str(number))
        check_account(report, stored, number)
        assert stored.is_all_of(FRAME)
    assert sum(report.retries for report in reports) > 0


def test_a_server_that_restarts_behind_vmauth_loses_nothing(
    start_victoria_metrics: StartServer, start_vmauth: StartVmAuth, run: str
) -> None:
    server = start_victoria_metrics()
    users = f"users:\n- username: me\n  password: s3cr3t\n  url_prefix: {server.url}\n"
    vmauth = start_vmauth(users)
    writer = writer_to(vmauth.url, run, user="me", password="s3cr3t", **MANY_BODIES, **PATIENCE)
    with writer, Outage(server):
        report = writer.write(FRAME)
    settled(server)
    stored = StoredFrame(server, run)
    check_account(report, stored, report)
    assert stored.is_all_of(FRAME)
    assert report.retries > 0


def test_a_vmauth_that_restarts_loses_nothing(
    start_victoria_metrics: StartServer, start_vmauth: StartVmAuth, run: str
) -> None:
    server = start_victoria_metrics()
    users = f"users:\n- username: me\n  password: s3cr3t\n  url_prefix: {server.url}\n"
    vmauth = start_vmauth(users)
    writer = writer_to(vmauth.url, run, user="me", password="s3cr3t", **MANY_BODIES, **PATIENCE)
    with writer, Outage(vmauth):
        report = writer.write(FRAME)
    settled(server)
    stored = StoredFrame(server, run)
    check_account(report, stored, report)
    assert stored.is_all_of(FRAME)


def test_a_server_that_stays_away_is_an_error_with_the_account(
    start_victoria_metrics: StartServer, run: str
) -> None:
    server = start_victoria_metrics()

    def stopping(bodies: Iterable[Body]) -> Iterator[Body]:
        for number, body in enumerate(bodies):
            if number == 20:
                server.stop()
            yield body

    with (
        writer_to(server.url, run, throttle=stopping, **MANY_BODIES) as writer,
        pytest.raises(
            ServerUnavailable,
            match=r"nothing listens .* \([\d,]+ of 300,000 samples are not acknowledged: see "
            r"\.report\)$",
        ) as caught,
    ):
        writer.write(FRAME)
    report = caught.value.report
    assert report is not None
    assert 0 < report.samples < report.total == report.samples + report.undelivered == FRAME.size
    server.start()
    settled(server)
    check_account(report, StoredFrame(server, run), report)


def test_ctrl_c_ends_a_write_with_the_account_on_the_exception(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    proxy.schedule(then=delay(0.01))

    def interrupting(bodies: Iterable[Body]) -> Iterator[Body]:
        for number, body in enumerate(bodies):
            if number == 20:
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
            yield body

    writer = writer_to(proxy.url, run, throttle=interrupting, **MANY_BODIES)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt) as caught:
        writer.write(FRAME)
    assert time.monotonic() - started < 20
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert 0 < report.samples < report.total == report.samples + report.undelivered == FRAME.size
    assert "samples acknowledged" in "".join(caught.value.__notes__)
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).distinct >= report.samples


def test_a_write_that_runs_out_of_memory_has_the_account_on_the_exception(
    victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    def fail(bodies: Iterable[Body]) -> Iterator[Body]:
        yield from islice(bodies, 5)
        raise MemoryError

    writer = writer_to(victoria_metrics.url, run, throttle=fail, **MANY_BODIES)
    with pytest.raises(MemoryError) as caught:
        writer.write(FRAME)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert 0 < report.requests <= 5
    assert 0 < report.samples < report.total == report.samples + report.undelivered == FRAME.size
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).copies == report.samples


def test_reading_back_that_fails_says_that_every_sample_is_acknowledged(
    victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    writer = writer_to(victoria_metrics.url, run, query_url="http://127.0.0.1:1")
    with pytest.raises(
        ServerUnavailable,
        match=r"nothing listens .* \(every sample is acknowledged, and only reading them back "
        r"failed: see \.report\)$",
    ) as caught:
        writer.write(FRAME, verify=True)
    report = caught.value.report
    assert report is not None
    assert (report.samples, report.undelivered) == (FRAME.size, 0)
