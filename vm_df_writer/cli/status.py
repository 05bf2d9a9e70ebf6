"""``vm-df-writer status``."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import orjson

from vm_df_writer.cli.backfill import for_the_shell, job_exit_code
from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.output import say
from vm_df_writer.jobs import read_report
from vm_df_writer.jobs.backfill import DEFAULT_STATE

__all__ = ["status"]


@click.command(cls=CleanCommand, short_help="Show how far a backfill has come.")
@click.argument(
    "state", default=DEFAULT_STATE, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def status(state: Path, *, as_json: bool) -> None:
    """Show what the backfill with the state file STATE has done, also while it runs.

    The exit code is that of its last run; 130 if that runs still, or was killed.
    """
    report = for_the_shell(read_report(state))
    if as_json:
        say(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
    else:
        say(report)
    sys.exit(job_exit_code(report))
