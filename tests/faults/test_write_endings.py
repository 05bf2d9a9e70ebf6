"""Whatever ends a write: the account rides on it, and what is undelivered is kept."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Fault, accept, answer, delay, hang, pass_on
from tests.support.spool_folders import samples_in
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import acting_before_reading_back, frame_of, writer_to
from vm_df_writer import (
    RetentionWarning,
    ServerRejected,
    VmWriter,
    WriteInterrupted,
    WriteReport,
)
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.packing import Body

StartServer = Callable[..., LocalVictoriaMetrics]

FRAME = frame_of(5_000, 60, gaps=0.1)
MANY_BODIES: dict[str, Any] = {"batch_max_bytes": 2**16}
PRESENT = int(FRAME.notna().sum().sum())


@contextmanager
def ctrl_c_after(*seconds: float, proxy: FaultProxy, requests: int, fault: Fault) -> Iterator[None]:
    """Press Ctrl-C that long after so many requests have come, to each of which a fault happens."""
    timers = [threading.Timer(s, os.kill, (os.getpid(), signal.SIGINT)) for s in seconds]

    def press(exchange: Exchange) -> None:
        for timer in timers:
            timer.start()
        fault(exchange)

    proxy.schedule(*[fault] * (requests - 1), press, then=fault)
    yield
    for timer in timers:
        timer.cancel()
        timer.join()


def check_closed(report: WriteReport, frame: pd.DataFrame = FRAME) -> None:
    assert report.samples + sum(report.dropped.values()) + report.undelivered == frame.size
    left = SampleCounts.concat(report.undelivered_counts).samples
    assert int(left.sum()) == report.undelivered


def failing(error: BaseException, after: int) -> Callable[[Iterable[Body]], Iterator[Body]]:
    """Return a throttle that raises something in the caller's thread after some bodies."""

    def throttle(bodies: Iterable[Body]) -> Iterator[Body]:
        yield from islice(bodies, after)
        raise error

    return throttle


