"""The options of ``vm-df-writer check``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["check"]


@click.command(cls=CleanCommand)
@server_options("server")
def check(**keywords: Any) -> None:
    """Ask whether the server takes the credentials, and what it reports of itself.

    It reports its kind and version, what it stores, how bodies may be compressed, how its clock
    differs from ours, and whether we may read it and reset its cache. Nothing is stored. The exit
    code is 1 if it would not store what is written now.
    """
    from vm_df_writer.cli.actions.check import run

    run(**keywords)
