"""Commands that are imported when they are called: ``--version`` and TAB load no pandas."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from vm_df_writer.cli.parameters.completion import stand_in

__all__ = ["LazyGroup"]


class LazyGroup(click.Group):
    """A group that knows the names of its commands, and a line of help for each.

    Parameters
    ----------
    lazy_commands : mapping of str to str
        For each command its line; it is the attribute of its name in ``commands``' module of
        its name.
    """

    def __init__(self, *given: Any, lazy_commands: Mapping[str, str], **named: Any) -> None:
        super().__init__(*given, **named)
        self.lazy_commands = lazy_commands

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, in the order of the help."""
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; for TAB return what stands for it."""
        if cmd_name not in self.lazy_commands:
            return None
        if ctx.resilient_parsing:
            return stand_in(cmd_name)
        module = import_module(f"vm_df_writer.cli.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write a line for each command, without importing it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lazy_commands.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the name of a command, without importing any."""
        names = [
            CompletionItem(name, help=line)
            for name, line in self.lazy_commands.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]
