"""Options in groups, as ``--help`` shows them.

Four overrides of click's documented hooks: a library for it (cloup, click-option-group) would be
one more dependency of every user, and one more import before each completion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import click

__all__ = ["Command", "GroupedCommand", "GroupedOption", "grouped_option", "with_options"]

Command = Callable[..., Any]

_OWN_GROUP = "Options"


class GroupedOption(click.Option):
    """An option that ``--help`` shows below a heading."""

    def __init__(self, *names: Any, group: str = _OWN_GROUP, **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.group = group


def grouped_option(group: str, *names: str, **settings: Any) -> Callable[[Any], Any]:
    """Add an option below a heading, as :func:`click.option` does without one."""
    return click.option(*names, cls=GroupedOption, group=group, **settings)


def with_options(command: Command, options: Sequence[Callable[[Command], Command]]) -> Command:
    """Add options to a command, which its help shows in this order."""
    for option in reversed(options):
        command = option(command)
    return command


class GroupedCommand(click.Command):
    """A command whose ``--help`` has a heading for each group of options, its own first.

    Examples
    --------
    >>> @click.command(cls=GroupedCommand)
    ... @click.option("--dry-run", is_flag=True)
    ... @grouped_option("Server", "--url")
    ... def send(**options): ...
    >>> with click.Context(send) as context:
    ...     help = send.get_help(context)
    >>> [line.strip() for line in help.splitlines() if line.endswith(":")]
    ['Options:', 'Server:']
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        groups: dict[str, list[tuple[str, str]]] = {_OWN_GROUP: []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if isinstance(param, click.Option) and record is not None:
                groups.setdefault(getattr(param, "group", _OWN_GROUP), []).append(record)
        for heading, records in groups.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
