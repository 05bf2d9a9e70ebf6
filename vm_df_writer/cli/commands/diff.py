"""The options of ``vm-df-writer diff``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.frame_options import file_options, paths_argument, reading_options
from vm_df_writer.cli.parameters.outcome_options import json_option
from vm_df_writer.cli.parameters.output_options import output_options
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["diff"]


@click.command(cls=CleanCommand)
@paths_argument()
@output_options("csv", "parquet")
@json_option
@server_options("server", "series")
@reading_options()
@file_options
def diff(**keywords: Any) -> None:
    """Name each sample of which the server holds other than files say; nothing is sent.

    A PATH is as for write; give the options of that write, too. A sample is missing on the server;
    conflicting: there is another value at its time; copied: it is there once more; or foreign: at a
    time between the first and the last sample of its series in a file that is not of that file.
    The first ones are printed, with --output or --format all of them.

    \b
    Exit codes:
      0    nothing is missing and nothing conflicts
      1    the server does not answer
      2    a wrong option, configuration or file
      3    something is missing, or conflicts
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    from vm_df_writer.cli.actions.diff import run

    run(**keywords)
