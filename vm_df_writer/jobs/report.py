"""JobReport: what a job has done, as its state file says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from os.path import commonprefix
from pathlib import Path
from typing import Any

from vm_df_writer.display.html import facts_table
from vm_df_writer.display.text import describe_counts, describe_seconds, format_utc
from vm_df_writer.jobs.state.file_summary import FileSummary, sum_up_files, time_range
from vm_df_writer.jobs.state.job_receipt import read_receipt
from vm_df_writer.jobs.state.outcome import JobOutcome
from vm_df_writer.jobs.state.records import PartRecord, PartState, read_records, readable
from vm_df_writer.jobs.state.sqlite_file import is_claimed, one_name, read_only
from vm_df_writer.model.receipt import Receipt

__all__ = ["Failure", "JobReport", "read_report"]

_SHOWN_FAILURES = 20
_SHOWN_FILES = 1000
_SUMMED = ("samples", "undelivered", "bytes_raw", "bytes_sent", "requests", "retries", "in_doubt")
_VERIFIED = ("missing", "mismatched")
_NO_RUN = (0.0, 0.0, None, None, None, 0, 0)
_TOLD = (PartState.PENDING, PartState.SENT, PartState.FAILED, PartState.SPOOLED)
_INTERRUPTED = "was being sent when the job was {}; all of it will be sent again"


@dataclass(frozen=True)
class Failure:
    """A part that the report names: it failed, or something of it is still to be done."""

    path: str
    number: int
    state: PartState
    reason: str

    def __str__(self) -> str:
        """Return one line: which part, and what became of it."""
        return f"{self.path}, part {self.number}: {self.state}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class JobReport:
    """What a job has done so far, over all its runs.

    Attributes
    ----------
    state_path : str
        The state file.
    outcome : str
        How the last run ended: ``done``; ``dropped``: every part is done, and none of its samples
        is stored, or some were left out with `fail_on_drop`; ``failed`` or ``unverified``, as
        some parts are;
        ``undelivered``: the server could not be written to; ``refused``: the job cannot be run
        with these options, files or state; ``interrupted`` by a signal, and saved. A run that has
        not ended is ``running`` or was ``killed``.
    reason : str or None
        Why, unless a part was the reason.
    parts : mapping of str to int
        How many parts there are in each state.
    rows, rows_left : int
        Rows of all parts, and of those that are pending.
    samples : int
        Samples that the server acknowledged, whatever became of their parts: also of those that
        failed or were interrupted. A part that was tried more than once counts with the attempt
        that came furthest.
    dropped, adjusted : mapping of str to int
        As in a WriteReport, of the same attempts.
    undelivered : int
        Samples that were not acknowledged in these attempts.
    bytes_raw, bytes_sent, requests, retries, in_doubt : int
        As in a WriteReport.
    repeated : int
        Samples of parts that were sent again after an interruption: the server may hold these
        twice.
    missing, mismatched : int
        Samples that were not read back as they were sent.
    first_ms, last_ms : int or None
        Epoch milliseconds of the first and last sample.
    elapsed_s : float
        Wall time of the last run in seconds.
    run_rows, run_samples : int
        What the last run finished.
    files : sequence of FileSummary
        What has become of the parts of each file.
    failures : sequence of Failure
        The parts that failed, that are spooled, that were interrupted while they were sent, or
        that could not be verified.
    cache_reset : bool or None
        Whether the server forgot its cached query results; None if that was not asked for.
    """

    state_path: str
    outcome: JobOutcome
    reason: str | None = None
    parts: Mapping[str, int]
    rows: int
    rows_left: int
    samples: int
    dropped: Mapping[str, int]
    adjusted: Mapping[str, int]
    undelivered: int
    bytes_raw: int
    bytes_sent: int
    requests: int
    retries: int
    in_doubt: int
    repeated: int
    missing: int
    mismatched: int
    first_ms: int | None
    last_ms: int | None
    elapsed_s: float
    run_rows: int
    run_samples: int
    files: Sequence[FileSummary] = field(repr=False)
    failures: Sequence[Failure] = field(repr=False)
    cache_reset: bool | None = None

    @property
    def ok(self) -> bool:
        """True if every part is sent, verified or was skipped on purpose."""
        return self.outcome == "done"

    @property
    def samples_per_s(self) -> float:
        """Samples per second of the last run."""
        return self.run_samples / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest would take at the rate of the last run; None if that is unknown."""
        if not self.rows_left:
            return 0.0
        return self.rows_left * self.elapsed_s / self.run_rows if self.run_rows else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        plain = dict(vars(self))
        plain["failures"] = [vars(failure) for failure in self.failures]
        plain["files"] = [{**vars(file), "parts": dict(file.parts)} for file in self.files]
        for name in ("parts", "dropped", "adjusted"):
            plain[name] = dict(plain[name])
        plain |= {"ok": self.ok, "samples_per_s": self.samples_per_s}
        plain["seconds_left"] = self.seconds_left
        return plain

    def receipt(self) -> Receipt:
        """Return what the job has written: see :func:`~vm_df_writer.jobs.read_receipt`."""
        return read_receipt(self.state_path)

    def _facts(self) -> dict[str, object]:
        facts: dict[str, object] = {
            "state file": self.state_path,
            "outcome": self.outcome + (f": {self.reason}" if self.reason else ""),
            "parts": describe_counts(self.parts),
            "rows": f"{self.rows:,}, {self.rows_left:,} of them left",
            "samples acknowledged": f"{self.samples:,}",
            "dropped": describe_counts(self.dropped),
            "adjusted": describe_counts(self.adjusted),
            "time range": f"{format_utc(self.first_ms)} to {format_utc(self.last_ms)}",
            "requests": f"{self.requests:,} ({self.retries:,} retries, {self.in_doubt:,} in doubt)",
            "bytes": f"{self.bytes_raw:,} raw, {self.bytes_sent:,} sent",
            "last run": (
                f"{self.run_samples:,} samples in {self.elapsed_s:.1f} s, "
                f"{self.samples_per_s:,.0f} samples/s"
            ),
        }
        if self.repeated:
            facts["sent again"] = f"{self.repeated:,} samples: the server may hold them twice"
        if self.missing or self.mismatched:
            facts["read back"] = f"{self.missing:,} missing, {self.mismatched:,} mismatched"
        if self.rows_left and self.seconds_left is not None:
            facts["time left"] = describe_seconds(self.seconds_left)
        if self.cache_reset is not None:
            facts["query cache"] = "reset" if self.cache_reset else "NOT reset: see the warning"
        return facts

    def _failure_lines(self) -> list[str]:
        lines = [str(failure) for failure in self.failures[:_SHOWN_FAILURES]]
        more = len(self.failures) - len(lines)
        return [*lines, f"and {more:,} more"] if more > 0 else lines

    def _file_lines(self) -> dict[str, str]:
        shared = commonprefix([file.path for file in self.files])  # noqa: RUF071 - URLs, too
        in_common = shared.rfind("/") + 1
        lines = {file.path[in_common:]: str(file) for file in self.files[:_SHOWN_FILES]}
        more = len(self.files) - len(lines)
        return lines | ({"...": f"and {more:,} more"} if more > 0 else {})

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return (
            f"<JobReport: {self.outcome}, parts: {describe_counts(self.parts)}, "
            f"{self.samples:,} samples acknowledged, {self.rows_left:,} rows left>"
        )

    def __str__(self) -> str:
        """Return a table of plain text, and what failed."""
        facts = "\n".join(f"{name:<21} {value}" for name, value in self._facts().items())
        return "\n".join([facts, *self._failure_lines()])

    def _repr_html_(self) -> str:
        failures = {str(number): str(failure) for number, failure in enumerate(self.failures, 1)}
        tables = {"parts that are not all right": failures, "files": self._file_lines()}
        return facts_table("vm_df_writer: backfill", self._facts()) + "".join(
            facts_table(title, lines) for title, lines in tables.items() if lines
        )


