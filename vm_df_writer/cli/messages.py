"""What goes to standard error: one clean line for each error, warning and log record."""

from __future__ import annotations

import logging
import re
import signal
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from enum import IntEnum
from functools import partial
from types import FrameType
from typing import Any, NoReturn

import click

from vm_df_writer.cli.option_names import explain, name_options
from vm_df_writer.cli.output import is_quiet, say, verbosity
from vm_df_writer.cli.parameters.option_groups import GroupedCommand, GroupedOption
from vm_df_writer.display.warn import capture_warnings
from vm_df_writer.errors import DeliveryError, VerificationError, VmDfWriterError
from vm_df_writer.warning_classes import VmDfWriterWarning

__all__ = [
    "CleanCommand",
    "CleanGroup",
    "ExitCode",
    "about",
    "exit_code_of",
    "interruption_code",
    "show_messages",
    "sigterm_as_interrupt",
    "worst_of",
]


class ExitCode(IntEnum):
    """What the shell is told."""

    DELIVERED = 0
    UNDELIVERED = 1
    REFUSED = 2
    UNVERIFIED = 3
    FAILED_PARTS = 4  # of a job alone
    DROPPED = 5
    INTERRUPTED = 130
    TERMINATED = 143


_WORST_FIRST = (
    ExitCode.TERMINATED,
    ExitCode.INTERRUPTED,
    ExitCode.UNDELIVERED,
    ExitCode.REFUSED,
    ExitCode.UNVERIFIED,
    ExitCode.DROPPED,
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
        report = error.report
        is_acknowledged = report is not None and bool(report.samples) and not report.undelivered
        return ExitCode.UNVERIFIED if is_acknowledged else ExitCode.UNDELIVERED
    return ExitCode.UNVERIFIED if isinstance(error, VerificationError) else ExitCode.REFUSED


_NUMBER = re.compile(r"(?<![\w.-])\d[\d,.:-]*(?!\.?\w)")  # none that is a part of a name


class CleanCommand(GroupedCommand):
    """A command whose errors are one message and an exit code, without a traceback."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params.extend(_message_options())

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        with _interrupts_shown(ctx):
            try:
                return super().invoke(ctx)
            except VmDfWriterError as error:
                say(f"Error: {explain(error)}", err=True)
                ctx.exit(exit_code_of(error))


class CleanGroup(click.Group):
    """Commands of which also an interrupt before and after them is told as one.

    click itself would end with 1, as if something were not delivered.
    """

    def main(self, *given: Any, **named: Any) -> NoReturn:
        """Run a command, and exit."""
        try:
            code = super().main(*given, **{**named, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):  # the latter of click's own steps
            say("Interrupted.", err=True)
            code = ExitCode.INTERRUPTED
        sys.exit(code or 0)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command."""
        with _interrupts_shown(ctx):
            return super().invoke(ctx)


@contextmanager
def _interrupts_shown(ctx: click.Context) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        code = interruption_code()
        say(f"{code.name.capitalize()}.", err=True)
        ctx.exit(code)


_SIGTERM = "vm_df_writer.cli.sigterm"


@contextmanager
def sigterm_as_interrupt(context: click.Context) -> Iterator[None]:
    """Have SIGTERM end a command as Ctrl-C does: what is undelivered is kept and reported."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    ignores_sigint = not callable(signal.getsignal(signal.SIGINT))

    def interrupt(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM or not ignores_sigint:
            signal.default_int_handler(number, frame)

    def terminate(number: int, frame: FrameType | None) -> None:
        context.meta[_SIGTERM] = True
        guard = signal.getsignal(signal.SIGINT)
        (guard if callable(guard) else interrupt)(number, frame)

    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, terminate)}
    if ignores_sigint:  # in the background of a script; what guards a write needs a handler
        before[signal.SIGINT] = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interruption_code() -> ExitCode:
    """Return what the shell is told of a KeyboardInterrupt: whether it came of SIGTERM."""
    is_terminated = click.get_current_context().meta.get(_SIGTERM, False)
    return ExitCode.TERMINATED if is_terminated else ExitCode.INTERRUPTED


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
    level_before = logger.level
    logger.addHandler(lines)
    try:
        with (
            verbosity() as chosen,
            capture_warnings(
                VmDfWriterWarning, lambda warning: lines.show("warning", str(warning))
            ),
        ):
            click.get_current_context().meta[_CHOSEN] = (chosen, lines)
            yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(level_before)


_CHOSEN = "vm_df_writer.cli.verbosity"


def _choose(context: click.Context, option: click.Parameter, value: object) -> None:
    if _CHOSEN not in context.meta or not value:
        return
    chosen, lines = context.meta[_CHOSEN]
    setattr(chosen, str(option.name), value)
    if chosen.verbose:
        level = logging.DEBUG if chosen.verbose > 1 else logging.INFO
        logging.getLogger("vm_df_writer").setLevel(level)
        lines.setLevel(level)


def _message_options() -> list[click.Option]:
    """Return what every command takes of its messages."""
    option = partial(
        GroupedOption,
        group="Messages (on standard error)",
        callback=_choose,
        expose_value=False,
        is_eager=True,
    )
    return [
        option(
            ["-v", "--verbose"], count=True, help="Show also what is done; -vv shows everything."
        ),
        option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Show errors alone, and no progress; the report is printed still.",
        ),
        option(
            ["--log-format"],
            type=click.Choice(["text", "json"]),
            envvar="VM_DF_WRITER_LOG_FORMAT",
            help="Show messages as text, or each as a line of JSON: time, level and message.",
        ),
    ]


class _Lines(logging.Handler):
    """Writes lines to standard error."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._shown: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.show(record.levelname.lower(), record.getMessage())

    def show(self, level: str, message: str) -> None:
        if is_quiet() and level in ("warning", "info", "debug"):
            return
        if level == "warning":
            message = name_options(message)
        kind = _subject.get() + _NUMBER.sub("#", message)
        if kind not in self._shown or self.level < logging.WARNING:
            self._shown.add(kind)
            say(f"{level}: {_subject.get()}{message}", err=True)
