"""The options of ``vm-df-writer demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.outcome_options import progress_option

__all__ = ["demo"]


@click.command(cls=CleanCommand)
@click.option("--url", help="Use this server; by default one is started, and stopped at the end.")
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Save a picture of what the server gives back; needs matplotlib.",
)
@click.option("--days", type=click.IntRange(2), default=7, show_default=True)
@click.option("--hosts", type=click.IntRange(1), default=36, show_default=True)
@progress_option("Show progress bars; by default in a terminal, for writes that take a second.")
def demo(**keywords: Any) -> None:
    """Write anomaly scores in wide and in long form, and read them back.

    Two metrics of some hosts are made up, one sample a minute with a daily season, and anomalies
    are put in. They are scored by a robust z-score, written and verified.
    """
    from vm_df_writer.cli.actions.demo import run

    run(**keywords)
