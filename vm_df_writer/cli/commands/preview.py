"""The options of ``vm-df-writer preview``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.frame_options import file_options, paths_argument, reading_options
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["preview"]


@click.command(cls=CleanCommand)
@paths_argument()
@server_options("server", "series", default_url="http://localhost:8428")
@reading_options()
@file_options
def preview(**keywords: Any) -> None:
    """Show how files are read and what would be sent; neither --url nor --config is needed.

    A PATH is as for write.
    """
    from vm_df_writer.cli.actions.preview import run

    run(**keywords)
