"""Signed requests, as AWS has them, and a proxy that lets no other one through."""

from __future__ import annotations

import hashlib
import hmac
import os
from itertools import count

from requests import PreparedRequest
from requests.auth import AuthBase

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange

KEY_ID = "AKIDOFTHETESTS"
KEY = "a-key-that-nobody-is-told"


def signature(key: str, method: str, path: str, number: str, body: bytes) -> str:
    """Return the signature of a request, of which no part can be changed."""
    text = "\n".join([method, path, number, hashlib.sha256(body).hexdigest()])
    return hmac.new(key.encode(), text.encode(), "sha256").hexdigest()


class Signed(AuthBase):
    """Signs the method, the path, the body as it is sent, and a number that is used once."""

    def __init__(self, key: str = KEY) -> None:
        self._key = key
        self._numbers = count()

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        number, body = f"{os.getpid()}.{id(self)}.{next(self._numbers)}", r.body or b""
        assert isinstance(body, bytes)
        found = signature(self._key, str(r.method), r.path_url, number, body)
        r.headers["X-Number"] = number
        r.headers["Authorization"] = f"HMAC-SHA256 Credential={KEY_ID}, Signature={found}"
        return r


class SignedOnly(FaultProxy):
    """Refuses what is not signed, or has the number of an earlier request, and says so aloud."""

    def __init__(self, server_url: str) -> None:
        super().__init__(server_url)
        self.let_through: list[tuple[str, str]] = []
        self.refused: list[str] = []
        self._numbers: set[str] = set()

    def handle_exchange(self, exchange: Exchange) -> None:
        exchange.read_body()
        number, given = (exchange.headers.get(n, "") for n in ("X-Number", "Authorization"))
        right = signature(KEY, exchange.method, exchange.path, number, exchange.body)
        if number in self._numbers or not given.endswith(f"Signature={right}"):
            self.refused.append(exchange.path)
            exchange.answer(403, f"not signed by {KEY_ID}: {given!r}".encode())
            return
        self._numbers.add(number)
        self.let_through.append((exchange.method, exchange.path.partition("?")[0]))
        super().handle_exchange(exchange)
