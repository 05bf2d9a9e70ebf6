"""The options of ``vm-df-writer write``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.frame_options import (
    file_options,
    if_exists_option,
    paths_argument,
    reading_options,
)
from vm_df_writer.cli.parameters.metrics_options import metrics_options
from vm_df_writer.cli.parameters.outcome_options import (
    fail_on_drop_option,
    json_option,
    progress_option,
    receipt_option,
    report_option,
    verify_options,
)
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["write"]


@click.command(cls=CleanCommand)
@paths_argument()
@if_exists_option
@verify_options()
@click.option(
    "--reset-cache",
    is_flag=True,
    help="Make the server forget the graphs that it computed before, which lack these samples.",
)
@receipt_option("what is written")
@click.option("--dry-run", is_flag=True, help="Do everything but send; exit as the write would.")
@fail_on_drop_option
@report_option
@json_option
@progress_option("Show a progress bar; by default in a terminal, once a write takes a second.")
@server_options("server", "series", "delivery")
@reading_options()
@file_options
@metrics_options
def write(**keywords: Any) -> None:
    """Write files to the server, and print what became of every sample.

    A PATH is a file, a folder, a quoted glob, or a URL if fsspec is installed: CSV and TSV (also
    .gz, .zst, .bz2 and .xz), parquet, Feather and Arrow; '-' is standard input. A file that is
    refused does not keep the others from being written; a server that fails does, unless there is
    a folder for what it does not take. Files with other values of the same series at the same times
    are refused before any is sent; a sample that a file before has too is left out as a duplicate.
    If nothing of what was given is stored, the exit code is 5.
    """
    from vm_df_writer.cli.actions.write import run

    run(**keywords)
