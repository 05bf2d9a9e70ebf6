"""``vm-df-writer backfill``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.cli.option_names import explain, name_options
from vm_df_writer.cli.output import is_quiet, require_folder, say, say_report, shown_progress
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import DeliveryError, JobError
from vm_df_writer.jobs import (
    JobEstimate,
    JobOptions,
    JobReport,
    backfill,
    estimate,
    read_report,
    save_report,
)
from vm_df_writer.jobs.report_file import require_report_name
from vm_df_writer.jobs.state.outcome import JobOutcome
from vm_df_writer.metrics import WriterMetrics
from vm_df_writer.operations.receipts.verify_receipt import save_receipt
from vm_df_writer.writer import VmWriter

__all__ = ["exit_code_of_job", "for_the_shell", "run"]


_CODES: Mapping[JobOutcome, ExitCode] = {
    "done": ExitCode.DELIVERED,
    "undelivered": ExitCode.UNDELIVERED,
    "unverified": ExitCode.UNVERIFIED,
    "failed": ExitCode.FAILED_PARTS,
    "dropped": ExitCode.DROPPED,
    "refused": ExitCode.REFUSED,
    "interrupted": ExitCode.INTERRUPTED,
    "running": ExitCode.INTERRUPTED,
    "killed": ExitCode.INTERRUPTED,
}


def exit_code_of_job(report: JobReport) -> ExitCode:
    """Return what the shell is told of how a job ended."""
    if report.outcome == "interrupted" and report.reason == "SIGTERM":
        return ExitCode.TERMINATED
    return _CODES[report.outcome]


def _dry_exit_code(foreseen: JobEstimate, options: JobOptions) -> ExitCode:
    """Return what the shell would be told of the job, as far as that is foreseen."""
    if foreseen.refused is not None:
        return ExitCode.REFUSED
    if foreseen.unreadable:
        return ExitCode.FAILED_PARTS
    dropped = dict(foreseen.dropped)
    existing = dropped.pop("exists", 0)  # the server has these
    is_stored = foreseen.samples or foreseen.replaced or existing
    if not is_stored or (options.fail_on_drop and any(dropped.values())):
        return ExitCode.DROPPED
    return ExitCode.DELIVERED


def run(
    paths: Sequence[str],
    config: WriterConfig,
    *,
    metrics: WriterMetrics | None,
    state: Path,
    dry_run: bool,
    receipt_path: Path | None,
    report_paths: Sequence[Path],
    as_json: bool,
    progress: bool | None,
    **keywords: Any,
) -> None:
    """Do what the command says, and exit."""
    keywords["receipt"] = receipt_path is not None
    require_folder("--receipt", receipt_path)
    options = JobOptions(**{name: keywords.pop(name) for name in vars(JobOptions())})
    for report_path in report_paths:
        require_report_name(report_path)
    if dry_run:
        foreseen = estimate(paths, config, options=options, **keywords)
        reasons = {path: name_options(why) for path, why in foreseen.unreadable.items()}
        foreseen = replace(foreseen, unreadable=reasons)
        say_report(foreseen, as_json=as_json)
        sys.exit(_dry_exit_code(foreseen, options))
    try:
        report = backfill(
            paths,
            VmWriter(config=config, metrics=metrics) if metrics else config,
            state=state,
            options=options,
            progress=shown_progress(progress),
            say=_say,
            **keywords,
        )
    except DeliveryError as error:  # the server is not there to begin with
        say(f"Error: {explain(error)}", err=True)
        report = read_report(state)
    report = for_the_shell(report)
    say_report(report, as_json=as_json)
    for report_path in report_paths:
        save_report(report, report_path)
    if receipt_path is not None:
        _save_receipt(report, receipt_path)
    sys.exit(exit_code_of_job(report))


def _save_receipt(report: JobReport, path: Path) -> None:
    """Save the receipt of a job; one that is not finished has none, and exits with its own code."""
    try:
        receipt = report.receipt()
    except JobError as error:
        if report.ok:
            raise
        say(f"Error: --{error.message}", err=True)
    else:
        save_receipt(receipt, path)


def for_the_shell(report: JobReport) -> JobReport:
    """Return a report with options where the reasons of failures name reading keywords."""
    failures = [replace(f, reason=name_options(f.reason)) for f in report.failures]
    reason = report.reason and name_options(report.reason)
    return replace(report, failures=failures, reason=reason)


def _say(line: str) -> None:
    if is_quiet():
        return
    say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)
