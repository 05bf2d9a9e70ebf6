"""``vm-df-writer replay``."""

from __future__ import annotations

from collections.abc import Mapping

import click
import orjson

from vm_df_writer.cli.messages import CleanCommand
from vm_df_writer.cli.options import open_config, server_options
from vm_df_writer.cli.output import say
from vm_df_writer.errors import DeliveryError, WriteInterrupted
from vm_df_writer.model.report import WriteReport
from vm_df_writer.writer import VmWriter

__all__ = ["replay"]


@click.command(cls=CleanCommand, short_help="Send what could not be delivered before.")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@server_options
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar; by default in a terminal, once a replay takes a second.",
)
def replay(
    folder: str,
    url: str | None,
    config_path: str | None,
    metric_format: Mapping[str, str],
    *,
    as_json: bool,
    progress: bool | None,
) -> None:
    """Send the samples that earlier writes left in DIR, the oldest first.

    A file is removed once the server has acknowledged it, so that this may be interrupted and run
    again. Files that are damaged, of another tenant or refused by the server stay, and so do those
    of which it would drop samples for their time or labels.
    """
    with VmWriter(config=open_config(url, config_path, metric_format)) as writer:
        try:
            report = writer.replay(folder, progress="auto" if progress is None else progress)
        except (DeliveryError, WriteInterrupted) as error:
            if error.report is not None:
                _show(error.report, as_json=as_json)
            raise
    _show(report, as_json=as_json)


def _show(report: WriteReport, *, as_json: bool) -> None:
    if as_json:
        say(orjson.dumps(report.to_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        say(report)
