"""What goes to standard error: one clean line for each error, warning and log record."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields
from enum import IntEnum

import click

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import (
    DeliveryError,
    FrameError,
    VerificationError,
    VmDfWriterError,
    capture_warnings,
)

__all__ = [
    "CleanCommand",
    "ExitCode",
    "about",
    "exit_code_of",
    "explain",
    "name_options",
    "option_name",
    "show_messages",
    "without_attributes",
    "worst_of",
]


class ExitCode(IntEnum):
    """What the shell is told."""

    DELIVERED = 0
    UNDELIVERED = 1
    REFUSED = 2
    UNVERIFIED = 3
    INTERRUPTED = 130


_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.UNDELIVERED,
    ExitCode.REFUSED,
    ExitCode.UNVERIFIED,
    ExitCode.DELIVERED,
)


def worst_of(codes: Iterable[ExitCode | None]) -> ExitCode:
    """Return the code that tells the most of several.

    Examples
    --------
    >>> worst_of([ExitCode.DELIVERED, ExitCode.UNVERIFIED, None]).name
    'UNVERIFIED'
    """
    given = set(codes)
    return next(code for code in _WORST_FIRST if code in given)


def exit_code_of(error: VmDfWriterError) -> ExitCode:
    """Return what the shell is told of an error."""
    if isinstance(error, DeliveryError):
        return ExitCode.UNDELIVERED
    return ExitCode.UNVERIFIED if isinstance(error, VerificationError) else ExitCode.REFUSED


def option_name(keyword: str) -> str:
    """Return the option that a reading keyword is given by.

    Examples
    --------
    >>> option_name("time_unit"), option_name("labels")
    ('--time-unit', '--label')
    """
    return "--label" if keyword == "labels" else "--" + keyword.replace("_", "-")


_NAMES = "|".join(field.name for field in fields(ReadOptions))
_KEYWORD = re.compile(rf"\b({_NAMES})=(?!=)(?=([^\s,;:)])?)")  # and what its value begins with
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,.:-]*(?!\.?\w)")  # none that is a part of a name


def explain(error: VmDfWriterError) -> str:
    """Return the message of an error, with options where it names Python's keywords."""
    message = without_attributes(str(error))
    return name_options(message) if isinstance(error, FrameError) else message


def without_attributes(message: str) -> str:
    """Leave out where Python has the account, which the shell has seen.

    Examples
    --------
    >>> without_attributes("nothing listens (5 of 5 samples are not acknowledged: see .report)")
    'nothing listens (5 of 5 samples are not acknowledged)'
    """
    return message.replace(": see .report", "")


def name_options(message: str) -> str:
    """Name the options where a message names reading keywords.

    Examples
    --------
    >>> name_options("timestamps: integers do not say their unit; pass time_unit='s'")
    "timestamps: integers do not say their unit; pass --time-unit 's'"
    >>> name_options("leave some out with label_columns=, or name one with value_columns= or time=")
    'leave some out with --label-columns, or name one with --value-columns or --time'
    """
    return _KEYWORD.sub(lambda match: option_name(match[1]) + (" " if match[2] else ""), message)


class CleanCommand(click.Command):
    """A command whose errors are one message and an exit code, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except VmDfWriterError as error:
            click.echo(f"Error: {explain(error)}", err=True)
            ctx.exit(exit_code_of(error))
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(ExitCode.INTERRUPTED)


_subject: ContextVar[str] = ContextVar("_subject", default="")


@contextmanager
def about(file: str, files: Sequence[str]) -> Iterator[None]:
    """Name a file in the warnings and log records that come up meanwhile, if it is one of several.

    Not in those of other threads, which are about the server.
    """
    token = _subject.set(f"{file}: " if len(files) > 1 else "")
    try:
        yield
    finally:
        _subject.reset(token)


@contextmanager
def show_messages() -> Iterator[None]:
    """Show this library's warnings and log records as lines like ``warning: ...``.

    Those that differ by their numbers alone are shown once for each file: a job has many parts,
    and the report adds up.
    """
    logger, lines = logging.getLogger("vm_df_writer"), _Lines()
    logger.addHandler(lines)
    try:
        with capture_warnings(lambda warning: lines.show("warning", str(warning))):
            yield
    finally:
        logger.removeHandler(lines)


class _Lines(logging.Handler):
    """Writes lines to standard error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.show(record.levelname.lower(), record.getMessage())

    def show(self, level: str, message: str) -> None:
        kind = _subject.get() + _NUMBER.sub("#", message)
        if kind not in self._shown:
            self._shown.add(kind)
            click.echo(f"{level}: {_subject.get()}{message}", err=True)
