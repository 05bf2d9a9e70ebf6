"""The options for frames that a command gives out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from vm_df_writer.cli.parameters.option_groups import Command, with_options

__all__ = ["output_options"]


def output_options(*formats: str) -> Callable[[Command], Command]:
    """Add ``--output`` and ``--format``; the command gets them as `output` and `file_format`."""
    options = (
        click.option(
            "--output",
            "-o",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help=f"Write to this file: .{', .'.join(formats)}, and text also with .gz. By default "
            "to standard output.",
        ),
        click.option(
            "--format",
            "file_format",
            type=click.Choice(formats),
            help="What it is written as; by default what the name of the file says, or csv.",
        ),
    )
    return partial(with_options, options=options)
