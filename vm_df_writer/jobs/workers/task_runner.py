"""Running a part: read it, cut it, ask, write or verify, and say what became of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import (
    DeliveryError,
    FrameError,
    ServerRejected,
    SourceError,
    VerificationError,
)
from vm_df_writer.files.locations import hive_labels
from vm_df_writer.files.source_file import read_parts
from vm_df_writer.frames.parse import parse_frame
from vm_df_writer.frames.time_range import cut_time
from vm_df_writer.jobs.errors import JobStopped
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.workers.rate_limit import JobThrottle
from vm_df_writer.jobs.workers.stop_flag import wait_until
from vm_df_writer.jobs.workers.tasks import (
    JobSpec,
    PartFinished,
    PartStarted,
    Task,
    account_of,
    keywords_with,
)
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.existing_samples import find_existing
from vm_df_writer.writer import VmWriter

__all__ = ["TaskRunner"]


class TaskRunner:
    """Runs the tasks of one process.

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
        self._reading = ReadOptions.of(**spec.reading)
        self._should_stop = should_stop
        self._throttle = JobThrottle(spec.samples_pace, spec.bytes_pace, should_stop)
        self._backend = Backend.of(spec.config, throttle=self._throttle, sleep=self._wait)
        self._writer = VmWriter.along(self._backend)

    def run(self, task: Task) -> Iterator[PartStarted | PartFinished]:
        """Do a task, part by part."""
        do = {"write": self.write, "verify": self.verify, "ask": self._ask}[task.purpose]
        records = list(task.records)
        labels = hive_labels(task.source.path) if self._options.hive else {}
        frames = read_parts(task.source, [record.part for record in records], self._reading)
        while records and not self._should_stop():
            record = records.pop(0)
            try:
                _, frame = next(frames)
            except SourceError as error:
                yield task.give_up(record, str(error))
                frames = read_parts(task.source, [r.part for r in records], self._reading)
                continue
            yield from do(record, frame, labels)
            del frame  # before the next one is read

    def write(
        self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]
    ) -> Iterator[PartStarted | PartFinished]:
        """Write the frame of a part."""
        yield PartStarted(record.id)
        try:
            report = self._writer.write(
                self._cut(frame),
                verify=self._options.verify,
                progress=False,
                **keywords_with(self._keywords, labels),
            )
        except DeliveryError as error:
            yield _undelivered(record, error)
        except VerificationError as error:
            yield PartFinished(record.id, PartState.FAILED, str(error), account_of(error.report))
        except FrameError as error:
            yield PartFinished(record.id, PartState.FAILED, str(error), nothing_sent=True)
        else:
            self._throttle.note_size(report)
            yield _written(record, report)

    def verify(
        self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]
    ) -> Iterator[PartStarted | PartFinished]:
        """Read back a part that was sent before; write it anew if a repair needs that."""
        choice = self._options.verify
        try:
            found = self._writer.verify(
                self._cut(frame),
                verify="count" if choice == "count" else True,
                **keywords_with(self._keywords, labels),
            )
        except DeliveryError as error:
            yield PartFinished(record.id, None, error=_of_the_job(error))
        except FrameError as error:
            yield PartFinished(record.id, PartState.SENT, f"cannot be verified: {error}")
        except VerificationError as error:
            if choice == "repair":
                yield from self.write(record, frame, labels)
            else:
                account = _with_verification(record, error.verification)
                yield PartFinished(record.id, PartState.FAILED, str(error), account)
        else:
            account = _with_verification(record, found)
            yield PartFinished(record.id, PartState.VERIFIED, None, account)

    def _ask(
        self, record: PartRecord, frame: pd.DataFrame, labels: Mapping[str, str]
    ) -> Iterator[PartFinished]:
        reading = ReadOptions.of(**keywords_with(self._keywords, labels))
        try:
            read = parse_frame(
                self._cut(frame), metric_format=self._config.metric_format, reading=reading
            )
            existing = find_existing(read.blocks(), self._backend.client, self._backend.endpoint)
        except DeliveryError as error:
            yield PartFinished(record.id, PartState.PENDING, str(error), error=error)
        except FrameError as error:
            yield PartFinished(record.id, PartState.FAILED, str(error))
        else:
            if existing is None:
                yield PartFinished(record.id, PartState.PENDING)
            else:
                reason = f"the server has samples of {existing} in this time range"
                yield PartFinished(record.id, PartState.SKIPPED, reason, existing=existing)

    def _cut(self, frame: pd.DataFrame) -> pd.DataFrame:
        return cut_time(frame, self._reading, self._options.since_ms, self._options.until_ms)

    def _wait(self, seconds: float) -> None:
        """Wait until samples can be read back, or until there is a stop."""
        if not wait_until(time.monotonic() + seconds, self._should_stop):
            raise JobStopped("verify: stopped before it was all found; run the job again")

    def close(self) -> None:
        """Close the connections."""
        self._writer.close()


def _written(record: PartRecord, report: WriteReport) -> PartFinished:
    account = account_of(report)
    if report.spooled:
        spooled = DeliveryError(
            f"{report.undelivered:,} samples of {record.path} are kept in the spool folder; "
            "send them with vm-df-writer replay, and run again to write the rest"
        )
        return PartFinished(record.id, PartState.SPOOLED, str(spooled), account, error=spooled)
    if report.undelivered:
        if _is_nothing_sent(report):
            return PartFinished(record.id, PartState.PENDING, account=account, nothing_sent=True)
        reason = (
            f"interrupted when {report.samples:,} of {report.total:,} samples were acknowledged; "
            "all of them will be sent again"
        )
        return PartFinished(record.id, PartState.PENDING, reason, account)
    state = PartState.SENT if report.verification is None else PartState.VERIFIED
    return PartFinished(record.id, state, None, account, nothing_sent=_is_nothing_sent(report))


def _undelivered(record: PartRecord, error: DeliveryError) -> PartFinished:
    report = _without_lines(error).report
    account, nothing_sent = account_of(report), report is not None and _is_nothing_sent(report)
    if report is not None and not report.undelivered:  # only reading it back has failed
        state = PartState.SENT
    elif isinstance(error, ServerRejected) and error.is_about_the_body:
        return PartFinished(record.id, PartState.FAILED, str(error), account, nothing_sent)
    else:
        state = PartState.PENDING
    return PartFinished(record.id, state, str(error), account, nothing_sent, _of_the_job(error))


def _with_verification(record: PartRecord, found: Verification | None) -> dict[str, Any]:
    return {**record.account, "verification": found and found.to_dict()}


def _is_nothing_sent(report: WriteReport) -> bool:
    return not report.requests and not report.in_doubt


def _of_the_job(error: DeliveryError) -> DeliveryError | None:
    """Return what is a matter of the whole job, which knows by itself that it was stopped."""
    return None if isinstance(error, JobStopped) else _without_lines(error)


def _without_lines(error: DeliveryError) -> DeliveryError:
    """Make an error small enough to be passed on."""
    error.report = error.report and error.report.summary()
    return error
