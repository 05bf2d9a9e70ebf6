"""Transport: the one door to requests; no exception of requests or urllib3 gets through."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as urllib3_errors
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from vm_df_writer import __version__
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.transport.answer import Answer
from vm_df_writer.transport.connection import Connection, StaleConnectionError
from vm_df_writer.transport.exchange import CURRENT_EXCHANGE, Exchange
from vm_df_writer.transport.http_errors import Target, unavailability
from vm_df_writer.transport.idle_connections import IdleConnections
from vm_df_writer.transport.signing import RequestSigner

__all__ = ["Transport", "origin"]

_CHUNK_BYTES = 1 << 18

# urllib3 closes idle connections beyond this number, and logs a warning for each. Threads that
# share a client may leave many; a place in the pool costs nothing.
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
        TLS options, and the `timeout` of connecting.
    """

    def __init__(self, config: WriterConfig) -> None:
        self.pid: int = os.getpid()
        self._connect_timeout_s = config.timeout_s
        self._session = requests.Session()
        self._adapter = _Adapter(config.timeout_s)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)
        self._user_agent = f"vm_df_writer/{__version__}"
        self._verify = config.verify_tls
        self._cert: str | tuple[str, str] | None = config.tls_cert_file
        if config.tls_cert_file and config.tls_key_file:
            self._cert = (config.tls_cert_file, config.tls_key_file)
        self._settings: dict[tuple[str, str], Any] = {}

    @property
    def newest_connection(self) -> object:
        """What stands for the connection that was opened last; another one after each opening."""
        return self._adapter.newest_connection

    def send(
        self,
        target: Target,
        method: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        query: str,
        timeout_s: float,
        signer: RequestSigner | None = None,
    ) -> Answer:
        """Send a request, signed if there is a signer; raise `ServerUnavailable` without an answer.

        Sending and the answer's head may each take `timeout_s` as a whole; connecting may not
        take longer than the configured `timeout`, however large the body is.
        """
        # The adapter is called directly. A session would add cookies, .netrc and redirects, and
        # take more than half of the CPU time of a small request.
        request = requests.PreparedRequest()
        request.method, request.url, request.body = method, target.url + query, body
        request.headers = CaseInsensitiveDict(headers)
        request.headers["User-Agent"] = self._user_agent
        if body is not None:
            request.headers["Content-Length"] = str(len(body))
        if signer is not None:
            request = signer.sign(request)
        exchange = Exchange(timeout_s)
        token = CURRENT_EXCHANGE.set(exchange)
        try:
            # The settings stay in no variable: they hold the proxy's credentials, and a traceback
            # may show local variables.
            response = self._adapter.send(
                request, timeout=timeout_s, **self._settings_of(target.url)
            )
        except _FAILURES as error:
            connect_timeout_s = min(timeout_s, self._connect_timeout_s)
            failure = _translate(error, target, timeout_s, connect_timeout_s)
        else:
            pieces = _pieces_of(response, target, timeout_s)
            status, found = response.status_code, response.headers
            return Answer(target, status, found, pieces, response.close, exchange)
        finally:
            CURRENT_EXCHANGE.reset(token)
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


def _pieces_of(response: requests.Response, target: Target, timeout_s: float) -> Iterator[bytes]:
    """Yield the body as it comes; the connection is free after the last piece."""
    try:
        yield from response.raw.stream(_CHUNK_BYTES, decode_content=False)
    except _FAILURES as error:
        failure = _translate(error, target, timeout_s, timeout_s)
    else:
        return
    raise failure


class _Adapter(HTTPAdapter):
    """An adapter whose connections say how far a request got when they fail."""

    def __init__(self, connect_timeout_s: float) -> None:
        super().__init__(pool_maxsize=_MOST_IDLE)
        self.connect_timeout_s = connect_timeout_s
        self.newest_connection = object()
        self._pools: dict[tuple[str, str], Any] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = {
            scheme: type(kind.__name__, (kind,), {"QueueCls": IdleConnections})
            for scheme, kind in manager.pool_classes_by_scheme.items()
        }

    def get_connection_with_tls_context(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        # Of one server all requests have the same settings, and requests derives them each time.
        server = origin(request.url)
        if (known := self._pools.get(server)) is not None and known.pool is not None:
            return known
        try:
            pool: Any = super().get_connection_with_tls_context(request, *args, **kwargs)
        except TypeError:  # of requests, for a proxy URL with credentials and no host
            raise requests.exceptions.InvalidProxyURL from None
        if not issubclass(pool.ConnectionCls, Connection):
            name = pool.ConnectionCls.__name__
            traits = {"adapter": self}
            pool.ConnectionCls = type(name, (Connection, pool.ConnectionCls), traits)
        self._pools[server] = pool
        return pool


def origin(url: str) -> tuple[str, str]:
    """Return scheme, host and port of a URL.

    Examples
    --------
    >>> origin("http://localhost:8428/api/v1/import")
    ('http', 'localhost:8428')
    """
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _translate(
    error: BaseException, target: Target, timeout_s: float, connect_timeout_s: float
) -> ServerUnavailable:
    """Return the error to raise once `error` is handled and dropped.

    `error` may hold the request with its Authorization header, or the URL of a proxy. Not even a
    traceback with local variables may show these.
    """
    causes = list(_causes(error))
    # Neither library raises a bare OSError while it sends: here a file for TLS is missing.
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
        stale=any(isinstance(cause, StaleConnectionError) for cause in causes),
    )
    failure.__cause__ = None if isinstance(root, _FAILURES[:2]) else root
    return failure


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes, as requests and urllib3 wrap them.

    ``__context__`` is of no use: it leads on to what the caller was handling.
    """
    inner: BaseException | None = error
    while inner is not None:
        yield inner
        candidates = (inner.__cause__, getattr(inner, "reason", None), *inner.args)
        inner = next((c for c in candidates if isinstance(c, BaseException)), None)
