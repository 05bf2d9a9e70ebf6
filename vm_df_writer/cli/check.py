"""``vm-df-writer check``."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from vm_df_writer.cli.messages import CleanCommand, ExitCode
from vm_df_writer.cli.options import open_config, server_options
from vm_df_writer.cli.output import say
from vm_df_writer.writer import VmWriter

__all__ = ["check"]


@click.command(cls=CleanCommand, short_help="Ask the server what it is and what it stores.")
@server_options
def check(url: str | None, config_path: str | None, metric_format: Mapping[str, str]) -> None:
    """Ask whether the server takes the credentials, and what it reports of itself.

    It reports its kind and version, what it stores, how bodies may be compressed, how its clock
    differs from ours, and whether we may read it and reset its cache. Nothing is stored. The exit
    code is 1 if it would not store what is written now.
    """
    with VmWriter(config=open_config(url, config_path, metric_format)) as writer:
        found = writer.check()
    say(found)
    sys.exit(ExitCode.UNDELIVERED if found.refusal else ExitCode.DELIVERED)
