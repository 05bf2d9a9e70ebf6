"""``vm-df-writer verify``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import reduce
from operator import add
from typing import Unpack

import click
import orjson

from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import ExitCode, about, exit_code_of, worst_of
from vm_df_writer.cli.option_names import explain
from vm_df_writer.cli.output import say
from vm_df_writer.config.read_options import ReadingKeywords
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import printable
from vm_df_writer.errors import ConfigError, DeliveryError, VerificationError, VmDfWriterError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.receipts.verify_receipt import verify_receipt
from vm_df_writer.operations.verify import verify_plan

__all__ = ["run"]


def run(
    paths: Sequence[str],
    config: WriterConfig,
    *,
    count_only: bool,
    receipt_path: str | None,
    as_json: bool,
    file_options: FileOptions,
    hive: bool,
    file_labels: Sequence[str],
    **reading: Unpack[ReadingKeywords],
) -> None:
    """Do what the command says, and exit."""
    if receipt_path is not None:
        if paths or count_only:
            raise ConfigError("--receipt: a PATH or --count is given too; keep one of the two")
        sys.exit(_verify_receipt(config, receipt_path, as_json=as_json))
    if not paths:
        raise click.UsageError("Missing argument 'PATH...', or --receipt FILE.")
    inputs = InputFiles(reading, file_options, hive, file_labels)
    files = inputs.expand(paths)
    backend = Backend.of(config)
    with closing(backend.client):
        found, errors = _verify_files(files, inputs, backend, count_only=count_only)
    if as_json:
        say(_as_json(found, errors))
    elif found:
        say(_as_text(found))
    for file, failure in errors.items():
        say(f"Error: {shown_name(file)}: {explain(failure)}", err=True)
    left = [shown_name(file) for file in files if file not in {**found, **errors}]
    if left:
        say(f"Not tried: {', '.join(left)}", err=True)
    sys.exit(worst_of([ExitCode.DELIVERED, *map(exit_code_of, errors.values())]))


def _verify_files(
    files: Sequence[str], inputs: InputFiles, backend: Backend, *, count_only: bool
) -> tuple[dict[str, Verification], dict[str, VmDfWriterError]]:
    """Return what was found of files, and the errors; the first that the server makes ends it."""
    found: dict[str, Verification] = {}
    errors: dict[str, VmDfWriterError] = {}
    repeated = inputs.find_repeats(files, backend)
    for file in files:
        try:
            with about(shown_name(file), files):
                found[file] = verify_plan(
                    inputs.plan(file, backend, repeated),
                    backend,
                    count_only=count_only,
                    accept_conflicting=inputs.keep_together(files),
                )
        except VmDfWriterError as error:
            errors[file] = error
            if isinstance(error, VerificationError) and error.verification is not None:
                found[file] = error.verification
            if isinstance(error, DeliveryError):
                break
    return found, errors


def _verify_receipt(config: WriterConfig, path: str, *, as_json: bool) -> ExitCode:
    backend = Backend.of(config)
    errors: dict[str, VmDfWriterError] = {}
    with closing(backend.client):
        try:
            found = verify_receipt(backend, path)
        except VerificationError as error:
            found, errors = error.verification or Verification(), {path: error}
    say(_as_json({path: found}, errors) if as_json else _as_text({path: found}))
    for failure in errors.values():
        say(f"Error: {shown_name(path)}: {explain(failure)}", err=True)
    return worst_of([ExitCode.DELIVERED, *map(exit_code_of, errors.values())])


def _as_text(found: Mapping[str, Verification]) -> str:
    width = max((len(shown_name(file)) for file in found), default=0)
    return "\n".join(f"{shown_name(file):<{width}}  {counts}" for file, counts in found.items())


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
