"""``vm-df-writer backfill``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any

import click
import orjson

from vm_df_writer.cli.messages import CleanCommand, explain, name_options
from vm_df_writer.cli.options import (
    file_options,
    if_exists_option,
    open_config,
    reading_options,
    server_options,
)
from vm_df_writer.cli.output import say
from vm_df_writer.errors import ConfigError, DeliveryError, JobError
from vm_df_writer.jobs import (
    JobEstimate,
    JobOptions,
    JobReport,
    backfill,
    estimate,
    read_report,
    save_report,
)
from vm_df_writer.jobs.backfill import DEFAULT_STATE
from vm_df_writer.jobs.report_file import require_report_name
from vm_df_writer.jobs.state.outcome import JobOutcome
from vm_df_writer.operations.receipts.verify_receipt import save_receipt

__all__ = ["JobExitCode", "backfill_command", "for_the_shell", "job_exit_code"]


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
    if foreseen.unreadable:
        return JobExitCode.FAILED_PARTS
    if not foreseen.samples or (options.fail_on_drop and any(foreseen.dropped.values())):
        return JobExitCode.DROPPED
    return JobExitCode.DONE


def _positive(_: click.Context, __: click.Parameter, given: float | None) -> float | None:
    if given is not None and not given > 0:
        raise click.BadParameter(f"expected a number above 0, got {given:g}")
    return given


@click.command(
    "backfill", cls=CleanCommand, short_help="Write months of files; go on after a break."
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@server_options
@click.option(
    "--state",
    default=DEFAULT_STATE,
    show_default=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The state file, in which it is noted what has been sent.",
)
@click.option("--since", help="Write only samples from this time on, such as 2026-01-31T12:00Z.")
@click.option("--until", help="Write only samples before this time.")
@if_exists_option
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--rate-limit",
    type=float,
    callback=_positive,
    metavar="N",
    help="Most samples per second, over all workers.",
)
@click.option(
    "--max-bytes-per-second",
    type=float,
    callback=_positive,
    metavar="N",
    help="Most bytes per second on the wire, over all workers.",
)
@click.option("--newest-first", is_flag=True, help="Write the most recent data first.")
@click.option(
    "--verify", is_flag=True, help="Read every part back and compare; also those sent before."
)
@click.option(
    "--verify-count",
    is_flag=True,
    help="Compare the number of samples of each series, and read back those that differ.",
)
@click.option(
    "--repair", is_flag=True, help="Verify, send what is missing once more, and verify again."
)
@click.option("--retry-failed", is_flag=True, help="Try failed parts once more.")
@click.option("--restart", is_flag=True, help="Forget an earlier run and begin anew.")
@click.option(
    "--fail-on-drop",
    is_flag=True,
    help="Exit with 5 if any sample is left out, for any reason but --if-exists=skip.",
)
@click.option(
    "--reset-cache",
    is_flag=True,
    help="Make the server forget, in the end, the graphs that it computed before.",
)
@click.option(
    "--spool-dir",
    type=click.Path(file_okay=False),
    help="Keep what cannot be delivered in this folder, for vm-df-writer replay.",
)
@click.option(
    "--receipt",
    "receipt_path",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep counts and digests of all that the job writes in this file, for 'verify --receipt'; "
    "compressed if its name ends with .gz.",
)
@click.option("--dry-run", is_flag=True, help="Tell what would be sent, and how long it takes.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report to this file, .json or .html.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option(
    "--progress/--no-progress",
    default=None,
    help="Show a progress bar, or else a line now and then; by default a bar in a terminal.",
)
@file_options
@reading_options
def backfill_command(
    paths: Sequence[str],
    url: str | None,
    config_path: str | None,
    metric_format: Mapping[str, str],
    *,
    state: Path,
    verify: bool,
    verify_count: bool,
    repair: bool,
    spool_dir: str | None,
    dry_run: bool,
    receipt_path: Path | None,
    report_path: Path | None,
    as_json: bool,
    progress: bool | None,
    **keywords: Any,
) -> None:
    """Write files part by part, and go on where an earlier run ended.

    A PATH is a file, a folder, a quoted glob, or a URL if fsspec is installed: parquet, CSV and
    TSV (also .gz, .zst, .bz2 and .xz), Feather and Arrow. Run the same command again to go on:
    what has been sent is not sent again. A part that cannot be read fails, and the others go on.

    \b
    Exit codes:
      0    every part is sent (and verified, with --verify)
      1    something is not delivered: the server failed, or some is in the spool; run again
      2    refused: wrong options, changed files, or the state file cannot be used
      3    what was read back is not what was sent, or could not be read back
      4    some parts failed: see the report; then run with --retry-failed
      5    nothing of what was given is stored; with --fail-on-drop: something is not
      130  interrupted by Ctrl-C, and saved; run again to go on
      143  ended by SIGTERM, and saved; run again to go on
    """  # noqa: D301 - \b is click's mark for lines that are not to be wrapped
    config = open_config(url, config_path, metric_format)
    if spool_dir is not None:
        config = config.model_copy(update={"spool_dir": spool_dir})
    keywords["verify"] = "repair" if repair else "count" if verify_count else verify
    keywords["receipt"] = receipt_path is not None
    if receipt_path is not None and not receipt_path.absolute().parent.is_dir():
        raise ConfigError(
            f"--receipt: {str(receipt_path)!r} is in a folder that is not there; make it"
        )
    options = JobOptions(**{name: keywords.pop(name) for name in vars(JobOptions())})
    if report_path is not None:
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
            config,
            state=state,
            options=options,
            progress="auto" if progress is None else progress,
            say=_say,
            **keywords,
        )
    except DeliveryError as error:  # the server is not there to begin with
        say(f"Error: {explain(error)}", err=True)
        report = read_report(state)
    report = for_the_shell(report)
    say(_as_json(report.to_dict()) if as_json else report)
    if report_path is not None:
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
    say(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}", err=True)
