"""``vm-df-writer preview``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.options import FILE, open_config, reading_options, server_options
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.csv_cells import read_file
from vm_df_writer.writer import VmWriter

__all__ = ["preview"]


@click.command(cls=CleanCommand, short_help="Show how a file is read; nothing is sent.")
@click.argument("file", type=FILE)
@server_options
@reading_options
def preview(
    file: str,
    url: str | None,
    config_path: str | None,
    metric_format: Mapping[str, str],
    **reading: Any,
) -> None:
    """Show how FILE is read and what would be sent; neither --url nor --config is needed."""
    if config_path is None:
        url = url or "http://localhost:8428"  # nothing is sent there
    config = open_config(url, config_path, metric_format)
    frame = read_file(file, ReadOptions.of(**reading))
    with VmWriter(config=config) as writer:
        click.echo(writer.preview(frame, **reading))
