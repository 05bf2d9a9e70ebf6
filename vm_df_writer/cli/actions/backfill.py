"""``vm-df-writer backfill``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import orjson

from vm_df_writer.cli.option_names import explain, name_options
from vm_df_writer.cli.output import is_quiet, require_folder, say, shown_progress
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

__all__ = ["JobExitCode", "for_the_shell", "job_exit_code", "run"]


class JobExitCode(IntEnum):
    """What the shell is told of a job; the first four are those of every command."""

    DONE = 0
    UNDELIVERED = 1
    REFUSED = 2
    UNVERIFIED = 3
    FAILED_PARTS = 4
    DROPPED = 5
    INTERRUPTED = 130
    TERMINATED = 143


_CODES: Mapping[JobOutcome, JobExitCode] = {
    "done": JobExitCode.DONE,
    "undelivered": JobExitCode.UNDELIVERED,
    "unverified": JobExitCode.UNVERIFIED,
    "failed": JobExitCode.FAILED_PARTS,
    "dropped": JobExitCode.DROPPED,
    "refused": JobExitCode.REFUSED,
    "interrupted": JobExitCode.INTERRUPTED,
    "running": JobExitCode.INTERRUPTED,
    "killed": JobExitCode.INTERRUPTED,
}


def job_exit_code(report: JobReport) -> JobExitCode:
    """Return what the shell is told of how a job ended."""
    if report.outcome == "interrupted" and report.reason == "SIGTERM":
        return JobExitCode.TERMINATED
    return _CODES[report.outcome]


def _dry_exit_code(foreseen: JobEstimate, options: JobOptions) -> JobExitCode:
    """Return what the shell would be told of the job, as far as that is foreseen."""
    if foreseen.refused is not None:
        return JobExitCode.REFUSED
    if foreseen.unreadable:
        return JobExitCode.FAILED_PARTS
    dropped = dict(foreseen.dropped)
    existing = dropped.pop("exists", 0)  # the server has these
    is_stored = foreseen.samples or foreseen.replaced or existing
    if not is_stored or (options.fail_on_drop and any(dropped.values())):
        return JobExitCode.DROPPED
    return JobExitCode.DONE


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
        say(_as_json(foreseen.to_dict()) if as_json else foreseen)
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
    say(_as_json(report.to_dict()) if as_json else report)
    for report_path in report_paths:
        save_report(report, report_path)
    if receipt_path is not None:
        _save_receipt(report, receipt_path)
    sys.exit(job_exit_code(report))


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


def _as_json(plain: Mapping[str, Any]) -> str:
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode()


def _say(line: str) -> None:
    if is_quiet():
        return
    say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)
