from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from tests.support.http_servers import (
    NO_CONTENT,
    NOBODY,
    Serve,
    http_client,
    raw_servers,
    reset,
    stall,
)
from vm_df_writer import ConfigError, ServerRejected, VmWriter, WriteReport
from vm_df_writer.delivery.concurrency_limit import Stopped
from vm_df_writer.delivery.observer import (
    NULL_OBSERVER,
    NullObserver,
    RequestWatch,
    attempt_code,
    shielded,
)
from vm_df_writer.errors import DeliveryError, ServerUnavailable


@pytest.fixture
def serve() -> Iterator[Serve]:
    with raw_servers() as start:
        yield start


def failure_of(url: str, timeout: str = "5s") -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        http_client(url, timeout=timeout).check_health()
    return caught.value


def test_an_answer_is_called_by_its_status() -> None:
    assert attempt_code(None) == "204"
    assert attempt_code(ServerRejected("busy", status=503)) == "503"


def test_the_lack_of_an_answer_is_called_as_vmanomaly_calls_it(serve: Serve) -> None:
    plain = serve(lambda connection: connection.sendall(NO_CONTENT))
    assert attempt_code(failure_of(NOBODY)) == "connection_error"
    assert attempt_code(failure_of("http://no-such-host.invalid:8428")) == "connection_error"
    assert attempt_code(failure_of(serve(reset))) == "connection_error"
    assert attempt_code(failure_of(serve(stall), timeout="200ms")) == "timeout"
    assert attempt_code(failure_of(plain.replace("http:", "https:"))) == "ssl_error"
    assert attempt_code(ServerUnavailable("of a library, which is forgotten")) == "connection_error"
    no_file = ServerUnavailable("the CA bundle is gone")
    no_file.__cause__ = FileNotFoundError()
    assert attempt_code(no_file) == "io_error"


def test_no_observer_is_one_that_does_nothing() -> None:
    assert shielded(None) is NULL_OBSERVER
    NULL_OBSERVER.on_prepared(url="u", query_key="q", series=1, serialize_s=0.1)
    NULL_OBSERVER.on_attempt(url="u", query_key="q", code="204", duration_s=0.1)
    NULL_OBSERVER.on_body(url="u", query_key="q", samples=1, bytes_sent=1)
    NULL_OBSERVER.on_write(WriteReport(layout="wide"))
    NULL_OBSERVER.on_spool(files=0, size_bytes=0)
    NULL_OBSERVER.on_job(parts={}, rows_left=None)


def test_an_observer_that_fails_harms_nothing_and_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    calls: list[Any] = []

    class Broken(NullObserver):
        def on_body(self, **body: Any) -> None:
            calls.append(body)
            raise RuntimeError("broken")

    observer = shielded(Broken())
    with caplog.at_level(logging.ERROR, "vm_df_writer"):
        for samples in (1, 2):
            observer.on_body(url="u", query_key="q", samples=samples, bytes_sent=1)
    assert [call["samples"] for call in calls] == [1, 2]
    (record,) = caplog.records
    assert record.message == "an observer of the delivery failed; its metrics are incomplete"


def test_what_is_no_observer_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"metrics: expected a WriterMetrics, got bool, which"):
        VmWriter("http://localhost:8428", metrics=True)  # type: ignore[arg-type]


def test_an_observer_is_shielded_once() -> None:
    observer = shielded(NullObserver())
    assert shielded(observer) is observer


class Slot:
    def __init__(self) -> None:
        self.is_held = False

    def __enter__(self) -> None:
        self.is_held = True

    def __exit__(self, *_: object) -> None:
        self.is_held = False


@pytest.mark.parametrize("error", [None, ServerRejected("busy", status=503)])
def test_a_request_is_told_of_when_its_slot_is_free(error: DeliveryError | None) -> None:
    slot, heard = Slot(), list[tuple[str, bool]]()

    class Listening(NullObserver):
        def on_attempt(self, *, code: str, duration_s: float, **_: Any) -> None:
            assert 0 < duration_s < 60
            heard.append((code, slot.is_held))

    def send() -> None:
        assert slot.is_held
        if error is not None:
            raise error

    watch = RequestWatch(Listening(), "u", "q")
    with nullcontext() if error is None else pytest.raises(ServerRejected):
        watch.request(slot, send)
    assert heard == [(attempt_code(error), False)]


def test_what_was_never_sent_is_no_request() -> None:
    class NoRoom(Slot):
        def __enter__(self) -> None:
            raise Stopped

    class Listening(NullObserver):
        def on_attempt(self, **_: Any) -> None:
            pytest.fail("there was no request")

    with pytest.raises(Stopped):
        RequestWatch(Listening(), "u", "q").request(NoRoom(), lambda: None)
