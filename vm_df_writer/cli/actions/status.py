"""``vm-df-writer status``."""

from __future__ import annotations

import sys
from pathlib import Path

from vm_df_writer.cli.actions.backfill import exit_code_of_job, for_the_shell
from vm_df_writer.cli.output import say_report
from vm_df_writer.jobs import read_report

__all__ = ["run"]


def run(state: Path, *, as_json: bool) -> None:
    """Do what the command says, and exit."""
    report = for_the_shell(read_report(state))
    say_report(report, as_json=as_json)
    sys.exit(exit_code_of_job(report))
