"""Transport: the one door to requests, behind which no exception of it or of urllib3 gets."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as urllib3_errors
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.transport.http_errors import Target, unavailability

__all__ = ["Answer", "Transport", "origin"]

_CHUNK_BYTES = 1 << 18
_ERROR_BYTES = 1 << 14

# Beyond so many idle connections urllib3 would close some, and log a warning for each. How many
# there are depends on the threads that share a client; a place in the pool costs nothing.
_MOST_IDLE = 1000

_FAILURES = (requests.RequestException, urllib3_errors.HTTPError, OSError)

# Raised before a byte of a request was sent.
_UNSENT = (
    urllib3_errors.ConnectTimeoutError,  # NewConnectionError is one too
    urllib3_errors.LocationValueError,
    requests.ConnectTimeout,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.ProxyError,
)


# These quote the URL of a proxy, which may hold credentials.
_MALFORMED = (urllib3_errors.LocationValueError, requests.exceptions.InvalidURL)


class Transport:
    """The connections of one process.

    Proxies and CA bundle of the environment are looked up once per server, not per request.

    Parameters
    ----------
    config : WriterConfig
        TLS options, and the `timeout` that connecting has.
    """

    def __init__(self, config: WriterConfig) -> None:
        self.pid = os.getpid()
        self._connect_timeout_s = config.timeout_s
        self._session = requests.Session()
        adapter = _Adapter(config.timeout_s)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self._user_agent = f"vm_df_writer/{_version()}"
        self._verify = config.verify_tls
        self._cert: str | tuple[str, str] | None = config.tls_cert_file
        if config.tls_cert_file and config.tls_key_file:
            self._cert = (config.tls_cert_file, config.tls_key_file)
        self._settings: dict[tuple[str, str], Any] = {}

    def send(
        self,
        target: Target,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        query: str,
        timeout_s: float,
    ) -> Answer:
        """Send a request; raise `ServerUnavailable` if no answer comes.

        Sending and the wait for the answer may each take `timeout_s`; connecting may not take
        longer than the configured `timeout`, however large the body is.
        """
        # The adapter itself is asked: what the session would add are cookies, .netrc and redirects,
        # and what it would take is half of the time of a request.
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, target.url + query, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["User-Agent"] = self._user_agent
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        adapter = self._session.get_adapter(target.url)
        try:
            # In no variable: a traceback that shows them would tell the proxy's credentials.
            response = adapter.send(request, timeout=timeout_s, **self._settings_of(target.url))
        except _FAILURES as error:
            connect_timeout_s = min(timeout_s, self._connect_timeout_s)
            failure = _translate(error, target, timeout_s, connect_timeout_s)
        else:
            return Answer(response, target, timeout_s)
        raise failure

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _settings_of(self, url: str) -> Any:
        server = origin(url)
        if server not in self._settings:
            self._settings[server] = self._session.merge_environment_settings(
                url, {}, stream=True, verify=self._verify, cert=self._cert
            )
        return self._settings[server]


class Answer:
    """An answer whose body is still to be read.

    Attributes
    ----------
    status : int
        The HTTP status.
    headers : mapping of str to str
        Its headers; looked up without regard to case.
    """

    def __init__(self, response: requests.Response, target: Target, timeout_s: float) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response, self._target, self._timeout_s = response, target, timeout_s

    def read(self) -> bytes:
        """Return the whole body, and free the connection for other requests."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield the body as it comes; the connection is free after the last piece."""
        try:
            yield from self._response.iter_content(_CHUNK_BYTES)
        except _FAILURES as error:
            failure = _translate(error, self._target, self._timeout_s, self._timeout_s)
        else:
            return
        raise failure

    def error_text(self) -> str:
        """Return the beginning of the body, whether or not it is cut."""
        with suppress(*_FAILURES):
            content = self._response.raw.read(_ERROR_BYTES, decode_content=True)
            return str(content, errors="replace")
        return ""

    def close(self) -> None:
        """Close the connection, unless the body was read to its end."""
        self._response.close()


