"""The types of the writer's parameters: what each of them takes, and how it refuses the rest.

A ValueError here becomes a ConfigError that names the parameter (a TypeError would not:
pydantic lets it through). What may hold a secret is never quoted: no token, no user name, and
no URL with credentials or a query.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, WithJsonSchema

from vm_df_writer.config.seconds import seconds_of
from vm_df_writer.display.text import shown

__all__ = [
    "BaseUrl",
    "Duration",
    "FolderPath",
    "HealthPath",
    "MetricFormat",
    "ReadableFile",
    "Tenant",
    "Token",
    "UserName",
    "VerifyTls",
    "check_metric_format",
]

_MOST_TENANT_CHARS = 26  # more is hardly a tenant, but may be a token
_TENANT = re.compile(r"[0-9]{1,10}(?::[0-9]{1,10})?")
# What is copied from a browser or from another tool's configuration, behind the base of a server.
_PASTED = re.compile(
    r"/(?:vmui(?:/.*)?|graph(?:\?.*)?|api/v1/(?:import(?:/[a-z]+)?|write|push|export|query(?:_range)?)"
    r"(?:\?.*)?)/?$"
)
_YAML_BOOLS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _plain_text(value: object) -> str:
    """Return text and numbers as text, and nothing of all else: not even ``str`` of it is short."""
    return str(value) if isinstance(value, str | int | float) else ""


def _http_url(url: str) -> str:
    found = "" if set("@?") & set(url) else f", got {shown(url)}"
    try:
        parts = urlsplit(url)
        # Reading the port checks it. Blanks are looked for since urlsplit drops line breaks.
        wrong = parts.port == 0 or not parts.hostname or bool(re.search(r"[\s\x00-\x1f]", url))
    except ValueError:
        wrong = True
    if wrong or parts.scheme not in ("http", "https"):
        raise ValueError(f"expected a URL such as http://localhost:8428{found}")
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong in this URL; set user and password")
    if "@" in parts.path:
        raise ValueError(
            "there is an '@' behind the host: set user and password, or write the slash in a "
            "password as %2F (and an '@' that belongs into a path as %40)"
        )
    return url


def _base_url(url: str) -> str:
    pasted = _PASTED.search(url)
    if pasted is not None and "@" not in url[pasted.start() :]:
        url = url[: pasted.start()]
    if "?" in url or "#" in url:
        raise ValueError(
            "expected a base URL, which paths are put behind, got one with a query or fragment; "
            "remove it"
        )
    return _http_url(url)


def _health_path(path: str) -> str:
    return _http_url(path) if "://" in path else path


def _tenant(value: object) -> str:
    tenant = _plain_text(value)
    numeric = _TENANT.fullmatch(tenant) and all(int(part) < 2**32 for part in tenant.split(":"))
    if not numeric and tenant != "multitenant":
        raise ValueError(
            "expected accountID, accountID:projectID (each at most 4294967295) or multitenant, "
            f"got {_shown_tenant(value)}; leave it out for a single node"
        )
    return tenant


def _shown_tenant(value: object) -> str:
    text = shown(value)
    return text if len(text) <= _MOST_TENANT_CHARS else f"{len(text)} characters"


def _duration(value: object) -> str:
    duration = _plain_text(value)
    try:
        # A month, M, is for servers: 5M would rather be five minutes.
        valid = seconds_of(duration) > 0 and "M" not in duration
    except ValueError:
        valid = False
    if not valid:
        number = re.fullmatch(r"[0-9.]*[1-9][0-9.]*", duration)
        raise ValueError(
            f"expected a duration above zero such as 5s, 500ms or 1m30s, got {shown(value)}"
            + (f"; did you mean '{duration}s'?" if number else "")
        )
    return duration


def _readable_file(value: object) -> str:
    if not isinstance(value, str | PurePath):
        raise ValueError(f"expected the path of a file, got {shown(value)}")  # noqa: TRY004
    reason = _why_unreadable(Path(value))
    if reason is not None:
        raise ValueError(f"cannot read the file {_shown_path(value)}: {reason}; check the path")
    return str(value)


def _why_unreadable(path: Path) -> str | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return "it is not a regular file"  # a pipe would be waited for
        path.open("rb").close()
    except OSError as error:
        return error.strerror
    except ValueError:
        return "it is no path"
    return None


def _shown_path(value: str | PurePath) -> str:
    """Show what names a file, unless it may be the token or the key that belongs into the file."""
    text = str(value)
    with suppress(OSError, ValueError):
        folder = Path(text).parent
        if text.isprintable() and folder.name and folder.is_dir():
            return repr(text)
    return f"that it names ({len(text)} characters, which are not shown: they may be a secret)"


def _folder_path(value: object) -> str:
    if not isinstance(value, str | PurePath) or not str(value):
        raise ValueError(f"expected the path of a folder, got {shown(value)}")
    return str(value)


def _verify_tls(value: object) -> bool | str:
    word = _plain_text(value).lower()
    return _YAML_BOOLS[word] if word in _YAML_BOOLS else _readable_file(value)


def _user(user: str) -> str:
    if not user or ":" in user:
        raise ValueError("basic authentication needs a name without a colon")
    return user


def _token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError(
            "expected printable ASCII characters without blanks, which is all that the header "
            "can carry; look for a line break at the end"
        )
    return token


def _label_texts(labels: Mapping[object, object]) -> dict[str, str]:
    texts = {}
    for name, value in labels.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"expected label names, got {shown(name)}")
        if not isinstance(value, str | int | float):
            raise ValueError(  # noqa: TRY004
                f"label {shown(name)} must have a text, got {shown(value)}; write one or remove "
                "the label"
            )
        texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


def check_metric_format(value: object) -> dict[str, str]:
    """Return a metric format as texts, with its `extra_labels` merged in.

    Raises
    ------
    ValueError
        If it gives the series no name, or one name to all.

    Examples
    --------
    >>> check_metric_format({"__name__": "vm_$VAR", "extra_labels": {"port": 8080}})
    {'__name__': 'vm_$VAR', 'port': '8080'}
    """
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004
            f"expected a mapping of label names to texts, got {shown(value)}"
        )
    own, extra = dict(value), {}
    if isinstance(own.get("extra_labels"), Mapping):
        extra = _label_texts(own.pop("extra_labels"))
    own = _label_texts(own)
    for name, text in extra.items():
        if own.get(name, text) != text:
            raise ValueError(
                f"label {shown(name)} is {own[name]!r}, and {text!r} in extra_labels; "
                "keep one of the two"
            )
    labels = own | extra
    if not labels.get("__name__"):
        raise ValueError(
            f"__name__ is missing or empty (there are: {', '.join(map(repr, labels)) or 'none'}); "
            f"add the name of the metrics, for example __name__: vmanomaly_$VAR{_eaten(labels)}"
        )
    if not any("$VAR" in text for text in labels.values()):
        raise ValueError(
            "no value holds $VAR, so that y and yhat would become one series; "
            f"write for example __name__: vmanomaly_$VAR{_eaten(labels)}"
        )
    return labels


def _eaten(labels: Mapping[str, str]) -> str:
    """Say what keeps a placeholder, where a shell seems to have replaced it by nothing."""
    if any(text == "" or text[-1] in "_-:." for text in labels.values()):
        return ", in single quotes where a shell reads it"
    return ""


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Duration = Annotated[str, BeforeValidator(_duration)]
FolderPath = Annotated[str, BeforeValidator(_folder_path), WithJsonSchema({"type": "string"})]
HealthPath = Annotated[str, AfterValidator(_health_path)]
MetricFormat = Annotated[
    dict[str, str],
    BeforeValidator(check_metric_format),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"extra_labels": {"type": "object"}},
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        }
    ),
]
ReadableFile = Annotated[str, BeforeValidator(_readable_file)]
Tenant = Annotated[str, BeforeValidator(_tenant), WithJsonSchema({"type": ["string", "integer"]})]
Token = Annotated[SecretStr, AfterValidator(_token)]
UserName = Annotated[str, AfterValidator(_user)]
VerifyTls = Annotated[bool | str, BeforeValidator(_verify_tls)]
