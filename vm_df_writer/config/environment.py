"""The parameters of a writer from environment variables: VM_DF_WRITER_ and the name in capitals."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.config.yaml_file import parse_mapping
from vm_df_writer.display.text import did_you_mean
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import ConfigError
from vm_df_writer.warning_classes import EnvironmentWarning

__all__ = [
    "SHORT_NAMES",
    "environment_name",
    "field_kind",
    "from_environment",
    "read_secret_file",
    "secrets_by_file",
]


# What a text can set: all but what is in no dump.
_FIELDS = tuple(name for name, field in WriterConfig.model_fields.items() if not field.exclude)


SHORT_NAMES = {"datasource_url": "url", "storage_urls": "storage_url", "headers": "header"}
"""Parameters whose option on the command line has a shorter name."""

_PREFIX = "VM_DF_WRITER_"
# Of the command line: what is no parameter, and options of commands, such as ..._WRITE_VERIFY.
_OTHERS = re.compile(
    "CONFIG|LOG_FORMAT|(WRITE|VERIFY|DIFF|PREVIEW|READ|REPLAY|BACKFILL|STATUS|CHECK|SCHEMA|DEMO)_.+"
)


def environment_name(field: str) -> str:
    """Return the environment variable of a parameter.

    Examples
    --------
    >>> environment_name("tenant_id")
    'VM_DF_WRITER_TENANT_ID'
    """
    return _PREFIX + field.rstrip("_").upper()


def field_kind(field: str) -> type:
    """Return what a parameter takes: str, int, bool, SecretStr, dict or tuple.

    Examples
    --------
    >>> field_kind("timeout"), field_kind("concurrency"), field_kind("metric_format")
    (<class 'str'>, <class 'int'>, <class 'dict'>)
    >>> field_kind("storage_urls"), field_kind("password").__name__
    (<class 'tuple'>, 'SecretStr')
    """
    kinds = set(_plain_kinds(WriterConfig.model_fields[field].annotation))
    for kind in (dict, tuple, SecretStr, int):
        if kind in kinds:
            return kind
    return str


def _plain_kinds(hint: Any) -> list[Any]:
    # Of `Annotated[str, ...]`, `X | None`, `dict[...]` and their nestings.
    origin = get_origin(hint)
    if origin in (dict, tuple):
        return [origin]
    if hasattr(hint, "__metadata__"):
        return _plain_kinds(hint.__origin__)
    args = get_args(hint)
    return [kind for arg in args for kind in _plain_kinds(arg)] if args else [hint]


def secrets_by_file() -> dict[str, str]:
    """Return the secret parameters that a file can hold, by what names that file.

    Examples
    --------
    >>> secrets_by_file()["password_file"]
    'password'
    """
    return {
        f"{name}_file": name
        for name in _FIELDS
        if field_kind(name) is SecretStr and f"{name}_file" not in _FIELDS
    }


def read_secret_file(path: str | Path, name: str) -> str:
    """Return the one line of a file that holds a secret.

    Parameters
    ----------
    path : str or Path
        The file.
    name : str
        What named it, for the message.

    Raises
    ------
    ConfigError
        If the file cannot be read, is empty or has several lines.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise ConfigError(
            f"{name}: cannot read the file {str(path)!r}: {reason}; check the path"
        ) from None
    if len(lines) != 1 or not lines[0]:
        raise ConfigError(
            f"{name}: expected one line in {str(path)!r}, found {len(lines)}; "
            "write the secret alone into the file"
        )
    return lines[0]


def from_environment(env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return the parameters that environment variables set.

    A mapping is written as in YAML, a list with blanks or commas. A secret may stand in a file,
    which a variable with ``_FILE`` behind it names. An empty variable counts as not set.

    Parameters
    ----------
    env : mapping of str to str, optional
        The variables; those of this process if left out.

    Raises
    ------
    ConfigError
        If a secret and its file are both named, a file cannot be read, or a mapping is none.

    Examples
    --------
    >>> from_environment(
    ...     {"VM_DF_WRITER_TIMEOUT": "9s", "VM_DF_WRITER_METRIC_FORMAT": "{__name__: vm_$VAR}"}
    ... )
    {'metric_format': {'__name__': 'vm_$VAR'}, 'timeout': '9s'}
    """
    env = os.environ if env is None else env
    _tell_of_unknown(env)
    found: dict[str, Any] = {}
    for name in _FIELDS:
        text = env.get(environment_name(name))
        if text:
            found[name] = _parse(name, text)
    for file_field, name in secrets_by_file().items():
        variable = environment_name(file_field)
        path = env.get(variable)
        if path:
            if name in found:
                raise ConfigError(
                    f"{variable}: {environment_name(name)} is set too; keep one of the two"
                )
            found[name] = read_secret_file(path, variable)
    return found


def _tell_of_unknown(env: Mapping[str, str]) -> None:
    """Warn of variables that look like those of parameters, and are none."""
    known = {environment_name(name) for name in (*_FIELDS, *secrets_by_file())}
    short = {environment_name(name): environment_name(field) for field, name in SHORT_NAMES.items()}
    for variable in sorted(env):
        name = variable.removeprefix(_PREFIX)
        if name != variable and variable not in known and not _OTHERS.fullmatch(name):
            meant = did_you_mean(variable, [short[variable]] if variable in short else known)
            warn_caller(
                f"{variable}: no parameter has this environment variable, which is passed over"
                f"{meant}",
                EnvironmentWarning,
            )


def _parse(name: str, text: str) -> Any:
    kind = field_kind(name)
    if kind is dict:
        return parse_mapping(text, environment_name(name))
    return tuple(re.split(r"[\s,]+", text.strip())) if kind is tuple else text
