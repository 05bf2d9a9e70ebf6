"""The options of ``vm-df-writer read``."""

from __future__ import annotations

from typing import Any, get_args

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.frame_options import reading_options
from vm_df_writer.cli.parameters.output_options import output_options
from vm_df_writer.cli.parameters.server_options import server_options
from vm_df_writer.config.read_options import FrameLayout

__all__ = ["read"]


@click.command(cls=CleanCommand)
@click.argument("selectors", metavar="SELECTOR...", nargs=-1, required=True)
@click.option("--start", metavar="TIME", help="The first time, such as 2026-01-31T12:00Z.")
@click.option("--end", metavar="TIME", help="The last time.")
@click.option(
    "--step",
    metavar="DURATION",
    help="In place of samples, what an expression gives at times so far apart, such as 5m, from "
    "--start to --end: then SELECTOR is one expression of MetricsQL.",
)
@click.option(
    "--layout",
    type=click.Choice(get_args(FrameLayout)),
    default="long",
    show_default=True,
    help="wide: a row for each time, a column for each series. long: columns of time and labels, "
    "and one for each variable. melted: a column of variables, and one of values.",
)
@output_options("csv", "parquet", "jsonl")
@server_options("server", "series")
@reading_options("duplicates", "naive_tz")
def read(**keywords: Any) -> None:
    """Get the exact samples of series from the server, such as '{__name__=~"vm_.*"}'.

    What is read as CSV or parquet, write takes again. The labels are those of the frame that was
    written: --metric-format is read backwards. JSON lines are those of /api/v1/import, with all
    labels and samples as they are stored, in whatever layout.
    """
    from vm_df_writer.cli.actions.read import run

    run(**keywords)
