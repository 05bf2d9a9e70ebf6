"""The options of ``vm-df-writer schema``."""

from __future__ import annotations

import click

from vm_df_writer.cli.messages import CleanCommand

__all__ = ["schema"]


@click.command(cls=CleanCommand)
def schema() -> None:
    """Print the JSON schema of a configuration file, with which editors complete and check it.

    Save it as writer.schema.json, and begin the file with this line:

    \b
        # yaml-language-server: $schema=writer.schema.json
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    from vm_df_writer.cli.actions.schema import run

    run()
