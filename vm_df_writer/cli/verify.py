"""``vm-df-writer verify``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

import click
import orjson

from vm_df_writer.cli.messages import (
    CleanCommand,
    ExitCode,
    about,
    exit_code_of,
    explain,
    worst_of,
)
from vm_df_writer.cli.options import FILE, open_config, reading_options, server_options
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.display.text import printable
from vm_df_writer.errors import DeliveryError, VerificationError, VmDfWriterError
from vm_df_writer.files.csv_cells import read_file
from vm_df_writer.model.verification import Verification
from vm_df_writer.writer import VmWriter

__all__ = ["verify"]


@click.command(cls=CleanCommand, short_help="Check earlier writes; nothing is sent.")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@server_options
@click.option(
    "--count",
    "count_only",
    is_flag=True,
    help="Compare the number of samples of each series, and read back those that differ.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@reading_options
def verify(
    files: Sequence[str],
    url: str | None,
    config_path: str | None,
    metric_format: Mapping[str, str],
    *,
    count_only: bool,
    as_json: bool,
    **reading: Any,
) -> None:
    """Check whether the server keeps what was written of files before; nothing is sent.

    Give the options of that write. A file that is wrong does not keep the others from being
    checked; a server that cannot be read does.
    """
    config = open_config(url, config_path, metric_format)
    how = ReadOptions.of(**reading)
    found: dict[str, Verification] = {}
    errors: dict[str, VmDfWriterError] = {}
    with VmWriter(config=config) as writer:
        for file in dict.fromkeys(files):
            try:
                with about(_name(file), files):
                    frame = read_file(file, how)
                    found[file] = writer.verify(frame, count_only=count_only, **reading)
            except VmDfWriterError as error:
                errors[file] = error
                if isinstance(error, VerificationError) and error.verification is not None:
                    found[file] = error.verification
                if isinstance(error, DeliveryError):
                    break
    if as_json:
        click.echo(_as_json(found, errors))
    elif found:
        click.echo(_as_text(found))
    for file, failure in errors.items():
        click.echo(f"Error: {_name(file)}: {explain(failure)}", err=True)
    left = [_name(file) for file in dict.fromkeys(files) if file not in {**found, **errors}]
    if left:
        click.echo(f"Not tried: {', '.join(left)}", err=True)
    sys.exit(worst_of([ExitCode.DELIVERED, *map(exit_code_of, errors.values())]))


def _name(file: str) -> str:
    return "standard input" if file == "-" else file


def _as_text(found: Mapping[str, Verification]) -> str:
    width = max((len(_name(file)) for file in found), default=0)
    return "\n".join(f"{_name(file):<{width}}  {counts}" for file, counts in found.items())


def _as_json(found: Mapping[str, Verification], errors: Mapping[str, VmDfWriterError]) -> str:
    total = reduce(add, found.values(), Verification())
    plain = total.to_dict() | {"ok": not errors}
    plain["files"] = [
        {
            "file": printable(file),
            "verification": found[file].to_dict() if file in found else None,
            "error": explain(errors[file]) if file in errors else None,
        }
        for file in {**found, **errors}
    ]
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()
