"""What is printed; a stream that takes nothing changes neither what was done nor the exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import click

from vm_df_writer.errors import ConfigError

__all__ = [
    "Verbosity",
    "is_quiet",
    "require_folder",
    "say",
    "say_json",
    "say_report",
    "send",
    "shown_progress",
    "verbosity",
]


@dataclass
class Verbosity:
    """How much is told on standard error, and how.

    Attributes
    ----------
    verbose : int
        0, 1 with ``-v``: also informational records; 2 with ``-vv``: everything.
    quiet : bool
        Errors alone.
    log_format : {"text", "json"}
        Whether each message is a line of JSON.
    """

    verbose: int = 0
    quiet: bool = False
    log_format: str = "text"


_current = Verbosity()


@contextmanager
def verbosity() -> Iterator[Verbosity]:
    """Give the verbosity of a command, for its options to change."""
    vars(_current).update(vars(Verbosity()))
    try:
        yield _current
    finally:
        vars(_current).update(vars(Verbosity()))


def is_quiet() -> bool:
    """Say whether only errors are shown."""
    return _current.quiet


def shown_progress(progress: bool | None) -> bool | Literal["auto"]:  # noqa: FBT001
    """Return what ``--progress`` means: none when quiet or among lines of JSON, unless it is given.

    Examples
    --------
    >>> shown_progress(None), shown_progress(True)
    ('auto', True)
    """
    if progress is None:
        return False if _current.quiet or _current.log_format == "json" else "auto"
    return progress


def require_folder(option: str, path: Path | None) -> None:
    """Refuse, before anything is done, a file in a folder that is not there.

    Raises
    ------
    ConfigError
        Names the option.
    """
    if path is not None and not path.absolute().parent.is_dir():
        raise ConfigError(f"{option}: {str(path)!r} is in a folder that is not there; make it")


def say(message: object, *, err: bool = False) -> None:
    """Print a message as a line, whatever has become of the stream.

    A stream may be closed, full or without a reader. Standard error then says so of standard
    output.
    """
    if err and _current.log_format == "json":
        message = _as_json_line(str(message))
    _echo(message, err=err)


def say_json(plain: Mapping[str, Any]) -> None:
    """Print plain values as one JSON object."""
    import orjson  # nothing of it to complete or to show help

    say(orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode())


def say_report(report: Any, *, as_json: bool) -> None:
    """Print a report, as a table or as one JSON object."""
    if as_json:
        say_json(report.to_dict())
    else:
        say(report)


def send(content: bytes) -> None:
    """Write bytes to standard output as they are, whatever has become of it."""
    _echo(content, is_line=False)


def _echo(message: object, *, err: bool = False, is_line: bool = True) -> None:
    try:
        click.echo(message, err=err, nl=is_line)
    except (OSError, ValueError) as error:  # of a closed stream a ValueError
        _give_up(sys.stderr if err else sys.stdout)
        if not err:
            reason = getattr(error, "strerror", None) or str(error)
            say(f"warning: standard output cannot be written to ({reason})", err=True)


def _as_json_line(text: str) -> str:
    level, _, message = text.partition(": ")
    if level.lower() not in ("error", "warning", "info", "debug"):
        level, message = "info", text
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": time, "level": level.lower(), "message": message})


def _give_up(stream: IO[str]) -> None:
    """Let what a stream still holds go nowhere; else Python fails at its end, with exit code 120.

    See docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
