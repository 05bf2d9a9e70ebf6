"""What messages call keywords by on the command line: their options."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import fields
from functools import cache

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import (
    FrameError,
    JobError,
    ReplaceError,
    SamplesExistError,
    SourceError,
    VerificationError,
    VmDfWriterError,
)
from vm_df_writer.files.file_options import FileOptions

__all__ = ["explain", "name_options", "option_name"]

# Their messages begin with a keyword, if they are about one.
_ABOUT_OPTIONS = (JobError, SourceError, ReplaceError, SamplesExistError)
_QUOTED = r"""(?<!\w)'(?:[^'\\]|\\.)*'(?!\w)|(?<!\w)"(?:[^"\\]|\\.)*"(?!\w)"""


def option_name(keyword: str) -> str:
    """Return the option that a reading keyword is given by.

    Examples
    --------
    >>> option_name("time_unit"), option_name("labels")
    ('--time-unit', '--label')
    """
    singular = {"labels": "label", "file_labels": "file-label"}
    return "--" + singular.get(keyword, keyword.replace("_", "-"))


@cache
def _any_keyword() -> str:
    """Return what matches a keyword; only messages need it, for which pandas is imported."""
    from vm_df_writer.jobs.options import JobOptions

    known = (*fields(ReadOptions), *fields(FileOptions), *fields(JobOptions))
    return "|".join([*(field.name for field in known), "state"])


def explain(error: VmDfWriterError) -> str:
    """Return the message of an error, with options where it names Python's keywords."""
    message = error.describe()
    if isinstance(error, (*_ABOUT_OPTIONS, FrameError, VerificationError)):
        message = name_options(message)
    where, colon, rest = message.partition(":")
    if isinstance(error, _ABOUT_OPTIONS) and re.fullmatch(_any_keyword(), where):
        return option_name(where) + colon + rest
    return message


def name_options(message: str) -> str:
    """Name the options where a message marks keywords; see :mod:`vm_df_writer.errors`.

    Examples
    --------
    >>> name_options("timestamps: integers do not say their unit; pass time_unit='s'")
    "timestamps: integers do not say their unit; pass --time-unit 's'"
    >>> name_options("leave some out with label_columns=, or name one with value_columns= or time=")
    'leave some out with --label-columns, or name one with --value-columns or --time'
    >>> name_options("column 'time=now' holds text; begin anew with restart=")
    "column 'time=now' holds text; begin anew with --restart"
    >>> name_options("reset_cache=True makes the server forget them")
    '--reset-cache makes the server forget them'
    >>> name_options("pass label_columns=['host', 'a b'], value_columns=['y']; or label_columns=[]")
    "pass --label-columns host --label-columns 'a b' --value-columns y; or --label-columns ''"
    """
    keyword = rf"(?<![^\s(])({_any_keyword()})="
    # With a list of names; the comma behind it parts it from another one.
    with_list = rf"{keyword}(\[[^\[\]]*\])(?:,(?= (?:{_any_keyword()})=\[))?"
    # As messages mark it; then that it is switched on, or what its value begins with.
    marked = rf"{keyword}(?!=)(?:(True)\b|(?=([^\s,;:)])?))|{_QUOTED}"
    return re.sub(marked, _name_option, re.sub(with_list, _repeat_option, message))


def _name_option(match: re.Match[str]) -> str:
    if match[1] is None:  # quoted
        return match[0]
    return option_name(match[1]) + (" " if match[3] else "")


def _repeat_option(match: re.Match[str]) -> str:
    try:
        names = ast.literal_eval(match[2])
    except (ValueError, SyntaxError):  # of names that are no text
        return match[0]
    option = option_name(match[1])
    return " ".join(f"{option} {shlex.quote(str(name))}" for name in names or [""])
