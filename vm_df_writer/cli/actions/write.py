"""``vm-df-writer write``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from vm_df_writer.cli.file_results import FileResult, FileResults
from vm_df_writer.cli.input_files import InputFiles
from vm_df_writer.cli.messages import ExitCode, about, exit_code_of, interruption_code, worst_of
from vm_df_writer.cli.option_names import explain
from vm_df_writer.cli.output import require_folder, say, say_json, shown_progress
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.display.text import describe_counts
from vm_df_writer.errors import VmDfWriterError, WriteInterrupted
from vm_df_writer.jobs.options import require_parts_can_differ
from vm_df_writer.jobs.report_file import require_report_name, save_report
from vm_df_writer.metrics import WriterMetrics
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.existing.if_exists import IfExists
from vm_df_writer.operations.receipts.verify_receipt import check_receipt_choice, save_receipt
from vm_df_writer.operations.verify import VerifyChoice
from vm_df_writer.operations.write import write_plan

__all__ = ["run"]


def run(
    paths: Sequence[str],
    config: WriterConfig,
    *,
    metrics: WriterMetrics | None,
    if_exists: IfExists | None,
    verify: VerifyChoice,
    reset_cache: bool,
    receipt_path: Path | None,
    dry_run: bool,
    fail_on_drop: bool,
    report_paths: Sequence[Path],
    as_json: bool,
    progress: bool | None,
    **input_options: Any,
) -> None:
    """Do what the command says, and exit."""
    inputs = InputFiles.of(**input_options)
    if receipt_path is not None:  # what would keep it from being written
        check_receipt_choice(inputs.read_options.duplicates, if_exists)
        require_folder("--receipt", receipt_path)
    for report_path in report_paths:
        require_report_name(report_path)
    files = inputs.expand(paths)
    require_parts_can_differ(if_exists, keeps_all=inputs.keep_together(files))
    backend = Backend.of(config, observer=metrics)
    with closing(backend.client):
        repeated = inputs.find_repeats(files, backend)
        if if_exists == "fail" and len(files) > 1:  # none of them is sent before all are looked up
            if_exists = None
            inputs.require_none_exists(files, backend)

        def write_file(file: str) -> WriteReport:
            return write_plan(
                inputs.plan(file, backend, repeated),
                backend,
                if_exists=if_exists,
                verify=verify,
                reset_cache=reset_cache,
                receipt=receipt_path is not None,
                dry_run=dry_run,
                progress=shown_progress(progress),
                among_others=inputs.keep_together(files),
            )

        with OneInterrupt() as interrupt:
            results = FileResults(_write_files(files, write_file, interrupt))
            _save_receipt(results, None if dry_run else receipt_path)
            code = _tell(results, as_json=as_json, fail_on_drop=fail_on_drop)
            for report_path in report_paths:
                save_report(results, report_path)
    sys.exit(code)


def _tell(results: FileResults, *, as_json: bool, fail_on_drop: bool) -> ExitCode:
    """Print what became of the files, and return what the shell is told."""
    if as_json:
        say_json(results.to_dict())
    elif len(results.files) > 1 or results.files[0].report is not None:
        say(results)
    for result in results.files:
        if result.error is not None:
            say(f"Error: {result.name}: {result.error}", err=True)
    left = [result.name for result in results.files if result.exit_code is None]
    if left:
        say(f"Not tried: {', '.join(left)}", err=True)
    code = worst_of(result.exit_code for result in results.files)
    if code is ExitCode.DELIVERED and (
        lost := _describe_loss(results.merged, fail_on_drop=fail_on_drop)
    ):
        say(f"Error: {lost}", err=True)
        code = ExitCode.DROPPED
    return code


def _save_receipt(results: FileResults, path: Path | None) -> None:
    """Save the receipt of all files together, unless some of it is not delivered."""
    if path is None:
        return
    report, files = results.merged, results.files
    if report.undelivered or report.digests is None or any(r.exit_code is None for r in files):
        say("Error: --receipt: no receipt is kept of what is not delivered as a whole", err=True)
    else:
        save_receipt(report.receipt(), path)


def _describe_loss(report: WriteReport, *, fail_on_drop: bool) -> str | None:
    """Say what was left out, if the shell has to be told of it; not what the server has."""
    counts = dict(report.dropped)
    is_stored = report.samples or report.undelivered or counts.pop("exists", 0)
    counts.pop("exists", None)
    dropped = describe_counts(counts)
    if not is_stored:
        return f"nothing of what was given is stored (dropped: {dropped})"
    if fail_on_drop and any(counts.values()):
        return f"samples were left out, and --fail-on-drop is given (dropped: {dropped})"
    return None


_STOPPING = (ExitCode.INTERRUPTED, ExitCode.TERMINATED, ExitCode.UNDELIVERED)


def _write_files(
    files: Sequence[str], write_file: Callable[[str], WriteReport], interrupt: OneInterrupt
) -> list[FileResult]:
    """Write files; an interrupt that comes when one is written waits until that is told."""
    results: list[FileResult] = []
    for file in files:
        try:
            interrupt.resume()
            with about(FileResult(file).name, files):
                report = write_file(file)
            interrupt.postpone()
            code = ExitCode.UNDELIVERED if report.spooled else ExitCode.DELIVERED
            result = FileResult(file, code, report)
        except VmDfWriterError as error:
            result = FileResult(file, exit_code_of(error), error.report, explain(error))
        except KeyboardInterrupt as struck:
            code = interruption_code()
            account = struck.report if isinstance(struck, WriteInterrupted) else None
            result = FileResult(file, code, account, code.name.lower())
        results.append(result)
        stops = result.exit_code in _STOPPING
        if stops and not result.is_spooled:
            break
    return results + [FileResult(file) for file in files[len(results) :]]
