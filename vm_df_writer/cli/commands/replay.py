"""The options of ``vm-df-writer replay``."""

from __future__ import annotations

from typing import Any

import click

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.parameters.metrics_options import metrics_options
from vm_df_writer.cli.parameters.outcome_options import json_option, progress_option
from vm_df_writer.cli.parameters.server_options import server_options

__all__ = ["replay"]


@click.command(cls=CleanCommand)
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@json_option
@progress_option("Show a progress bar; by default in a terminal, once a replay takes a second.")
@server_options("server", "delivery")
@metrics_options
def replay(**keywords: Any) -> None:
    """Send the samples that earlier writes left in DIR, the oldest first.

    A file is removed once the server has acknowledged it, so that this may be interrupted and run
    again. Files that are damaged, of another tenant or refused by the server stay, and so do those
    of which it would drop samples for their time or labels.
    """
    from vm_df_writer.cli.actions.replay import run

    run(**keywords)
