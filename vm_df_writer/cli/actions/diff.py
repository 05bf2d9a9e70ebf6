"""``vm-df-writer diff``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from vm_df_writer.cli.each_file import Errors, compare_each, list_files, tell_errors
from vm_df_writer.cli.frame_output import FrameOutput, OutputFormat
from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import ExitCode, worst_of
from vm_df_writer.cli.output import say, say_json
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import describe_counts
from vm_df_writer.errors import ConfigError
from vm_df_writer.operations.queries.diff import diff_plan

__all__ = ["run"]

_MOST_SHOWN = 20
_WRONG = ("missing", "conflicting")

Differences = Mapping[str, pd.DataFrame]


def run(
    paths: Sequence[str],
    config: WriterConfig,
    *,
    output: Path | None,
    file_format: OutputFormat | None,
    as_json: bool,
    **input_options: Any,
) -> None:
    """Do what the command says, and exit."""
    gives_rows = output is not None or file_format is not None
    if as_json and gives_rows and output is None:
        raise ConfigError("--json: --format is given without --output; keep one of the two")
    target = FrameOutput.of(output, file_format, "csv", "parquet")
    inputs = InputFiles.of(**input_options)
    files = inputs.expand(paths)
    backend = Backend.of(config)
    with closing(backend.client):
        found, errors = compare_each(files, inputs, backend, lambda plan: diff_plan(plan, backend))
    if gives_rows and found:
        target.write_frame(_rows_of_all(found))
    if as_json:
        say_json(_as_plain(found, errors))
    else:
        # Beside rows on standard output the counts are messages.
        say(_as_text(found, with_rows=not gives_rows), err=gives_rows and output is None)
    code = tell_errors(files, found, errors)
    if any(_counts(rows).get(kind) for rows in found.values() for kind in _WRONG):
        code = worst_of([code, ExitCode.UNVERIFIED])
    sys.exit(code)


def _counts(rows: pd.DataFrame) -> dict[str, int]:
    counts = rows["difference"].value_counts(sort=False).to_dict()
    return {str(kind): int(count) for kind, count in counts.items() if count}


def _rows_of_all(found: Differences) -> pd.DataFrame:
    if len(found) == 1:
        return next(iter(found.values()))
    return pd.concat([rows.assign(file=file) for file, rows in found.items()], ignore_index=True)


def _as_text(found: Differences, *, with_rows: bool) -> str:
    width = max((len(shown_name(file)) for file in found), default=0)
    lines: list[str] = []
    for file, rows in found.items():
        told = f"{len(rows):,} samples differ: {describe_counts(_counts(rows))}"
        lines.append(f"{shown_name(file):<{width}}  {told if len(rows) else 'no difference'}")
        if with_rows and len(rows):
            table = rows.head(_MOST_SHOWN).to_string(
                index=False, na_rep="", float_format=lambda value: repr(float(value))
            )
            lines.append(table)
            if len(rows) > _MOST_SHOWN:
                lines.append(f"and {len(rows) - _MOST_SHOWN:,} more; --output FILE has all")
    return "\n".join(lines)


def _as_plain(found: Differences, errors: Errors) -> dict[str, Any]:
    total = dict(sum(map(Counter, map(_counts, found.values())), Counter()))
    plain = {"differences": total, "ok": not errors and not any(map(total.get, _WRONG))}
    return plain | {"files": list_files(found, errors, "differences", _counts)}
