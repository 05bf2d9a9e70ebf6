"""RequestSigner: authentication of the caller's own, as libraries for requests have it."""

from __future__ import annotations

import traceback
from base64 import b64decode
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

from vm_df_writer.config.request_types import RequestAuth
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.transport.masked import SHORTEST_KEY, Masked

__all__ = ["RequestSigner"]

# Of requests that are under way, of which an answer may quote each.
_MOST_SECRETS = 512


class RequestSigner:
    """Lets a function of the caller add credentials to requests, and hides what it adds.

    Parameters
    ----------
    auth : callable
        Takes a request, adds headers or a query, and returns it.
    """

    def __init__(self, auth: RequestAuth) -> None:
        self._auth = auth
        self._added: deque[str] = deque(maxlen=_MOST_SECRETS)

    @property
    def secrets(self) -> list[str]:
        """What was added to the latest requests."""
        return list(self._added)

    def sign(self, request: Any) -> Any:
        """Return a request with credentials; the one given is of no use then.

        Raises
        ------
        ServerUnavailable
            If that fails, or changes more than headers and the query. Neither an error of the
            function nor what it adds is quoted.
        """
        # Outside of the frames that have secrets in their local variables.
        signed, problem = self._call(request)
        if problem:
            raise ServerUnavailable(f"auth: {problem}")
        return signed

    def _call(self, request: Any) -> tuple[Any, str]:
        url, body, headers = request.url, request.body, dict(request.headers)
        try:
            signed: Any = self._auth(request)
        except Exception as error:  # noqa: BLE001 - of whatever library this is
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(place.filename).name}, line {place.lineno}, in {place.name}"
            return None, f"it raised {type(error).__name__} ({where}), and nothing was sent"
        if not isinstance(signed, type(request)):
            return None, f"it returned {type(signed).__name__}; return the request that it is given"
        if any(signed.hooks.values()):
            return None, (
                "it waits for the server's answer (requests' hooks), as digest authentication "
                "does; use one that adds its credentials at once"
            )
        base, _, query = str(signed.url).partition("?")
        if base != url.partition("?")[0] or signed.body != body:
            return None, "it changed the path or the body of the request; add headers or a query"
        if signed.url != url:
            self._hide(query)
        for name in [name for name, value in signed.headers.items() if headers.get(name) != value]:
            value = signed.headers[name]
            text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
            if not text.isascii() or not text.isprintable():
                return None, (
                    f"its header {name!r} holds what is no printable ASCII character; look for a "
                    "line break at the end"
                )
            signed.headers[name] = Masked(text)
            self._hide(text)
        return signed, ""

    def _hide(self, text: str) -> None:
        scheme, _, coded = text.partition(" ")
        # All of it but for the name of the scheme; and the end alone, which is the signature.
        found = [coded or text, text.rpartition(" ")[2]]
        if scheme == "Basic":
            with suppress(ValueError):
                self._added.append(b64decode(coded).decode().partition(":")[2])
        self._added.extend(secret for secret in found if len(secret) >= SHORTEST_KEY)