class _Adapter(HTTPAdapter):
    """An adapter whose connections say how far a request got when they fail."""

    def __init__(self, connect_timeout_s: float) -> None:
        super().__init__(pool_maxsize=_MOST_IDLE)
        self._connect_timeout_s = connect_timeout_s

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        except TypeError:  # what requests makes of a proxy that is credentials without a host
            raise requests.exceptions.InvalidProxyURL from None
        if not issubclass(pool.ConnectionCls, _Connection):
            name = pool.ConnectionCls.__name__
            traits = {"connect_timeout_s": self._connect_timeout_s}
            pool.ConnectionCls = type(name, (_Connection, pool.ConnectionCls), traits)
        return pool


class _StaleConnectionError(ConnectionError):
    """A connection that served requests before broke without a byte of the next answer."""


class _Connection(HTTPConnection):
    """A mixin: whatever fails in connecting, the TLS handshake included, is one exception.

    By itself urllib3 raises the same for a reset or a timeout in the handshake as for one after
    the request, and no one could tell whether the body is in doubt. Nor whether the connection
    was a fresh one: if not, the server may just have closed it.
    """

    connect_timeout_s: float
    _has_answered = False

    def connect(self) -> None:
        timeout_s: Any = self.timeout
        self.timeout = min(timeout_s, self.connect_timeout_s)
        self._has_answered = False
        try:
            super().connect()
        except Exception as error:
            raise urllib3_errors.NewConnectionError(self, str(error)) from error
        finally:
            self.timeout = timeout_s
        self.sock.settimeout(timeout_s)
        # HttpClient has warned once already; urllib3 would with each connection.
        self.is_verified = True

    def request(self, *args: Any, **kwargs: Any) -> None:
        # That the other side has gone does not mean that it left no answer: that is seen later.
        # (urllib3 does so too, but its older versions not for a reset.)
        with (
            suppress(BrokenPipeError, ConnectionResetError),
            self._told_apart(ssl.SSLEOFError, ssl.SSLZeroReturnError),
        ):
            super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        with self._told_apart(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            response = super().getresponse()
        self._has_answered = True
        return response

    @contextmanager
    def _told_apart(self, *broken: type[OSError]) -> Iterator[None]:
        try:
            yield
        except broken as error:
            if self._has_answered:
                raise _StaleConnectionError(str(error)) from error
            raise


def origin(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL.

    Examples
    --------
    >>> origin("http://localhost:8428/api/v1/import")
    ('http', 'localhost:8428')
    """
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _version() -> str:
    try:
        return version("vm_df_writer")
    except PackageNotFoundError:  # a source tree that is not installed
        return "unknown"


def _translate(
    error: BaseException, target: Target, timeout_s: float, connect_timeout_s: float
) -> ServerUnavailable:
    """Return what to raise, when `error` is handled and forgotten.

    It may hold the request with its Authorization header, or the URL of a proxy, and not even a
    traceback that shows local variables shall tell them.
    """
    causes = list(_causes(error))
    # Neither library raises OSError itself for what it sends: a file for TLS is missing.
    unsent = type(error) is OSError or any(isinstance(cause, _UNSENT) for cause in causes)
    root = causes[-1].with_traceback(None)
    if isinstance(root, _MALFORMED):
        root = requests.exceptions.InvalidURL("a URL is malformed")
    failure = unavailability(
        target,
        root,
        sent=not unsent,
        timeout_s=connect_timeout_s if unsent else timeout_s,
        proxy=any(isinstance(cause, urllib3_errors.ProxyError) for cause in causes),
        stale=any(isinstance(cause, _StaleConnectionError) for cause in causes),
    )
    failure.__cause__ = None if isinstance(root, _FAILURES[:2]) else root
    return failure


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and what it was raised for, as requests and urllib3 wrap it.

    Their contexts are no guide: they go on into what the caller was handling.
    """
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        candidates = (inner.__cause__, getattr(inner, "reason", None), *inner.args)
        inner = next((c for c in candidates if isinstance(c, BaseException)), None)
