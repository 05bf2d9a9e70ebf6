"""The options of ``vm-df-writer status``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.outcome_options import json_option
from vm_df_writer.config.write_options import DEFAULT_STATE

__all__ = ["status"]


@click.command(cls=CleanCommand)
@click.argument(
    "state", default=DEFAULT_STATE, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@json_option
def status(**keywords: Any) -> None:
    """Show what the backfill with the state file STATE has done, also while it runs.

    The exit code is that of its last run; 130 if that runs still, or was killed.
    """
    from vm_df_writer.cli.actions.status import run

    run(**keywords)
