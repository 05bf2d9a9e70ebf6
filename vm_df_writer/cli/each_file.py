"""Files that a command compares with the server one by one, and what it tells of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vm_df_writer.cli.input_files import InputFiles, shown_name
from vm_df_writer.cli.messages import ExitCode, about, exit_code_of, worst_of
from vm_df_writer.cli.option_names import explain
from vm_df_writer.cli.output import say
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import printable
from vm_df_writer.errors import DeliveryError, VerificationError, VmDfWriterError
from vm_df_writer.operations.send_plan import SendPlan

__all__ = ["Errors", "compare_each", "list_files", "tell_errors"]

Errors = Mapping[str, VmDfWriterError]


def compare_each(
    files: Sequence[str],
    inputs: InputFiles,
    backend: Backend,
    compare: Callable[[SendPlan], Any],
) -> tuple[dict[str, Any], Errors]:
    """Return what was found of files, and the errors; the first that the server makes ends it."""
    found: dict[str, Any] = {}
    errors: dict[str, VmDfWriterError] = {}
    repeated = inputs.find_repeats(files, backend)
    for file in files:
        try:
            with about(shown_name(file), files):
                found[file] = compare(inputs.plan(file, backend, repeated))
        except VmDfWriterError as error:
            errors[file] = error
            if isinstance(error, VerificationError) and error.verification is not None:
                found[file] = error.verification
            if isinstance(error, DeliveryError):
                break
    return found, errors


def list_files(
    found: Mapping[str, Any], errors: Errors, name: str, plain: Callable[[Any], object]
) -> list[dict[str, object]]:
    """Return what was found of each file and its error, ready for JSON."""
    return [
        {
            "file": printable(file),
            name: plain(found[file]) if file in found else None,
            "error": explain(errors[file]) if file in errors else None,
        }
        for file in {**found, **errors}
    ]


def tell_errors(files: Sequence[str], found: Mapping[str, Any], errors: Errors) -> ExitCode:
    """Print the errors, and which files were not tried; return what the shell is told of that."""
    for file, error in errors.items():
        say(f"Error: {shown_name(file)}: {explain(error)}", err=True)
    left = [shown_name(file) for file in files if file not in {**found, **errors}]
    if left:
        say(f"Not tried: {', '.join(left)}", err=True)
    return worst_of([ExitCode.DELIVERED, *map(exit_code_of, errors.values())])
