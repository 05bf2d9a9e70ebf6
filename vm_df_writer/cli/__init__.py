"""The command line: `vm-df-writer`, with one module a command."""

from __future__ import annotations

import click

from vm_df_writer import __version__
from vm_df_writer.cli.backfill import backfill_command
from vm_df_writer.cli.check import check
from vm_df_writer.cli.demo import demo
from vm_df_writer.cli.messages import CleanGroup, show_messages, sigterm_as_interrupt
from vm_df_writer.cli.preview import preview
from vm_df_writer.cli.replay import replay
from vm_df_writer.cli.status import status
from vm_df_writer.cli.verify import verify
from vm_df_writer.cli.write import write

__all__ = ["main"]


@click.group(
    cls=CleanGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__)
@click.pass_context
def main(context: click.Context) -> None:
    """Write DataFrames of anomaly scores to VictoriaMetrics.

    \b
    Exit codes:
      0    everything is delivered (and verified, with --verify)
      1    something is not delivered, or the server does not answer
      2    a wrong option, configuration or file
      3    what was read back is not what was sent
      130  interrupted by Ctrl-C
      143  ended by SIGTERM
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    context.with_resource(show_messages())
    context.with_resource(sigterm_as_interrupt(context))


for _command in (write, verify, preview, replay, backfill_command, status, check, demo):
    main.add_command(_command)