def test_ctrl_c_keeps_what_is_undelivered_and_a_replay_delivers_it(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    writer = writer_to(proxy.url, run, spool_dir=tmp_path, **MANY_BODIES)
    with (
        ctrl_c_after(0, proxy=proxy, requests=20, fault=delay(0.02)),
        pytest.raises(WriteInterrupted) as caught,
    ):
        writer.write(FRAME)
    report = caught.value.report
    check_closed(report)
    assert 0 < report.samples < PRESENT
    assert report.undelivered == samples_in(tmp_path)
    assert len(report.spooled) == len(list(tmp_path.glob("*.jsonl.gz"))) > 1
    proxy.schedule(then=pass_on)
    assert writer.replay().samples == report.undelivered
    settled(victoria_metrics)
    stored = StoredFrame(victoria_metrics, run)
    assert stored.is_all_of(FRAME)
    assert stored.copies == PRESENT or report.in_doubt


@pytest.mark.parametrize("error", [MemoryError(), ValueError("odd"), KeyboardInterrupt()])
@pytest.mark.parametrize("bodies", [0, 1, 5])
def test_whatever_is_raised_while_bodies_are_made_keeps_the_rest(
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    tmp_path: Path,
    error: BaseException,
    bodies: int,
) -> None:
    throttle = failing(error, bodies)
    failed = writer_to(
        victoria_metrics.url, run, throttle=throttle, spool_dir=tmp_path, **MANY_BODIES
    )
    with pytest.raises(type(error)) as caught:
        failed.write(FRAME)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    check_closed(report)
    assert report.requests <= bodies
    assert report.undelivered == samples_in(tmp_path)
    assert any("samples acknowledged" in note for note in caught.value.__notes__)
    writer_to(victoria_metrics.url, run).replay(tmp_path)
    settled(victoria_metrics)
    stored = StoredFrame(victoria_metrics, run)
    assert stored.is_all_of(FRAME)
    assert stored.copies == PRESENT


def test_a_second_ctrl_c_ends_the_keeping_and_the_account_still_closes(
    proxy: FaultProxy, run: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frame = frame_of(80_000, 60)
    writer = writer_to(proxy.url, run, spool_dir=tmp_path, timeout="60s", **MANY_BODIES)
    # The first one ends the delivery, which waits for two seconds.
    with (
        ctrl_c_after(0.1, 2.5, 2.6, proxy=proxy, requests=2, fault=hang),
        pytest.raises(WriteInterrupted) as caught,
    ):
        writer.write(frame)
    report = caught.value.report
    check_closed(report, frame)
    assert report.in_doubt == 2
    assert samples_in(tmp_path) < report.undelivered == frame.size
    assert re.search(
        r"takes no more \(interrupted\): [0-9,]+ samples of .* are neither", caplog.text
    )
    assert not list(tmp_path.glob("*.part"))


def test_without_a_spool_what_was_not_sent_is_counted_and_not_formatted(
    proxy: FaultProxy, run: str
) -> None:
    proxy.schedule(*[accept(0)] * 5, then=answer(500))
    with pytest.raises(ServerRejected) as caught:
        writer_to(proxy.url, run, **MANY_BODIES).write(FRAME)
    report = caught.value.report
    assert report is not None
    check_closed(report)
    assert report.series == 60
    assert (report.first_ms, report.last_ms) == (1767225600000, 1767225600000 + 4_999_000)
    assert report.bytes_raw < 9 * 2**16  # five that were sent, and what was on its way


@pytest.fixture
def no_thread_to_be_had() -> Iterator[None]:
    """Have the system refuse threads, as at a limit of processes or of memory."""
    before = threading.stack_size(2**46)
    yield
    threading.stack_size(before)


@pytest.mark.usefixtures("no_thread_to_be_had")
def test_without_a_thread_to_be_had_bodies_are_sent_in_the_callers_own(
    victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    report = writer_to(victoria_metrics.url, run, **MANY_BODIES).write(FRAME)
    assert (report.samples, report.undelivered) == (PRESENT, 0)
    assert report.requests > 10
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


@pytest.mark.usefixtures("no_thread_to_be_had")
def test_ctrl_c_in_the_callers_own_thread_loses_no_body(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    throttle = failing(KeyboardInterrupt(), 3)
    writer = writer_to(
        victoria_metrics.url, run, throttle=throttle, spool_dir=tmp_path, **MANY_BODIES
    )
    with pytest.raises(WriteInterrupted) as caught:
        writer.write(FRAME)
    check_closed(caught.value.report)
    assert caught.value.report.requests == 3
    assert caught.value.report.undelivered == samples_in(tmp_path)


NOW = pd.Timestamp.now("UTC").floor("s")


def test_a_warning_that_is_an_error_carries_the_account(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics(retention="1d")
    frame = pd.DataFrame({"y": [1.0, 2.0]}, index=[NOW - timedelta(days=9), NOW])
    with (
        VmWriter(server.url, metric_format={"__name__": "$VAR"}) as writer,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        with pytest.raises(RetentionWarning) as caught:
            writer.write(frame)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert (report.samples, report.dropped) == (1, {"too_old": 1})


@pytest.mark.parametrize("error", [KeyboardInterrupt(), MemoryError(), RuntimeError("odd")])
def test_what_is_raised_while_reading_back_carries_the_account(
    victoria_metrics: LocalVictoriaMetrics, run: str, error: BaseException
) -> None:
    def fail() -> None:
        raise error

    writer = writer_to(victoria_metrics.url, run, read_back=acting_before_reading_back(fail))
    with pytest.raises(type(error)) as caught:
        writer.write(FRAME, verify=True)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert (report.samples, report.undelivered, report.verification) == (PRESENT, 0, None)


@pytest.mark.parametrize("path", ["/metrics", "/internal/resetRollupResultCache"])
def test_ctrl_c_after_the_last_acknowledgement_carries_the_account(
    httpserver: HTTPServer, path: str
) -> None:
    """While the counters of drops are read, or the cache is reset."""
    acknowledged, interrupted = threading.Event(), threading.Event()

    def take(_: Request) -> Response:
        acknowledged.set()
        return Response(status=204)

    def tell(request: Request) -> Response:
        if acknowledged.is_set() and request.path == path and not interrupted.is_set():
            interrupted.set()
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
        return Response('flag{name="retentionPeriod", value="100y", is_set="true"} 1\n')

    httpserver.expect_request("/api/v1/import").respond_with_handler(take)
    for served in ("/metrics", "/internal/resetRollupResultCache"):
        httpserver.expect_request(served).respond_with_handler(tell)
    frame = frame_of(500_000, 1)
    with (
        VmWriter(httpserver.url_for(""), metric_format={"__name__": "$VAR"}) as writer,
        pytest.raises(WriteInterrupted) as caught,
    ):
        writer.write(frame, reset_cache=True)
    assert interrupted.is_set()
    assert (caught.value.report.samples, caught.value.report.undelivered) == (frame.size, 0)


def test_a_frame_that_changes_meanwhile_is_an_error_with_the_account(
    victoria_metrics: LocalVictoriaMetrics, run: str
) -> None:
    frame = frame_of(100_000, 60)

    def change(bodies: Iterable[Body]) -> Iterator[Body]:
        for number, body in enumerate(bodies):
            if number == 3:
                frame["c50"] = "text"
            yield body

    with pytest.raises(ValueError, match="text") as caught:
        writer_to(victoria_metrics.url, run, throttle=change).write(frame)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert report.samples > 0
    assert report.samples + sum(report.dropped.values()) + report.undelivered == frame.size
