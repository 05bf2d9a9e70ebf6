"""``vm-df-writer status``."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson

from vm_df_writer.cli.actions.backfill import for_the_shell, job_exit_code
from vm_df_writer.cli.output import say
from vm_df_writer.jobs import read_report

__all__ = ["run"]


def run(state: Path, *, as_json: bool) -> None:
    """Do what the command says, and exit."""
    report = for_the_shell(read_report(state))
    if as_json:
        say(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2))
    else:
        say(report)
    sys.exit(job_exit_code(report))
