"""Running a part: read it, cut it, ask or write, and say what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from vm_df_writer.config import WriterConfig
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.errors import DeliveryError, FrameError, VerificationError, VmDfWriterError
from vm_df_writer.frames.layout import read_frame
from vm_df_writer.frames.reading import Reading, ReadingKeywords
from vm_df_writer.jobs.checkpoint import PartRecord, PartState
from vm_df_writer.jobs.cutting import cut_time
from vm_df_writer.jobs.errors import SourceError
from vm_df_writer.jobs.existing import find_existing
from vm_df_writer.jobs.options import JobOptions, job_config
from vm_df_writer.jobs.pacing import JobWriter, Pace
from vm_df_writer.jobs.places import hive_labels
from vm_df_writer.jobs.sources import Source, read_parts
from vm_df_writer.report import WriteReport

__all__ = ["Begun", "Done", "Errand", "JobSpec", "Runner", "account_of", "keywords_with"]


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
    samples_pace: Pace | None
    bytes_pace: Pace | None

    @classmethod
    def of(cls, config: WriterConfig, reading: ReadingKeywords, options: JobOptions) -> JobSpec:
        """Set the paces that all workers share."""
        rates = (options.rate_limit, options.max_bytes_per_second)
        samples_pace, bytes_pace = (None if rate is None else Pace(rate) for rate in rates)
        return cls(job_config(config, options), reading, options, samples_pace, bytes_pace)


@dataclass(frozen=True)
class Errand:
    """Some parts of one source, to be written, or to be asked the server about.

    Attributes
    ----------
    source : Source
        The file.
    records : sequence of PartRecord
        The parts, in the order of the file.
    purpose : {"write", "ask"}
        What to do with them.
    """

    source: Source
    records: Sequence[PartRecord]
    purpose: Literal["write", "ask"] = "write"


@dataclass(frozen=True)
class Begun:
    """A part is about to be sent; nothing is sent before this is noted."""

    key: int


@dataclass(frozen=True)
class Done:
    """What became of a part.

    Attributes
    ----------
    key : int
        The part.
    state : PartState
        `PENDING` if it was not finished for a reason that is not its own.
    reason : str or None
        Why it failed, or was not finished.
    report : WriteReport or None
        The account of its samples.
    error : DeliveryError or None
        Why the server cannot be written to, which is a matter of the whole job.
    existing : str or None
        A series of it that the server had samples of.
    """

    key: int
    state: PartState
    reason: str | None = None
    report: WriteReport | None = None
    error: DeliveryError | None = field(default=None, compare=False)
    existing: str | None = None


class Runner:
    """Runs the errands of one process.

    Parameters
    ----------
    spec : JobSpec
        The job.
    should_stop : callable
        Asked before each body.
    """

    def __init__(self, spec: JobSpec, should_stop: Callable[[], bool]) -> None:
        self._config, self._options = spec.config, spec.options
        self._keywords = spec.reading
        self._reading = Reading.of(**spec.reading)
        self._should_stop = should_stop
        self._endpoint = Endpoint.of(spec.config)
        self._client = HttpClient(spec.config, self._endpoint)
        self._writer = JobWriter(
            spec.config,
            samples_pace=spec.samples_pace,
            bytes_pace=spec.bytes_pace,
            should_stop=should_stop,
        )

    def run(self, errand: Errand) -> Iterator[Begun | Done]:
        """Do an errand, part by part."""
        records = list(errand.records)
        labels = hive_labels(errand.source.path) if self._options.hive else {}
        frames = read_parts(errand.source, [record.part for record in records], self._reading)
        while records and not self._should_stop():
            record = records.pop(0)
            try:
                _, frame = next(frames)
            except SourceError as error:
                yield Done(record.id, PartState.FAILED, str(error))
                frames = read_parts(errand.source, [r.part for r in records], self._reading)
                continue
            if errand.purpose == "ask":
                yield self._ask(record, frame, labels)
            else:
                yield from self.write(record, frame, labels)
            del frame  # before the next one is read

    def write(
        self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]
    ) -> Iterator[Begun | Done]:
        """Write the frame of a part."""
        yield Begun(record.id)
        yield self._write(record, frame, labels)

    def _write(self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]) -> Done:
        keywords = keywords_with(self._keywords, labels)
        verify = self._options.verify
        try:
            cut = self._cut(frame)
            report = self._writer.write(cut, verify=verify, progress=False, **keywords).summary()
        except DeliveryError as error:
            error.report = error.report and error.report.summary()
            return Done(record.id, PartState.PENDING, str(error), error.report, error)
        except VerificationError as error:
            error.report = error.report and error.report.summary()
            return Done(record.id, PartState.FAILED, str(error), error.report)
        except FrameError as error:
            return Done(record.id, PartState.FAILED, str(error))
        self._writer.note_size(report)
        if report.spooled:
            spooled = DeliveryError(
                f"{report.undelivered:,} samples of {record.path} are kept in the spool folder; "
                "send them with vm-df-writer replay, and run again to write the rest"
            )
            return Done(record.id, PartState.SPOOLED, str(spooled), report, spooled)
        if report.undelivered:
            return Done(record.id, PartState.PENDING, "interrupted", report)
        verified = report.verification is not None
        return Done(record.id, PartState.VERIFIED if verified else PartState.SENT, None, report)

    def _ask(self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]) -> Done:
        reading = Reading.of(**keywords_with(self._keywords, labels))
        try:
            read = read_frame(
                self._cut(frame), metric_format=self._config.metric_format, reading=reading
            )
            existing = find_existing(read.blocks(), self._client, self._endpoint)
        except DeliveryError as error:
            return Done(record.id, PartState.PENDING, str(error), error=error)
        except VmDfWriterError as error:
            return Done(record.id, PartState.FAILED, str(error))
        if existing is None:
            return Done(record.id, PartState.PENDING)
        reason = f"the server has samples of {existing} in this time range"
        return Done(record.id, PartState.SKIPPED, reason, existing=existing)

    def _cut(self, frame: pd.DataFrame) -> pd.DataFrame:
        return cut_time(frame, self._reading, self._options.since_ms, self._options.until_ms)

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()
        self._client.close()


def keywords_with(keywords: ReadingKeywords, labels: Mapping[str, str]) -> ReadingKeywords:
    """Add labels to reading keywords; the one that is the query key becomes that.

    Examples
    --------
    >>> keywords_with({"labels": {"job": "node"}}, {"region": "eu", "query_key": "cpu"})
    {'labels': {'job': 'node', 'region': 'eu'}, 'query_key': 'cpu'}
    """
    if not labels:
        return keywords
    reading = Reading.of(**keywords)
    rest = {k: v for k, v in labels.items() if k != reading.query_key_level}
    merged: ReadingKeywords = {**keywords, "labels": {**reading.labels, **rest}}
    if reading.query_key_level in labels:
        merged["query_key"] = labels[reading.query_key_level]
    return merged


def account_of(report: WriteReport | None) -> dict[str, Any]:
    """Return the numbers of a report, for the checkpoint."""
    if report is None:
        return {}
    plain = report.to_dict()
    return {name: plain[name] for name in _ACCOUNT}
