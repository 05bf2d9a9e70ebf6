"""The options that several commands share: what becomes of samples, and how that is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from vm_df_writer.cli.parameters.option_groups import Command, with_options

__all__ = [
    "count_option",
    "fail_on_drop_option",
    "json_option",
    "progress_option",
    "receipt_option",
    "report_option",
    "verify_options",
]
Decorator = Callable[[Command], Command]

_COUNT = "Compare the number of samples of each series, and read back those that differ."


def verify_options(verify: str = "Read everything back and compare.") -> Decorator:
    """Add ``--verify`` with this text, ``--verify-count`` and ``--repair``.

    The command gets the choice as `verify`, in the words of `VmWriter.write`.
    """

    def add(command: Command) -> Command:
        @wraps(command)
        def with_choice(*given: Any, **keywords: Any) -> Any:
            repair, count, full = map(keywords.pop, ("repair", "verify_count", "verify"))
            choice = "repair" if repair else "count" if count else full
            return command(*given, verify=choice, **keywords)

        text = "Verify, send what is missing once more, and verify again."
        options = (
            click.option("--verify", is_flag=True, help=verify),
            click.option("--verify-count", is_flag=True, help=_COUNT),
            click.option("--repair", is_flag=True, help=text),
        )
        return with_options(with_choice, options)

    return add


count_option: Decorator = click.option("--count", "count_only", is_flag=True, help=_COUNT)

fail_on_drop_option: Decorator = click.option(
    "--fail-on-drop",
    is_flag=True,
    help="Exit with 5 if any sample is left out, for any reason but --if-exists=skip.",
)

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the report as one JSON object."
)


def progress_option(text: str) -> Decorator:
    """Add ``--progress`` and ``--no-progress`` with this text."""
    return click.option("--progress/--no-progress", default=None, help=text)


def receipt_option(what: str) -> Decorator:
    """Add ``--receipt``, the file for counts and digests of `what`."""
    return click.option(
        "--receipt",
        "receipt_path",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help=f"Keep counts and digests of {what} in this file, for 'verify --receipt'; compressed "
        "if its name ends with .gz.",
    )


report_option: Decorator = click.option(
    "--report",
    "report_paths",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Write the report to this file: .json, .html or .md. May be repeated.",
)
