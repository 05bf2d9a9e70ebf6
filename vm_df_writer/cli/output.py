"""What is printed; a stream that takes nothing changes neither what was done nor the exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import IO

import click

__all__ = ["say"]


def say(message: object, *, err: bool = False) -> None:
    """Print a message as a line, whatever has become of the stream.

    A stream may be closed, full or without a reader. Standard error then says so of standard
    output.
    """
    try:
        click.echo(message, err=err)
    except (OSError, ValueError) as error:  # of a closed stream a ValueError
        _give_up(sys.stderr if err else sys.stdout)
        if not err:
            reason = getattr(error, "strerror", None) or str(error)
            say(f"warning: standard output cannot be written to ({reason})", err=True)


def _give_up(stream: IO[str]) -> None:
    """Let what a stream still holds go nowhere; else Python fails at its end, with exit code 120.

    See docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    with suppress(OSError, ValueError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
