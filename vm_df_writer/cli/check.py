"""``vm-df-writer check``."""

from __future__ import annotations

from collections.abc import Mapping

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.options import open_config, server_options
from vm_df_writer.writer import VmWriter

__all__ = ["check"]


@click.command(cls=CleanCommand, short_help="Ask whether the server is there.")
@server_options
def check(url: str | None, config_path: str | None, metric_format: Mapping[str, str]) -> None:
    """Ask whether the server is there and takes the credentials; nothing is stored."""
    with VmWriter(config=open_config(url, config_path, metric_format)) as writer:
        found = writer.check()
    click.echo(f"{found.import_url} is ready to be written to ({found.elapsed_s * 1000:.0f} ms)")
