"""The options of ``vm-df-writer verify``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.frame_options import file_options, paths_argument, reading_options
from vm_df_writer.cli.parameters.outcome_options import count_option, json_option
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["verify"]


@click.command(cls=CleanCommand)
@paths_argument(required=False)
@count_option
@click.option(
    "--receipt",
    "receipt_path",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Check what this file tells of, which write --receipt made, in place of a PATH.",
)
@json_option
@server_options("server", "series")
@reading_options()
@file_options
def verify(**keywords: Any) -> None:
    """Check whether the server keeps what was written of files before; nothing is sent.

    A PATH is a file, a folder, a quoted glob, or a URL if fsspec is installed; '-' is standard
    input.

    Give the options and the files of that write; a sample that two files have counts once. A file
    that is wrong does not keep the others from being checked; a server that cannot be read does.
    With --receipt no file of that write is needed.
    """
    from vm_df_writer.cli.actions.verify import run

    run(**keywords)
