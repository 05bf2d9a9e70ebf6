"""HttpClient: the requests to a server, each with its own success."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import DeliveryError, ServerUnavailable
from vm_df_writer.transport.answer import Answer
from vm_df_writer.transport.auth import Authorization
from vm_df_writer.transport.endpoint import Endpoint, Targets
from vm_df_writer.transport.http_dates import clock_of
from vm_df_writer.transport.http_errors import Target, rejection
from vm_df_writer.transport.masked import Masked
from vm_df_writer.transport.receiver import IMPORTING, Receiver
from vm_df_writer.transport.session import Transport, origin
from vm_df_writer.warning_classes import InsecureTlsWarning
from vm_df_writer.wire.protocol import WIRES, Wire

__all__ = ["HttpClient"]

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# What is said of health, and of an import, is a word or two.
_MOST_WORDS_BYTES = 2**20
_MOST_TEXT_BYTES = 2**25  # the metrics of a large server are a few MiB
_MOST_LINES_BYTES = 2**27


class HttpClient:
    """Requests to one server, over connections that are kept open.

    Opens nothing before the first request, and again after :meth:`close`, in a forked process
    and after unpickling. Threads may share one. The proxies and the CA bundle of the
    environment are honoured; ``.netrc`` is not.

    Every method raises `ServerRejected` for an answer that is not a success, and
    `ServerUnavailable` if no answer came. The ``__cause__`` of the latter is the exception of
    the standard library that caused it, if there was one. Redirects are never followed.

    Parameters
    ----------
    config : WriterConfig
        Protocol, credentials, headers, TLS options, timeout and number of connections.
    endpoint : Endpoint
        Where to send; credentials and configured headers go nowhere else.

    Examples
    --------
    >>> from vm_df_writer.config.writer_config import WriterConfig
    >>> config = WriterConfig(datasource_url="http://me:secret@localhost:8428")
    >>> HttpClient(config, Endpoint.of(config))
    HttpClient('http://localhost:8428/api/v1/import')
    """

    def __init__(self, config: WriterConfig, endpoint: Endpoint) -> None:
        self._config, self._endpoint = config, endpoint
        self._timeout_s, self._patience_s = config.timeout_s, config.retry_deadline_s
        self._authorization = Authorization(config)
        self._trusted = {origin(endpoint.import_url), origin(endpoint.read_root)}
        self._transport: Transport | None = None
        self._targets = Targets(config, endpoint)
        self.wire: Wire = WIRES[config.protocol]
        self._import_query, self._health_query = (
            Masked(f"?{query}" if query else "")
            for query in (endpoint.import_query, endpoint.health_query)
        )
        if config.verify_tls is False and "https" in (scheme for scheme, _ in self._trusted):
            warn_caller(
                f"verify_tls: false, so that any machine can pose as {endpoint.import_url}; set it "
                "to the path of the CA bundle that the server's certificate was signed by",
                InsecureTlsWarning,
            )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open connections behind."""
        return self.__dict__ | {"_transport": None}

    def __repr__(self) -> str:
        """Return the URL that is written to; it holds no credentials."""
        endpoint = self.__dict__.get("_endpoint")  # a traceback shows what is half made, too
        return f"HttpClient({endpoint.import_url!r})" if endpoint else "HttpClient(half made)"

    @property
    def newest_connection(self) -> object:
        """What stands for the connection that was opened last; another one after each opening."""
        return self._open().newest_connection

    def post_import(
        self,
        data: bytes,
        *,
        content_encoding: str | None = None,
        receiver: Receiver = IMPORTING,
        timeout_s: float | None = None,
    ) -> int:
        """Send one body of samples, to be stored.

        Parameters
        ----------
        data : bytes
            The body as it goes over the wire.
        content_encoding : str, optional
            How `data` is encoded, such as ``gzip``; the first encoding of the wire if left out.
        receiver : Receiver
            What the answer means.
        timeout_s : float, optional
            Limit for sending, and for the wait for the answer; the configured `timeout` if left
            out. Connecting never takes longer than the configured `timeout`.

        Returns
        -------
        int
            The status, which is one of the receiver's successes.
        """
        headers = self.wire.headers(content_encoding or self.wire.encodings[0])
        target, query = self._targets.importing(receiver), self._import_query
        answer = self._request(target, "POST", headers, data, query=query, timeout_s=timeout_s)
        answer.read(_MOST_WORDS_BYTES)
        return answer.status

    def check_health(self, url: str | None = None) -> datetime | None:
        """Ask the server whether it is there, and return the time of its clock if it tells that.

        The URL is the configured one if none is given.
        """
        target, query = self._targets.health, self._health_query
        if url is not None:
            target, query = replace(target, url=url), Masked("")
        answer = self._request(target, "GET", query=query)
        answer.read(_MOST_WORDS_BYTES)
        return clock_of(answer.headers)

    def flush(self) -> bool:
        """Make what the servers just took readable; return whether each of them lets us.

        A vmselect has nothing to flush and refuses; then the vmstorage nodes have to be named.
        """
        lets_us = True
        for root in self._endpoint.storage_roots or (self._endpoint.read_root,):
            try:
                self.get(f"{root}/internal/force_flush")
            except DeliveryError:
                lets_us = False
        return lets_us

    def get(
        self,
        url: str,
        params: Mapping[str, str] | Sequence[tuple[str, str]] = (),
        *,
        timeout_s: float | None = None,
    ) -> bytes:
        """Return the whole answer of a URL.

        Parameters
        ----------
        url : str
            A URL of the endpoint.
        params : mapping of str to str, or sequence of (str, str)
            The query of the URL.
        timeout_s : float, optional
            Limit for the wait for the answer; the configured `timeout` if left out. A second is
            added for each 64 KiB of it.
        """
        # The query stays out of the target, and so out of messages: it may hold an authKey.
        query = Masked(f"?{urlencode(params)}" if params else "")
        target = self._targets.reading(url)
        return self._request(target, "GET", query=query, timeout_s=timeout_s).read(_MOST_TEXT_BYTES)

    def stream_lines(
        self,
        url: str,
        form: Sequence[tuple[str, str]],
        *,
        most_bytes: int = _MOST_LINES_BYTES,
        timeout_s: float | None = None,
    ) -> Iterator[bytes]:
        """Post a form and yield the lines of the answer as they come, but for empty ones.

        Parameters
        ----------
        url : str
            A URL of the endpoint.
        form : sequence of (str, str)
            Names and values; a name may stand more than once.
        most_bytes : int
            How long the answer may be.
        timeout_s : float, optional
            How long the server may be silent; the configured `timeout` if left out. It may wait
            several times, in all for `retry_deadline`, and a second for each 64 KiB.
        """
        headers = _FORM if self._endpoint.is_loopback else _FORM | {"Accept-Encoding": "gzip"}
        target = self._targets.reading(url)
        with closing(self._post_form(target, form, headers, timeout_s)) as answer:
            yield from answer.lines(most_bytes, patience_s=self._patience_s)

    def stream_bytes(
        self, url: str, form: Sequence[tuple[str, str]], *, most_bytes: int
    ) -> Generator[bytes, None, None]:
        """Post a form and yield the answer as it comes, without gzip, as :meth:`stream_lines`."""
        with closing(self._post_form(self._targets.reading(url), form)) as answer:
            yield from answer.chunks(most_bytes, patience_s=self._patience_s)

    def post_form(
        self, url: str, form: Sequence[tuple[str, str]], *, timeout_s: float | None = None
    ) -> None:
        """Post a form that makes the server do something; 204 is the only success.

        The form may hold a key, which is not in the URL and so in no message.
        """
        target = self._targets.reading(url, success=204)
        self._post_form(target, form, timeout_s=timeout_s).read(_MOST_WORDS_BYTES)

    def close(self) -> None:
        """Close the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def _post_form(
        self,
        target: Target,
        form: Sequence[tuple[str, str]],
        headers: Mapping[str, str] = _FORM,
        timeout_s: float | None = None,
    ) -> Answer:
        return self._request(target, "POST", headers, urlencode(form).encode(), timeout_s=timeout_s)

    def _request(
        self,
        target: Target,
        method: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        query: str = "",
        timeout_s: float | None = None,
    ) -> Answer:
        """Return a success."""
        trusted = origin(target.url) in self._trusted

        def send(authorization: str | None) -> Answer:
            credentials = {} if authorization is None else {"Authorization": authorization}
            if trusted:
                credentials |= self._authorization.headers
            while True:
                try:
                    return self._open().send(
                        target,
                        method,
                        {**(headers or {}), **credentials},
                        body,
                        query=query,
                        timeout_s=timeout_s or self._timeout_s,
                        signer=self._authorization.signer if trusted else None,
                    )
                except ServerUnavailable as error:
                    # Each such failure closes one idle connection, so that this ends. The caller
                    # alone repeats samples: it counts that the server may store them twice.
                    if not error.stale or (target.stores and body):
                        raise

        authorization = self._authorization.header() if trusted else None
        answer = send(authorization)
        if answer.status == 401 and trusted:
            renewed = self._authorization.header(reread=True)
            if renewed != authorization:
                answer.close()
                answer = send(renewed)
        if answer.status in target.successes:
            return answer
        text = self._redact(answer.error_text())
        answer.close()
        credentials = self._authorization.source if trusted else ""
        raise rejection(target, answer.status, answer.headers, text, credentials=credentials)

    def _redact(self, text: str) -> str:
        text = self._authorization.redact(text)
        for query in filter(None, (self._import_query, self._health_query)):
            text = text.replace(query[1:], "***")  # a server names the path that it does not know
        return text

    def _open(self) -> Transport:
        # No lock: a fork could leave it locked. Of two transports made at once, one is dropped.
        transport = self._transport
        if transport is None or transport.pid != os.getpid():
            transport = self._transport = Transport(self._config)
        return transport
