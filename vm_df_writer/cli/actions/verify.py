"""``vm-df-writer verify``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial, reduce
from operator import add
from typing import Any

import click

from vm_df_writer.cli.each_file import Errors, compare_each, list_files, tell_errors
from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.cli.output import say, say_json
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import ConfigError, VerificationError
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
    **input_options: Any,
) -> None:
    """Do what the command says, and exit."""
    if receipt_path is not None:
        if paths or count_only:
            raise ConfigError("--receipt: a PATH or --count is given too; keep one of the two")
        sys.exit(_verify_receipt(config, receipt_path, as_json=as_json))
    if not paths:
        raise click.UsageError("Missing argument 'PATH...', or --receipt FILE.")
    inputs = InputFiles.of(**input_options)
    files = inputs.expand(paths)
    backend = Backend.of(config)
    with closing(backend.client):
        verify = partial(
            verify_plan,
            backend=backend,
            count_only=count_only,
            accept_conflicting=inputs.keep_together(files),
        )
        found, errors = compare_each(files, inputs, backend, verify)
    _tell(found, errors, as_json=as_json)
    sys.exit(tell_errors(files, found, errors))


def _verify_receipt(config: WriterConfig, path: str, *, as_json: bool) -> ExitCode:
    backend = Backend.of(config)
    errors: Errors = {}
    with closing(backend.client):
        try:
            found = {path: verify_receipt(backend, path)}
        except VerificationError as error:
            found, errors = {path: error.verification or Verification()}, {path: error}
    _tell(found, errors, as_json=as_json)
    return tell_errors([path], found, errors)


def _tell(found: Mapping[str, Verification], errors: Errors, *, as_json: bool) -> None:
    if as_json:
        total = reduce(add, found.values(), Verification()).to_dict() | {"ok": not errors}
        files = list_files(found, errors, "verification", Verification.to_dict)
        say_json(total | {"files": files})
    elif found:
        width = max(len(shown_name(file)) for file in found)
        for file, counts in found.items():
            say(f"{shown_name(file):<{width}}  {counts}")
