"""The types of the parameters that say how a request is made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

if TYPE_CHECKING:
    from requests import PreparedRequest
else:
    PreparedRequest = Any  # a configuration is read without an import of requests

__all__ = ["Auth", "Headers", "ImportPath", "RemoteWritePath", "RequestAuth"]

RequestAuth = Callable[[PreparedRequest], PreparedRequest]
"""Adds credentials to a request, as a `requests.auth.AuthBase` does."""

_HEADER_NAME = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What says how a request is to be read; and credentials, which have parameters of their own.
_RESERVED_HEADERS = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("host", "transfer-encoding", "user-agent"),
        *("x-prometheus-remote-write-version", "x-victoriametrics-remote-write-version"),
    }
)


def _path(path: str, example: str) -> str:
    if "://" in path or not path.strip("/"):
        raise ValueError(f"expected a path on the server such as {example}")
    return path


def _headers(headers: Mapping[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"expected names of headers, got {name!r}")
        if name.lower() in _RESERVED_HEADERS:
            raise ValueError(f"{name!r} is set by the writer itself; leave it out")
        if name.lower() == "authorization":
            raise ValueError(
                f"{name!r} is made of user and password, or of bearer_token; set these"
            )
        text = value.get_secret_value()
        if not text.isascii() or not text.isprintable() or text != text.strip():
            raise ValueError(
                f"{name!r}: expected printable ASCII characters without blanks around them; look "
                "for a line break at the end"
            )
    return dict(headers)


def _auth(auth: object) -> object:
    if auth is None or (callable(auth) and not isinstance(auth, type)):
        return auth
    # Neither quoted nor shown: it may be a secret.
    found = f"the class {auth.__name__}" if isinstance(auth, type) else type(auth).__name__
    raise ValueError(
        f"expected what is called with a request, such as a requests.auth.AuthBase, got {found}; "
        "for a name and a password set user and password"
    )


Auth = Annotated[SkipJsonSchema[Callable[[Any], Any] | None], BeforeValidator(_auth)]
Headers = Annotated[
    dict[str, SecretStr],
    AfterValidator(_headers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
ImportPath = Annotated[str, AfterValidator(partial(_path, example="/api/v1/import"))]
RemoteWritePath = Annotated[str, AfterValidator(partial(_path, example="/api/v1/write"))]