def read_report(path: str | Path, *, cache_reset: bool | None = None) -> JobReport:
    """Read what a job has done from its state file, also while it runs.

    Raises
    ------
    StateError
        If there is no such file, or no job has made it.
    """
    file = one_name(Path(path))
    alive = is_claimed(file)
    with closing(read_only(file)) as connection, readable(file):
        records = read_records(connection)
        run = connection.execute(
            "SELECT started, seen, ended, outcome, reason, rows, samples FROM run "
            "ORDER BY id DESC LIMIT 1"
        ).fetchone()
        report = _sum_up(str(path), records, run or _NO_RUN)
    alive |= is_claimed(file)  # the job may have begun or ended during the read
    if report.outcome == "running" and not alive:
        report = replace(report, outcome="killed")
    if report.outcome in ("killed", "interrupted"):  # a second Ctrl-C waits for no part
        reason = _INTERRUPTED.format(report.outcome)
        interrupted = [
            Failure(record.path, record.part.number, record.state, reason)
            for record in records
            if record.state is PartState.PENDING and record.attempts and record.reason is None
        ]
        report = replace(report, failures=[*report.failures, *interrupted])
    return replace(report, cache_reset=cache_reset)


def _sum_up(path: str, records: Sequence[PartRecord], run: Sequence[Any]) -> JobReport:
    started, seen, ended, outcome, reason, run_rows, run_samples = run
    totals: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    adjusted: Counter[str] = Counter()
    for record in records:
        totals.update({name: int(record.totals.get(name, 0)) for name in _SUMMED})
        for counter, name in ((dropped, "dropped"), (adjusted, "adjusted")):
            found = record.totals.get(name, {})
            counter.update({reason: int(n) for reason, n in found.items()})
        if record.attempts > 1:
            totals["repeated"] += record.totals.get("samples", 0)
        verification = record.totals.get("verification") or {}
        for name in _VERIFIED:
            totals[name] += verification.get(name, 0)
    sums: dict[str, Any] = {name: totals[name] for name in (*_SUMMED, *_VERIFIED, "repeated")}
    first_ms, last_ms = time_range(records)
    return JobReport(
        state_path=path,
        outcome=outcome or "running",
        reason=reason,
        parts=Counter(str(record.state) for record in records),
        rows=sum(record.part.rows for record in records),
        rows_left=sum(r.part.rows for r in records if r.state is PartState.PENDING),
        **sums,
        dropped=dropped,
        adjusted=adjusted,
        first_ms=first_ms,
        last_ms=last_ms,
        elapsed_s=float(ended or seen) - float(started),
        run_rows=int(run_rows),
        run_samples=int(run_samples),
        files=sum_up_files(records),
        failures=[
            Failure(r.path, r.part.number, r.state, r.reason)
            for r in records
            if r.reason is not None and r.state in _TOLD
        ],
    )
