"""What to tell when a request fails, by an answer that is no success or by having none."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import responses
from urllib.parse import urljoin, urlsplit

from vm_df_writer.errors import ServerRejected, ServerUnavailable
from vm_df_writer.transport.exchange import SlowAnswerError
from vm_df_writer.transport.http_dates import retry_after_s
from vm_df_writer.transport.receiver import IMPORTING, Receiver

__all__ = ["Target", "rejection", "unavailability"]

# A server or proxy gives these answers by the head of a request. After any other the body may have
# been read in part, and stored, unless the receiver is known not to do that.
_REFUSED_UNREAD = frozenset({401, 403, 404, 405, 407, 411, 413, 414, 415, 431})

# No such path, as it is told by most servers, by a vmselect, behind a prefix, and by a vmauth.
_UNKNOWN_PATH = re.compile("unsupported (path|URL format)|missing (-http.pathPrefix|route for)")

# What a server tells of a client certificate that it misses or does not trust.
_CERTIFICATE_ALERT = re.compile("ALERT.*(CERTIFICATE|UNKNOWN_CA)")

_REMEDIES = {
    400: "its answer says why",
    401: "set user and password, or a bearer token",
    403: "let these credentials use this path",
    407: "put the proxy's credentials into HTTP_PROXY or HTTPS_PROXY",
    408: "lower concurrency or batch_max_bytes",
    413: "lower batch_max_bytes",
    429: "lower concurrency, or try again later",
    **dict.fromkeys((502, 504), "see whether the server behind the proxy is well"),
    503: "the server, or a vmstorage, is overloaded, read-only, gone or shutting down: see its log",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, and what its errors need to know about it.

    Attributes
    ----------
    url : str
        Where the request goes; without credentials.
    successes : frozenset of int
        The statuses that are a success.
    base_parameter, base : str
        The parameter that names the server, and its value.
    parameters : str
        All parameters that make up `url`, in words.
    receiver : Receiver or None
        What its answers mean, if it stores what is sent there.
    """

    url: str
    successes: frozenset[int]
    base_parameter: str
    base: str
    parameters: str
    receiver: Receiver | None = None

    @property
    def stores(self) -> bool:
        """True if the server stores what is sent there."""
        return self.receiver is not None


def rejection(
    target: Target,
    status: int,
    headers: Mapping[str, str],
    body: str,
    *,
    credentials: str = "",
) -> ServerRejected:
    """Return the error that an answer stands for.

    Parameters
    ----------
    target : Target
        What was asked.
    status : int
        The HTTP status.
    headers : mapping of str to str
        The answer's headers; looked up without regard to case.
    body : str
        The answer's text, without secrets.
    credentials : str, optional
        The parameters that the credentials were taken from, in words; empty if none were sent.

    Examples
    --------
    >>> target = Target("http://h/x", frozenset({204}), "datasource_url", "http://h", "health_path")
    >>> print(rejection(target, 401, {}, ""))
    http://h/x: answered 401 Unauthorized; set user and password, or a bearer token
    >>> rejection(target, 429, {"Retry-After": "10"}, "").retry_after_s
    10.0
    """
    body = body.strip()
    if len(body) > 500:  # a vmselect names the cause behind the query
        body = f"{body[:200]} ... {body[-295:]}"
    phrase = responses.get(status, "")
    problem = f"answered {status} {phrase}".rstrip() + (f" ({body!r})" if body else "")
    receiver = target.receiver or IMPORTING
    redirected = 300 <= status < 400
    unknown_path = status == 400 and bool(_UNKNOWN_PATH.search(body))
    # Of vmauth the versions around 1.79 answer 400 to credentials that they do not know.
    unauthorized = status == 401 or (status == 400 and "provided auth token" in body)
    if redirected:
        problem, remedy = _redirect(target, status, headers.get("Location", ""))
    elif 200 <= status < 300:
        problem += f", where only {' or '.join(map(str, sorted(target.successes)))} is a success"
        remedy = (
            "a proxy that shuts down answers so, and so does what is not the right endpoint; "
            f"check {target.parameters}"
        )
    elif unknown_path or (unauthorized and credentials):
        remedy = f"check {target.parameters if unknown_path else credentials}"
    elif status in (404, 405):
        remedy = receiver.if_no_path.format(parameters=target.parameters)
    else:
        remedy = _REMEDIES.get(status, "see the server's log")
    about_the_address = redirected or unknown_path or unauthorized
    unread = about_the_address or status in _REFUSED_UNREAD or status in receiver.stores_nothing
    return ServerRejected(
        f"{target.url}: {problem}",
        hint=remedy,
        status=status,
        body=body,
        retry_after_s=retry_after_s(headers),
        in_doubt=target.stores and not unread,
        is_about_the_body=not about_the_address and status in receiver.about_the_body,
    )


