"""The options for the server, one for each field of `WriterConfig`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Literal, get_args, get_origin

import click
from click.core import ParameterSource
from pydantic import SecretStr

from vm_df_writer.cli.parameters.option_groups import Command, grouped_option, with_options
from vm_df_writer.cli.parameters.pairs import name_value_pairs
from vm_df_writer.config.environment import (
    SHORT_NAMES,
    environment_name,
    field_kind,
    from_environment,
    read_secret_file,
    secrets_by_file,
)
from vm_df_writer.config.load import load_config
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError

__all__ = ["OptionGroup", "server_option_name", "server_options"]
OptionGroup = Literal["server", "series", "delivery"]

_HEADINGS: Mapping[OptionGroup, str] = {
    "server": "Server (each also as an environment variable, such as VM_DF_WRITER_TIMEOUT)",
    "series": "Labels of the series, and the server's limits",
    "delivery": "Delivery",
}
# What is in no group is about delivery.
_GROUPS: Mapping[str, OptionGroup] = {
    **dict.fromkeys(("datasource_url", "query_url", "storage_urls", "health_path"), "server"),
    **dict.fromkeys(("user", "password", "bearer_token", "bearer_token_file"), "server"),
    **dict.fromkeys(("verify_tls", "tls_cert_file", "tls_key_file", "headers"), "server"),
    **dict.fromkeys(("tenant_id", "timeout", "retention"), "server"),
    **dict.fromkeys(("reset_cache_auth_key", "delete_auth_key"), "server"),
    **dict.fromkeys(("metric_format", "max_labels"), "series"),
    **dict.fromkeys(("max_label_name_bytes", "max_label_value_bytes"), "series"),
}
# A kind of writer is all there is; a command ends before a cache of its labels is of use; what
# authenticates is a function; a parameter names the file of a bearer token.
_NO_OPTION = frozenset({"class_", "metric_prefix_cache_max_entries", "auth", "bearer_token"})
# Credentials of a file go to no other server, so that these do not stand beside it.
_OF_A_FILE_ALONE = (
    *("datasource_url", "query_url", "storage_urls", "health_path", "grafana_url"),
    "metric_format",
)


def server_option_name(field: str) -> str:
    """Return the option of a parameter.

    Examples
    --------
    >>> server_option_name("datasource_url"), server_option_name("storage_urls")
    ('--url', '--storage-url')
    """
    return "--" + SHORT_NAMES.get(field, field).replace("_", "-")


def server_options(
    *groups: OptionGroup, default_url: str | None = None
) -> Callable[[Command], Command]:
    """Add ``--config``, and an option for each parameter; the command gets them as `config`.

    A secret is no option, since other users of a machine see the command line: its file is one.

    Parameters
    ----------
    *groups : {"server", "series", "delivery"}
        Which parameters.
    default_url : str, optional
        What stands for the server where none is named.

    Raises
    ------
    ConfigError
        When the command runs: if no server is named, or an option is wrong.
    """

    def add(command: Command) -> Command:
        @wraps(command)
        def with_config(*given: Any, config_path: str | None, **keywords: Any) -> Any:
            named = {
                name: keywords.pop(name)
                for name in (*WriterConfig.model_fields, *secrets_by_file())
                if name in keywords
            }
            options = {name: value for name, value in named.items() if value not in (None, (), {})}
            config = _open_config(config_path, options, default_url)
            return command(*given, config=config, **keywords)

        options = [_option_of(name, group) for group in groups for name in _fields_of(group)]
        return with_options(with_config, [_CONFIG_OPTION, *options])

    return add


def _fields_of(group: OptionGroup) -> list[str]:
    return [
        name
        for name in WriterConfig.model_fields
        if name not in _NO_OPTION and _GROUPS.get(name, "delivery") == group
    ]


_CONFIG_OPTION = grouped_option(
    _HEADINGS["server"],
    "--config",
    "config_path",
    type=click.Path(exists=True, dir_okay=False),
    envvar="VM_DF_WRITER_CONFIG",
    metavar="FILE",
    help="A vmanomaly file, whose writer section is read, or such a section alone; in place of "
    "--url, of --metric-format and of the environment variables. Options replace what else stands "
    "there.",
)


def _option_of(name: str, group: OptionGroup) -> Callable[[Any], Any]:
    field, kind = WriterConfig.model_fields[name], field_kind(name)
    text = _describe(field.description or "")
    settings: dict[str, Any] = {"default": None, "allow_from_autoenv": False}
    option, keyword = server_option_name(name), name
    match kind:
        case origin if origin is SecretStr:
            option, keyword = f"{option}-file", f"{name}_file"
            settings["metavar"] = "FILE"
            text = f"Path of a file with this alone: {text[0].lower()}{text[1:]}"
        case origin if origin is dict:
            text += " May be repeated."
            if name == "headers":
                text += f" A secret one belongs into {environment_name(name)}."
            settings |= {"multiple": True, "callback": name_value_pairs, "metavar": "NAME=VALUE"}
        case origin if origin is tuple:
            text += " May be repeated."
            settings |= {"multiple": True, "metavar": "URL"}
        case origin if origin is int:
            settings["type"] = int
        case _ if get_origin(field.annotation) is Literal:
            settings["type"] = click.Choice(get_args(field.annotation))
        case _:
            settings["metavar"] = _metavar(name)
    if isinstance(field.default, (int, str)):
        is_flag = isinstance(field.default, bool)
        text += f"  [default: {str(field.default).lower() if is_flag else field.default}]"
    return grouped_option(_HEADINGS[group], option, keyword, help=text, **settings)


def _describe(description: str) -> str:
    """Return the description of a parameter with options where it names other parameters."""
    text = " ".join(description.split()).replace(" Not a parameter of vmanomaly.", "")
    text = re.sub(r"`(\w+)=(?:True|\"(\w+)\")`", _as_option, text)

    def name(match: re.Match[str]) -> str:
        field = match[1]
        if field in secrets_by_file().values():
            field += "_file"
        elif field not in WriterConfig.model_fields:
            return field
        return server_option_name(field)

    return re.sub("`([^`]+)`", name, text)


def _as_option(keyword: re.Match[str]) -> str:
    return f"--{keyword[1].replace('_', '-')}" + (f" {keyword[2]}" if keyword[2] else "")


def _metavar(name: str) -> str:
    endings = {"url": "URL", "file": "FILE", "dir": "DIR", "path": "PATH"}
    if name in ("timeout", "retry_deadline", "retention"):
        return "DURATION"
    if name == "verify_tls":
        return "true|false|FILE"
    return endings.get(name.rpartition("_")[2], "TEXT")


def _open_config(
    path: str | None, options: Mapping[str, Any], default_url: str | None
) -> WriterConfig:
    parameters: dict[str, Any] = {}
    if path is not None and not _is_overruled(options):
        for name in _OF_A_FILE_ALONE:
            if name in options:
                raise ConfigError(
                    f"{server_option_name(name)}: --config is given too; keep one of the two"
                )
        config = load_config(path)
        parameters = {name: getattr(config, name) for name in config.model_fields_set}
    else:
        parameters = from_environment()
    shown = {name: environment_name(name) for name in parameters} if path is None else {}
    secrets = secrets_by_file()
    for name, value in options.items():
        field, option = secrets.get(name, name), server_option_name(name)
        shown[field] = option
        parameters[field] = read_secret_file(value, option) if name in secrets else value
    if default_url is not None:
        parameters.setdefault("datasource_url", default_url)
    if "datasource_url" not in parameters:
        raise ConfigError(
            "--url: missing; name the server, such as --url http://localhost:8428, in the variable "
            f"{environment_name('datasource_url')}, or in a configuration file with --config"
        )
    try:
        return WriterConfig(**parameters)
    except ConfigError as error:
        message = re.sub(r"(?m)^\w+(?=: )", lambda found: shown.get(found[0], found[0]), str(error))
    del parameters  # which a traceback with local variables would show
    raise ConfigError(message)


def _is_overruled(options: Mapping[str, Any]) -> bool:
    """Say whether the file is named by the environment, and the command line names a server."""
    source = click.get_current_context().get_parameter_source("config_path")
    return source is ParameterSource.ENVIRONMENT and "datasource_url" in options
