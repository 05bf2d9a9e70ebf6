"""The options that several commands share: which files, and how to read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, fields
from functools import partial, wraps
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import click

from vm_df_writer.cli.option_names import option_name
from vm_df_writer.cli.parameters.option_groups import Command, grouped_option, with_options
from vm_df_writer.cli.parameters.pairs import name_value_pairs
from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.write_options import IfExists
from vm_df_writer.files.file_options import FileOptions

__all__ = ["file_options", "if_exists_option", "paths_argument", "reading_options"]

_READING, _FILES = "How frames are read", "How files are read"


def reading_options(*names: str) -> Callable[[Command], Command]:
    """Add an option for each field of `ReadOptions`; the command gets them as keywords.

    Parameters
    ----------
    *names : str
        Only those of these fields.

    Examples
    --------
    >>> @click.command
    ... @reading_options()
    ... def show(**reading): ...
    >>> [option.opts[0] for option in show.params[:3]]
    ['--layout', '--query-key', '--label']
    """
    hints = get_type_hints(ReadingKeywords)
    options = [
        _option_of(field, hints[field.name], _READING)
        for field in fields(ReadOptions)
        if not names or field.name in names
    ]
    return partial(with_options, options=options)


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
        from vm_df_writer.files.file_labels import check_file_labels  # needs pandas

        check_file_labels(keywords["file_labels"])
        return command(*given, **keywords)

    options: list[Callable[[Command], Command]] = [
        grouped_option(
            _FILES,
            "--file-label",
            "file_labels",
            multiple=True,
            metavar="NAME[=PATTERN]",
            help="Make a label of each file's name without its ending; or of what stands in its "
            "path where PATTERN, such as 'plant-{}/*', has {}, or a regular expression its group. "
            "May be repeated.",
        ),
        grouped_option(
            _FILES, "--hive", is_flag=True, help="Make labels of folders named key=value."
        ),
    ]
    hints = get_type_hints(FileOptions)
    options += [_option_of(field, hints[field.name], _FILES) for field in fields(FileOptions)]
    return with_options(with_file_options, options)


def _option_of(field: Field[Any], hint: Any, group: str) -> Callable[[Command], Command]:
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
            settings = {"multiple": True, "callback": name_value_pairs, "metavar": "NAME=VALUE"}
        case origin if origin is Sequence:
            text += " One at a time; may be repeated. '' alone says that there are none."
            settings = {"multiple": True, "callback": _names, "metavar": "NAME"}
        case origin if origin is int:
            settings["type"] = int
        case _:
            settings["type"] = str
    return grouped_option(group, option_name(field.name), field.name, help=text, **settings)


def _names(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> list[str] | None:
    # An empty name alone says that there are none.
    return None if not given else [name for name in given if name]


def paths_argument(*, required: bool = True) -> Callable[[Command], Command]:
    """Add the files of a command, which TAB completes; a glob or URL is as good as a file."""
    kind = click.Path(readable=False, allow_dash=True)
    return click.argument("paths", metavar="PATH...", nargs=-1, required=required, type=kind)


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
