"""The types of the parameters that say how a request of remote write is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, SecretStr, WithJsonSchema

__all__ = ["Headers", "RemoteWritePath"]

_HEADER_NAME = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
# What says how a request is to be read; and credentials, which have parameters of their own.
_RESERVED_HEADERS = frozenset(
    {
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("host", "transfer-encoding", "user-agent"),
        *("x-prometheus-remote-write-version", "x-victoriametrics-remote-write-version"),
    }
)


def _remote_write_path(path: str) -> str:
    if "://" in path or not path.strip("/"):
        raise ValueError("expected a path on the server such as /api/v1/write")
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


Headers = Annotated[
    dict[str, SecretStr],
    AfterValidator(_headers),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]
RemoteWritePath = Annotated[str, AfterValidator(_remote_write_path)]
