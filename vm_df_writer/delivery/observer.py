"""DeliveryObserver: what a delivery or a job tells of itself while it runs, for metrics."""

from __future__ import annotations

import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, Protocol

from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ConfigError, DeliveryError, ServerRejected
from vm_df_writer.model.report import WriteReport

__all__ = [
    "METHODS",
    "NULL_OBSERVER",
    "DeliveryObserver",
    "NullObserver",
    "RequestWatch",
    "attempt_code",
    "shielded",
    "tell_of_spool",
]

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

    def on_job(self, *, parts: Mapping[str, int], rows_left: int | None) -> None:
        """Hear how many parts of a job are in each state, and how many rows are left, if known."""


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

    def on_job(self, *, parts: Mapping[str, int], rows_left: int | None) -> None:
        """Do nothing."""


NULL_OBSERVER = NullObserver()

METHODS = tuple(name for name in vars(NullObserver) if name.startswith("on_"))
"""The names of an observer's methods."""


def attempt_code(error: DeliveryError | None) -> str:
    """Return how vmanomaly names what became of a request.

    Returns
    -------
    str
        The HTTP status, ``204`` for any success; or ``ssl_error``, ``timeout``,
        ``connection_error`` or ``io_error``.

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

    Raises
    ------
    ConfigError
        If the object is no observer.

    Examples
    --------
    >>> shielded(None) is NULL_OBSERVER
    True
    """
    if observer is None or observer is NULL_OBSERVER:
        return NULL_OBSERVER
    return observer if isinstance(observer, _Shielded) else _Shielded(observer)


class _Shielded(NullObserver):
    def __init__(self, observer: DeliveryObserver) -> None:
        self._failed = False
        for name in METHODS:
            method = getattr(observer, name, None)
            if not callable(method):
                raise ConfigError(
                    f"metrics: expected a WriterMetrics, got {type(observer).__name__}, which has "
                    f"no method {name}; pass metrics=WriterMetrics()"
                )
            setattr(self, name, partial(self._call, method))

    def _call(self, method: Callable[..., object], *values: Any, **named: Any) -> None:
        try:
            method(*values, **named)
        except Exception:  # noqa: BLE001 - whatever it is, the delivery goes on
            if not self._failed:
                self._failed = True
                _log.exception("an observer of the delivery failed; its metrics are incomplete")


def tell_of_spool(observer: DeliveryObserver, spool: Spool) -> None:
    """Tell an observer how many files a spool has, and of what size; never raise."""
    if observer is NULL_OBSERVER:
        return
    with suppress(OSError):  # another process may remove one meanwhile
        sizes = [file.path.stat().st_size for file in spool.files()]
        observer.on_spool(files=len(sizes), size_bytes=sum(sizes))


class RequestWatch:
    """Tells an observer of the requests of one delivery.

    Parameters
    ----------
    observer : DeliveryObserver
        Who hears of it.
    url : str
        Where the samples go, without credentials.
    query_key : str
        The query key of what is delivered; empty if there are several, or none.

    Examples
    --------
    >>> from contextlib import nullcontext
    >>> class Printing(NullObserver):
    ...     def on_attempt(self, *, url, query_key, code, duration_s):
    ...         print(url, query_key, code)
    >>> watch = RequestWatch(Printing(), "http://vm:8428/api/v1/import", "cpu")
    >>> watch.request(nullcontext(), lambda: None)
    http://vm:8428/api/v1/import cpu 204
    """

    def __init__(self, observer: DeliveryObserver, url: str, query_key: str) -> None:
        self._observer, self._url, self._query_key = observer, url, query_key

    def request(self, slot: AbstractContextManager[object], send: Callable[[], None]) -> None:
        """Send within a slot, and tell of it when others may have the slot."""
        duration_s = 0.0
        try:
            with slot:
                started = time.perf_counter()
                try:
                    send()
                finally:
                    duration_s = time.perf_counter() - started
        except DeliveryError as error:
            self._tell(error, duration_s)
            raise
        self._tell(None, duration_s)

    def _tell(self, error: DeliveryError | None, duration_s: float) -> None:
        self._observer.on_attempt(
            url=self._url,
            query_key=self._query_key,
            code=attempt_code(error),
            duration_s=duration_s,
        )

    def acknowledged(self, samples: int, bytes_sent: int) -> None:
        """Tell that a body is acknowledged."""
        self._observer.on_body(
            url=self._url, query_key=self._query_key, samples=samples, bytes_sent=bytes_sent
        )
