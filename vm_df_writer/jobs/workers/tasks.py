"""Errands: what a job has its workers do, and what they tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import DeliveryError
from vm_df_writer.files.source_file import SourceFile
from vm_df_writer.jobs.options import JobOptions, job_config
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.workers.rate_limit import RateLimiter
from vm_df_writer.model.report import WriteReport

__all__ = ["JobSpec", "PartFinished", "PartStarted", "Task", "account_of", "keywords_with"]

_ACCOUNT = (
    *("rows", "series", "samples", "dropped", "adjusted", "undelivered", "bytes_raw"),
    *("bytes_sent", "requests", "retries", "in_doubt", "first_ms", "last_ms", "elapsed_s"),
    "verification",
)


@dataclass(frozen=True)
class JobSpec:
    """What a worker must know of a job; it goes to other processes by a pipe, never to disk."""

    config: WriterConfig
    reading: ReadingKeywords
    options: JobOptions
    samples_pace: RateLimiter | None
    bytes_pace: RateLimiter | None

    @classmethod
    def of(cls, config: WriterConfig, reading: ReadingKeywords, options: JobOptions) -> JobSpec:
        """Set the paces that all workers share."""
        rates = (options.rate_limit, options.max_bytes_per_second)
        samples_pace, bytes_pace = (None if rate is None else RateLimiter(rate) for rate in rates)
        return cls(job_config(config, options), reading, options, samples_pace, bytes_pace)


@dataclass(frozen=True)
class Task:
    """Some parts of one source, and what to do with them.

    Attributes
    ----------
    source : SourceFile
        The file.
    records : sequence of PartRecord
        The parts, in the order of the file.
    purpose : {"write", "verify", "ask"}
        To write them, to read back what was written before, or to ask the server whether it has
        samples of them.
    """

    source: SourceFile
    records: Sequence[PartRecord]
    purpose: Literal["write", "verify", "ask"] = "write"

    def give_up(self, record: PartRecord, reason: str) -> PartFinished:
        """Return what becomes of a part that cannot be read."""
        if self.purpose == "verify":
            return PartFinished(record.id, PartState.SENT, f"cannot be verified: {reason}")
        return PartFinished(record.id, PartState.FAILED, reason)


@dataclass(frozen=True)
class PartStarted:
    """A part is about to be sent; nothing is sent before this is noted."""

    key: int


@dataclass(frozen=True)
class PartFinished:
    """What became of a part.

    Attributes
    ----------
    key : int
        The part.
    state : PartState or None
        `PENDING` if it was not finished for a reason that is not its own; None if it stays what
        it was.
    reason : str or None
        Why it failed, or was not finished.
    account : mapping or None
        The account of its samples; None if it stays what it was.
    nothing_sent : bool
        Whether it is certain that the server has nothing of this attempt.
    error : DeliveryError or None
        Why the server cannot be written to, which is a matter of the whole job.
    existing : str or None
        A series of it that the server had samples of.
    """

    key: int
    state: PartState | None
    reason: str | None = None
    account: Mapping[str, Any] | None = None
    nothing_sent: bool = False
    error: DeliveryError | None = field(default=None, compare=False)
    existing: str | None = None


def keywords_with(keywords: ReadingKeywords, labels: Mapping[str, str]) -> ReadingKeywords:
    """Add labels to reading keywords; the one that is the query key becomes that.

    Examples
    --------
    >>> keywords_with({"labels": {"job": "node"}}, {"region": "eu", "query_key": "cpu"})
    {'labels': {'job': 'node', 'region': 'eu'}, 'query_key': 'cpu'}
    """
    if not labels:
        return keywords
    reading = ReadOptions.of(**keywords)
    rest = {k: v for k, v in labels.items() if k != reading.query_key_level}
    merged: ReadingKeywords = {**keywords, "labels": {**reading.labels, **rest}}
    if reading.query_key_level in labels:
        merged["query_key"] = labels[reading.query_key_level]
    return merged


def account_of(report: WriteReport | None) -> dict[str, Any] | None:
    """Return the numbers of a report, for the state file."""
    if report is None:
        return None
    plain = report.summary().to_dict()
    account = {name: plain[name] for name in _ACCOUNT}
    return account | {"spooled": [str(Path(path).absolute()) for path in report.spooled]}