def _redirect(target: Target, status: int, location: str) -> tuple[str, str]:
    where = _readable(target.url, location) if location else ""
    path = target.url.removeprefix(target.base)
    server = where.removesuffix(path)
    if path == target.url or server == where:
        server = "the server itself"
    return (
        f"redirects ({status}) to {where or 'no readable address'}, which is not followed, since "
        "a redirected POST loses its body"
    ), f"set {target.base_parameter} to {server}"


def _readable(url: str, location: str) -> str:
    """Resolve a location, and leave out what may hold credentials or a session."""
    try:
        parts = urlsplit(urljoin(url, location))
    except ValueError:
        return ""
    if "@" in parts.path:  # of a password with a slash in it
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def unavailability(
    target: Target,
    root: BaseException,
    *,
    sent: bool,
    timeout_s: float,
    proxy: bool = False,
    stale: bool = False,
) -> ServerUnavailable:
    """Return the error that the lack of an answer stands for.

    Parameters
    ----------
    target : Target
        What was asked.
    root : BaseException
        The innermost cause.
    sent : bool
        True if the request, or a part of it, may have been sent.
    timeout_s : float
        The limit that a timeout ran into, in seconds.
    proxy : bool, default False
        True if it is a proxy that could not be reached.
    stale : bool, default False
        True if it is an older connection that broke.

    Examples
    --------
    >>> target = Target("http://h/x", frozenset({200}), "datasource_url", "http://h", "health_path")
    >>> print(unavailability(target, ConnectionRefusedError(), sent=False, timeout_s=5.0))
    http://h/x: nothing listens (connection refused); start it or correct datasource_url
    """
    # With TLS 1.3 a server tells only after the handshake that it does not accept our certificate.
    tls_reason = root.reason if isinstance(root, ssl.SSLError) else None
    unwanted = _CERTIFICATE_ALERT.search(tls_reason or "")
    sent = sent and not unwanted
    if unwanted:
        problem = f"the server wants a client certificate that it trusts ({tls_reason})"
        remedy = "set tls_cert_file and tls_key_file"
    elif sent:
        problem, remedy = _broken_off(target, root, timeout_s)
    elif proxy:
        problem = f"the proxy of the environment cannot be reached ({_text(root)})"
        remedy = "correct HTTP_PROXY or HTTPS_PROXY, or name the host in NO_PROXY"
    elif isinstance(root, ssl.SSLError):
        problem, remedy = _untrusted(target, root)
    else:
        problem, remedy = _unconnected(target, root, timeout_s)
    return ServerUnavailable(
        f"{target.url}: {problem}",
        hint=remedy,
        stale=stale,
        in_doubt=sent and target.receiver is not None,
    )


def _unconnected(target: Target, root: BaseException, timeout_s: float) -> tuple[str, str]:
    check = f"start it or correct {target.base_parameter}"
    match root:
        case socket.gaierror():
            host = urlsplit(target.url).hostname
            return f"the host name {host!r} does not resolve ({root.strerror})", (
                f"correct {target.base_parameter}, or try again once DNS works"
            )
        case ConnectionRefusedError():
            return "nothing listens (connection refused)", check
        case TimeoutError():
            return f"no connection within {timeout_s:g} s", (
                f"look for a firewall between, correct {target.base_parameter}, or raise timeout"
            )
        case ConnectionError():
            return f"the server drops the connection at once ({_text(root)})", check
        case _:
            return f"no connection can be made ({_text(root)})", (
                f"check {target.base_parameter}, the TLS parameters and the environment's proxies "
                "and REQUESTS_CA_BUNDLE"
            )


def _untrusted(target: Target, error: ssl.SSLError) -> tuple[str, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        problem = f"the server's certificate does not verify ({error.verify_message.rstrip('.')})"
        if "expired" in error.verify_message:
            return problem, "renew it on the server"
        if "mismatch" in error.verify_message:
            return problem, f"use a name that the certificate holds in {target.base_parameter}"
        return problem, (
            "set verify_tls to the path of the CA bundle that it was signed by "
            "(verify_tls: false trusts any server)"
        )
    reason = error.reason or str(error)
    problem = f"the TLS handshake failed ({reason})"
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"):
        return problem, f"if the server speaks plain HTTP, write http:// in {target.base_parameter}"
    return problem, "check verify_tls, tls_cert_file and tls_key_file"


def _broken_off(target: Target, root: BaseException, timeout_s: float) -> tuple[str, str]:
    if isinstance(root, TimeoutError):
        slow = isinstance(root, SlowAnswerError)
        problem = f"connected, but {'too slow an' if slow else 'no'} answer within {timeout_s:g} s"
        if target.stores:
            return problem, (
                "the server may be busy, and may still store the body; raise timeout or lower "
                "concurrency"
            )
        return problem, "raise timeout"
    problem = f"the connection broke before the answer was complete ({_text(root)})"
    is_tls = target.url.startswith("https:")
    more = ", and whether it wants a client certificate" if is_tls else ""
    return problem, f"see the server's log{more}"


def _text(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    # Of what is no web server. The URL of a proxy may hold credentials.
    return re.sub(r"\S*@", "***@", " ".join(text.split()))[:200]
