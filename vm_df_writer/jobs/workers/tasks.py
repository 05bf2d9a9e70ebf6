"""JobSpec and Task: what a job is, and what it gives a worker to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.observer import DeliveryObserver
from vm_df_writer.errors import FrameError
from vm_df_writer.files.file_options import FileOptions
from vm_df_writer.files.source_file import SourceFile, read_parts
from vm_df_writer.jobs.options import JobOptions, job_config
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.workers.rate_limit import RateLimiter
from vm_df_writer.jobs.workers.results import PartResult, Purpose
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

__all__ = ["JobSpec", "OtherPart", "Task", "keywords_with"]

# Beside those in flight: one that is being read or marked, and one whose result is being noted.
_PARTS_AHEAD = 2


@dataclass(frozen=True)
class JobSpec:
    """What a worker must know of a job; it goes to workers by a pipe, and never to disk.

    Attributes
    ----------
    config, reading, options
        How to read and write.
    samples_limiter, bytes_limiter : RateLimiter or None
        The rates that all workers keep together.
    read_back : ReadBackPolicy
        How long a verification waits.
    observer : DeliveryObserver or None
        Hears of what is delivered.
    parts_at_once : int
        Most parts that a worker has in hand.
    """

    config: WriterConfig
    reading: ReadingKeywords
    options: JobOptions
    samples_limiter: RateLimiter | None
    bytes_limiter: RateLimiter | None
    read_back: ReadBackPolicy
    observer: DeliveryObserver | None = None
    parts_at_once: int = 1

    @classmethod
    def of(
        cls,
        config: WriterConfig,
        reading: ReadingKeywords,
        options: JobOptions,
        read_back: ReadBackPolicy | None = None,
        observer: DeliveryObserver | None = None,
    ) -> JobSpec:
        """Make the rate limiters that all workers share."""
        rates = (options.rate_limit, options.max_bytes_per_second)
        samples, size = (None if rate is None else RateLimiter(rate) for rate in rates)
        policy = read_back or ReadBackPolicy()
        config = job_config(config, options)
        return cls(config, reading, options, samples, size, policy, observer)

    def overlapped(self) -> JobSpec:
        """Return the job with as many parts in hand as keep `concurrency` requests in flight.

        That is one where parts wait for a rate and not for the server, and where a part rewrites
        series that the next one may have too.
        """
        is_slow = self.samples_limiter is not None or self.bytes_limiter is not None
        if is_slow or self.options.if_exists == "replace":
            return self
        return replace(self, parts_at_once=self.config.concurrency + _PARTS_AHEAD)

    def keywords_for(self, path: str) -> ReadingKeywords:
        """Return the reading keywords for a file, with the labels that its path gives it."""
        return keywords_with(self.reading, self.options.labels_of(path))


@dataclass(frozen=True)
class OtherPart:
    """A part that may have samples of a series at the same times, and is to be read again."""

    source: SourceFile
    record: PartRecord

    def __str__(self) -> str:
        """Name it."""
        return self.record.name

    def read(self, reading: ReadOptions, options: FileOptions) -> pd.DataFrame:
        """Read it.

        Raises
        ------
        SourceError
            If it cannot be read any more.
        """
        ((_, frame),) = read_parts(self.source, [self.record.part], reading, options)
        return frame


@dataclass(frozen=True)
class Task:
    """Some parts of one source, and what to do with them.

    Attributes
    ----------
    source : SourceFile
        The file.
    records : sequence of PartRecord
        The parts, in the order of the file.
    purpose : {"write", "verify", "probe", "digest"}
        What to do with them.
    frame : DataFrame or None
        The only part, if the source is a frame and no file.
    may_repeat : bool
        Whether other parts may have samples of its series at its times.
    gave_way_to : mapping of int to sequence of OtherPart
        For each part of a task that reads back or sums up: the parts whose samples it left out.
    alone : bool
        Whether a worker is to have no other part in hand beside one of these.
    """

    source: SourceFile
    records: Sequence[PartRecord]
    purpose: Purpose = "write"
    frame: pd.DataFrame | None = None
    may_repeat: bool = True
    gave_way_to: Mapping[int, Sequence[OtherPart]] = field(default_factory=dict)
    alone: bool = False

    def read(
        self, records: Iterable[PartRecord], reading: ReadOptions, options: FileOptions
    ) -> Iterator[pd.DataFrame]:
        """Read parts one after the other.

        The iterator raises SourceError, and ends, at a part that cannot be read.
        """
        if self.frame is not None:
            return iter([self.frame])
        parts = [record.part for record in records]
        return map(itemgetter(1), read_parts(self.source, parts, reading, options))

    def explain(self, error: FrameError) -> str:
        """Say what is wrong with a part: what helps with a file, or else with a frame."""
        return error.describe() if self.frame is None else str(error)

    def fail(self, record: PartRecord, reason: str) -> PartResult:
        """Return what becomes of a part that cannot be read."""
        if self.purpose == "digest":
            return PartResult(record, record.state, record.reason, purpose="digest")
        if self.purpose == "verify":
            reason = f"cannot be verified: {reason}"
            return PartResult(record, PartState.SENT, reason, purpose="verify")
        return PartResult(record, PartState.FAILED, reason, purpose=self.purpose)


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
