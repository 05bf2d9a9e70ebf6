"""The options that several commands share: which files, how to read them, where to write to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from functools import wraps
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from vm_df_writer.cli.messages import option_name
from vm_df_writer.config.load import load_config
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError
from vm_df_writer.files.file_labels import check_file_labels
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.operations.existing.if_exists import IfExists

__all__ = ["file_options", "if_exists_option", "open_config", "reading_options", "server_options"]

Command = Callable[..., Any]


def reading_options(command: Command) -> Command:
    """Add an option for each field of `ReadOptions`; the command gets them as keywords.

    Examples
    --------
    >>> @click.command
    ... @reading_options
    ... def show(**reading): ...
    >>> [option.opts[0] for option in show.params[:3]]
    ['--layout', '--query-key', '--label']
    """
    hints = get_type_hints(ReadingKeywords)
    for field in reversed(fields(ReadOptions)):
        command = _option_of(field, hints[field.name])(command)
    return command


def file_options(command: Command) -> Command:
    """Add an option for each field of `FileOptions`, and for the labels of files' names.

    The command gets them as `file_options`, `hive` and `file_labels`.
    """
    names = [field.name for field in fields(FileOptions)]

    @wraps(command)
    def with_file_options(*given: Any, **keywords: Any) -> Any:
        given_options = {name: keywords.pop(name) for name in names}
        options = {name: value for name, value in given_options.items() if value is not None}
        keywords["file_options"] = FileOptions.of(**options)
        check_file_labels(keywords["file_labels"])
        return command(*given, **keywords)

    options: list[Callable[[Command], Command]] = [
        click.option(
            "--file-label",
            "file_labels",
            multiple=True,
            metavar="NAME[=PATTERN]",
            help="Make a label of each file's name without its ending; or of what stands in its "
            "path where PATTERN, such as 'plant-{}/*', has {}, or a regular expression its group. "
            "May be repeated.",
        ),
        click.option("--hive", is_flag=True, help="Make labels of folders named key=value."),
    ]
    hints = get_type_hints(FileOptions)
    options += [_option_of(field, hints[field.name]) for field in fields(FileOptions)]
    wrapped: Command = with_file_options
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def _option_of(field: Field[Any], hint: Any) -> Callable[[Command], Command]:
    if get_origin(hint) in (Union, UnionType):  # what may also be None
        hint = get_args(hint)[0]
    text = field.metadata["help"]
    text = f"{text[0].upper()}{text[1:]}."
    settings: dict[str, Any] = {"default": field.default, "show_default": True}
    match get_origin(hint) or hint:
        case origin if origin is Literal:
            settings["type"] = click.Choice(get_args(hint))
        case origin if origin is Mapping:
            text += " May be repeated."
            settings = {"multiple": True, "callback": _pairs, "metavar": "NAME=VALUE"}
        case origin if origin is Sequence:
            text += " One at a time; may be repeated. '' alone says that there are none."
            settings = {"multiple": True, "callback": _names, "metavar": "NAME"}
        case origin if origin is int:
            settings["type"] = int
        case _:
            settings["type"] = str
    return click.option(option_name(field.name), field.name, help=text, **settings)


def _names(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[str] | None:
    # An empty name alone says that there are none.
    return None if not given else [name for name in given if name]


def _pairs(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"expected NAME=VALUE, got {text!r}")
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice; keep one of the two")
        pairs[name] = value
    return pairs


def if_exists_option(command: Command) -> Command:
    """Add ``--if-exists``; without it the command gets None."""
    return click.option(
        "--if-exists",
        type=click.Choice(get_args(IfExists)),
        help="What becomes of a sample at whose time the server has one of the same series: append "
        "stores it beside that one, as is done without this option; skip leaves it out; with fail "
        "nothing is sent if there is one; replace takes it in place of that one (it needs a folder "
        "for the spool). Given append, --verify accepts other values there.",
    )(command)


def server_options(command: Command) -> Command:
    """Add ``--url``, ``--config`` and ``--metric-format``; see :func:`open_config`."""
    for option in (
        click.option(
            "--metric-format",
            multiple=True,
            callback=_pairs,
            metavar="NAME=VALUE",
            help="A label of every series, in which $VAR and $QUERY_KEY are replaced, such as "
            "'__name__=vmanomaly_$VAR'. May be repeated; by default __name__=$VAR and "
            "for=$QUERY_KEY.",
        ),
        click.option(
            "--config",
            "config_path",
            type=click.Path(exists=True, dir_okay=False),
            help="A vmanomaly file, whose writer section is read, or such a section alone; in "
            "place of --url and --metric-format.",
        ),
        click.option("--url", help="The server, such as http://localhost:8428."),
    ):
        command = option(command)
    return command


def open_config(
    url: str | None, config_path: str | None, metric_format: Mapping[str, str]
) -> WriterConfig:
    """Return the configuration that the options describe: a file, or all of it by options.

    The two are not mixed, so that the credentials of a file go to no other server.

    Raises
    ------
    ConfigError
        If there is none, or both.
    """
    if config_path is not None:
        for option, value in (("--url", url), ("--metric-format", metric_format)):
            if value:
                raise ConfigError(f"{option}: --config is given too; keep one of the two")
        return load_config(config_path)
    if url is None:
        raise ConfigError(
            "--url: missing; name the server, such as --url http://localhost:8428, or a "
            "configuration file with --config"
        )
    if metric_format:
        return WriterConfig(datasource_url=url, metric_format=dict(metric_format))
    return WriterConfig(datasource_url=url)
