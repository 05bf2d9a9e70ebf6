"""The options for frames that a command gives out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

__all__ = ["output_options"]

Command = Callable[..., Any]


def output_options(*formats: str) -> Callable[[Command], Command]:
    """Add ``--output`` and ``--format``; the command gets them as `output` and `file_format`."""

    def add(command: Command) -> Command:
        for option in (
            click.option(
                "--format",
                "file_format",
                type=click.Choice(formats),
                help="What it is written as; by default what the name of the file says, or csv.",
            ),
            click.option(
                "--output",
                "-o",
                type=click.Path(dir_okay=False, path_type=Path),
                metavar="FILE",
                help=f"Write to this file: .{', .'.join(formats)}, and text also with .gz. By "
                "default to standard output.",
            ),
        ):
            command = option(command)
        return command

    return add
