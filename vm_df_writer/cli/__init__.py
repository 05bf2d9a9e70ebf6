"""The command line: `vm-df-writer`, whose commands are declared in `commands`."""

from __future__ import annotations

import click

from vm_df_writer import __version__
from vm_df_writer.cli.messages import CleanGroup, show_messages, sigterm_as_interrupt
from vm_df_writer.cli.parameters.lazy_group import LazyGroup

__all__ = ["main"]

_COMMANDS = {
    "write": "Write files to the server.",
    "verify": "Check earlier writes; nothing is sent.",
    "diff": "Name each sample of which files and the server differ.",
    "preview": "Show how files are read; nothing is sent.",
    "read": "Get samples from the server, as CSV, parquet or JSON lines.",
    "replay": "Send what could not be delivered before.",
    "backfill": "Write months of files; go on after a break.",
    "status": "Show how far a backfill has come.",
    "check": "Ask the server what it is and what it stores.",
    "schema": "Print the JSON schema of a configuration file, for editors.",
    "demo": "Write scores of made-up metrics, and read them back.",
}


class Commands(LazyGroup, CleanGroup):
    """The commands, imported when they are called."""


@click.group(
    cls=Commands,
    lazy_commands=_COMMANDS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "VM_DF_WRITER",
    },
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
      3    what the server has is not what was sent
      5    nothing given is stored; with --fail-on-drop: something is not
      130  interrupted by Ctrl-C
      143  ended by SIGTERM
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    context.with_resource(show_messages())
    context.with_resource(sigterm_as_interrupt(context))
