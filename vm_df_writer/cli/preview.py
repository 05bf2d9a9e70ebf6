"""``vm-df-writer preview``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import click

from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import CleanCommand, about
from vm_df_writer.cli.options import file_options, open_config, reading_options, server_options
from vm_df_writer.cli.output import say
from vm_df_writer.config.read_options import ReadingKeywords
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.writer import VmWriter

__all__ = ["preview"]


@click.command(cls=CleanCommand, short_help="Show how files are read; nothing is sent.")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@server_options
@file_options
@reading_options
def preview(
    paths: Sequence[str],
    url: str | None,
    config_path: str | None,
    metric_format: Mapping[str, str],
    *,
    file_options: FileOptions,
    hive: bool,
    file_labels: Sequence[str],
    **reading: Unpack[ReadingKeywords],
) -> None:
    """Show how files are read and what would be sent; neither --url nor --config is needed.

    A PATH is as for write.
    """
    if config_path is None:
        url = url or "http://localhost:8428"  # nothing is sent there
    config = open_config(url, config_path, metric_format)
    inputs = InputFiles(reading, file_options, hive, file_labels)
    files = inputs.expand(paths)
    with VmWriter(config=config) as writer:
        for file in files:
            with about(shown_name(file), files):
                shown = writer.preview(inputs.read(file), **inputs.keywords(file))
            say(f"{shown_name(file)}:\n{shown}\n" if len(files) > 1 else shown)
