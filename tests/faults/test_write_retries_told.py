"""While a write waits for a server that fails, it tells why, how long, and until when."""

from __future__ import annotations

import contextvars
import logging
import re
import threading
from typing import Any

import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import accept, answer, pass_on
from tests.support.senders import body_of, sender_to
from tests.support.writers import frame_of, writer_to

MANY_BODIES: dict[str, Any] = {"batch_max_bytes": 2**16, "concurrency": 2}


@pytest.mark.parametrize("rows", [10, 5_000])
def test_the_first_retry_of_a_write_is_a_warning_and_the_others_are_not(
    proxy: FaultProxy, run: str, caplog: pytest.LogCaptureFixture, rows: int
) -> None:
    caplog.set_level(logging.INFO, "vm_df_writer.delivery")
    proxy.schedule(*[answer(503)] * 4, then=pass_on)
    writer = writer_to(proxy.url, run, **MANY_BODIES)
    assert writer.write(frame_of(rows, 10)).retries == 4
    told = [r for r in caplog.records if r.name == "vm_df_writer.delivery.dispatch"]
    assert [r.levelname for r in told] == ["WARNING", "INFO", "INFO", "INFO"]
    pattern = (
        r"http://[^ ]*/api/v1/import: answered 503 Service Unavailable; "
        r"trying again in 0\.\d s \(attempts end in \d+ (s|min)\)"
    )
    assert all(re.fullmatch(pattern, r.getMessage()) for r in told)


def test_the_bar_shows_what_a_write_waits_for(
    proxy: FaultProxy, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    proxy.schedule(answer(503, Retry_After="2"), then=pass_on)
    writer_to(proxy.url, run).write(frame_of(10, 2), progress=True)
    shown = capsys.readouterr().err
    assert "answered 503, trying again" in shown  # what follows may be beyond the screen
    assert "trying again" not in shown.rpartition("\r")[2]


def test_who_hears_of_a_retry_cannot_harm_the_delivery(proxy: FaultProxy, run: str) -> None:
    class Broken(logging.Handler):
        def emit(self, _: logging.LogRecord) -> None:
            raise ZeroDivisionError

    broken, logger = Broken(), logging.getLogger("vm_df_writer")
    logger.addHandler(broken)
    try:
        proxy.schedule(answer(503), then=pass_on)
        writer = writer_to(proxy.url, run)
        assert writer.write(frame_of(10, 2)).undelivered == 0
    finally:
        logger.removeHandler(broken)


def test_context_variables_of_the_caller_are_seen_by_the_threads_that_send(
    proxy: FaultProxy, run: str
) -> None:
    span = contextvars.ContextVar("span", default="none")
    span.set("mine")
    seen: list[tuple[str, bool]] = []
    proxy.schedule(then=accept(0.01))
    bodies = [body_of(run, number, samples=2_000) for number in range(4)]
    sender_to(proxy.url).deliver(
        bodies,
        lambda _: seen.append((span.get(), threading.current_thread() is threading.main_thread())),
    )
    assert seen == [("mine", False)] * 4
