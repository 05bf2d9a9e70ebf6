"""The options of ``vm-df-writer backfill``."""

from __future__ import annotations

from pathlib import Path
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
from vm_df_writer.config.write_options import DEFAULT_STATE

__all__ = ["backfill"]


def _positive(_: click.Context, __: click.Parameter, given: float | None) -> float | None:
    if given is not None and not given > 0:
        raise click.BadParameter(f"expected a number above 0, got {given:g}")
    return given


@click.command(cls=CleanCommand)
@paths_argument()
@click.option(
    "--state",
    default=DEFAULT_STATE,
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The state file, in which it is noted what has been sent.",
)
@click.option("--since", help="Write only samples from this time on, such as 2026-01-31T12:00Z.")
@click.option("--until", help="Write only samples before this time.")
@if_exists_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--rate-limit",
    type=float,
    callback=_positive,
    metavar="N",
    help="Most samples per second, over all workers.",
)
@click.option(
    "--max-bytes-per-second",
    type=float,
    callback=_positive,
    metavar="N",
    help="Most bytes per second on the wire, over all workers.",
)
@click.option("--newest-first", is_flag=True, help="Write the most recent data first.")
@verify_options("Read every part back and compare; also those sent before.")
@click.option("--retry-failed", is_flag=True, help="Try failed parts once more.")
@click.option("--restart", is_flag=True, help="Forget an earlier run and begin anew.")
@fail_on_drop_option
@click.option(
    "--reset-cache",
    is_flag=True,
    help="Make the server forget, in the end, the graphs that it computed before.",
)
@receipt_option("all that the job writes")
@click.option(
    "--dry-run",
    is_flag=True,
    help="Tell what would be sent, left out, replaced or refused, and how long it takes.",
)
@report_option
@json_option
@progress_option(
    "Show a progress bar, or else a line now and then; by default a bar in a terminal."
)
@server_options("server", "series", "delivery")
@reading_options()
@file_options
@metrics_options
def backfill(**keywords: Any) -> None:
    """Write files part by part, and go on where an earlier run ended.

    A PATH is a file, a folder, a quoted glob, or a URL if fsspec is installed: parquet, CSV and
    TSV (also .gz, .zst, .bz2 and .xz), Feather and Arrow. Run the same command again to go on:
    what has been sent is not sent again. A part that cannot be read fails, and the others go on.

    \b
    Exit codes:
      0    every part is sent (and verified, with --verify)
      1    something is not delivered, or is in the spool; run again
      2    refused: wrong options, changed files, or an unusable state file
      3    what was read back is not what was sent, or could not be read back
      4    some parts failed: see the report; then run with --retry-failed
      5    nothing given is stored; with --fail-on-drop: something is not
      130  interrupted by Ctrl-C, and saved; run again to go on
      143  ended by SIGTERM, and saved; run again to go on
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    from vm_df_writer.cli.actions.backfill import run

    run(**keywords)
