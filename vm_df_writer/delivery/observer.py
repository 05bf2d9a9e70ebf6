"""DeliveryObserver: what a delivery tells of itself while it runs, for metrics."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.model.report import WriteReport

__all__ = ["NULL_OBSERVER", "DeliveryObserver", "NullObserver", "attempt_code", "shielded"]

_log = logging.getLogger(__name__)


class DeliveryObserver(Protocol):
    """Hears of a delivery. Methods are called from several threads, and have to be quick.

    In all of them `url` is where samples are written, without credentials, and `query_key` that
    of the write; empty if the frame holds several.
    """

    def on_prepared(self, *, url: str, query_key: str, series: int, serialize_s: float) -> None:
        """Hear that the import lines of a write were made: of how many series, in what time."""

    def on_attempt(self, *, url: str, query_key: str, code: str, duration_s: float) -> None:
        """Hear that one request ended, well or not: see :func:`attempt_code`."""

    def on_body(self, *, url: str, query_key: str, samples: int, bytes_sent: int) -> None:
        """Hear that the server acknowledged a body, and how large it was on the wire."""

    def on_write(self, report: WriteReport) -> None:
        """Hear that a write ended, well or not, and was verified if that was asked for."""

    def on_spool(self, *, files: int, size_bytes: int) -> None:
        """Hear that the spool folder changed, and what it holds now."""


class NullObserver:
    """Hears of everything and does nothing."""

    def on_prepared(self, *, url: str, query_key: str, series: int, serialize_s: float) -> None:
        """Do nothing."""

    def on_attempt(self, *, url: str, query_key: str, code: str, duration_s: float) -> None:
        """Do nothing."""

    def on_body(self, *, url: str, query_key: str, samples: int, bytes_sent: int) -> None:
        """Do nothing."""

    def on_write(self, report: WriteReport) -> None:
        """Do nothing."""

    def on_spool(self, *, files: int, size_bytes: int) -> None:
        """Do nothing."""


NULL_OBSERVER = NullObserver()


def attempt_code(error: DeliveryError | None) -> str:
    """Return how vmanomaly names what became of a request.

    Returns
    -------
    str
        The HTTP status, or ``ssl_error``, ``timeout``, ``connection_error`` or ``io_error``.

    Examples
    --------
    >>> attempt_code(None), attempt_code(ServerRejected("busy", status=503))
    ('204', '503')
    """
    if error is None:
        return "204"
    if isinstance(error, ServerRejected):
        return str(error.status)
    match error.__cause__:
        case ssl.SSLError():
            return "ssl_error"
        case TimeoutError():
            return "timeout"
        case None | ConnectionError() | socket.gaierror():
            return "connection_error"
        case _:
            return "io_error"


def shielded(observer: DeliveryObserver | None) -> DeliveryObserver:
    """Return an observer that cannot harm a delivery: its errors are logged, the first one only.

    Examples
    --------
    >>> shielded(None) is NULL_OBSERVER
    True
    """
    return NULL_OBSERVER if observer is None else _Shielded(observer)


class _Shielded:
    def __init__(self, observer: DeliveryObserver) -> None:
        self._failed = False
        for name in (name for name in vars(NullObserver) if name.startswith("on_")):
            setattr(self, name, partial(self._call, getattr(observer, name)))

    on_prepared: Callable[..., None]
    on_attempt: Callable[..., None]
    on_body: Callable[..., None]
    on_write: Callable[..., None]
    on_spool: Callable[..., None]

    def _call(self, method: Callable[..., object], *values: Any, **named: Any) -> None:
        try:
            method(*values, **named)
        except Exception:  # noqa: BLE001 - whatever it is, the delivery goes on
            if not self._failed:
                self._failed = True
                _log.exception("an observer of the delivery failed; its metrics are incomplete")
