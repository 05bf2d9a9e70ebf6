"""TaskRunner: reads the parts of a task, does with each what it is for, and reports on it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.concurrency_limit import RequestRoom
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import (
    DeliveryError,
    FrameError,
    ReplaceError,
    SourceError,
    VerificationError,
)
from vm_df_writer.frames.time_range import cut_time
from vm_df_writer.jobs.errors import JobStopped
from vm_df_writer.jobs.overlap.other_parts import (
    require_comparable,
    require_few,
    require_no_conflict,
)
from vm_df_writer.jobs.overlap.repeated_samples import OtherSamples, leave_out_of_all
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.workers.part_endings import undelivered, without_counts, written
from vm_df_writer.jobs.workers.rate_limit import JobThrottle
from vm_df_writer.jobs.workers.results import PartResult, compressed_receipt, totals_of
from vm_df_writer.jobs.workers.stop_flag import wait_until
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import WindowDigest
from vm_df_writer.operations.existing.if_exists import existing_in_plan
from vm_df_writer.operations.preflight import plan_send
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.verify import verify_plan
from vm_df_writer.operations.write import write_plan

__all__ = ["MarkStarted", "TaskRunner"]

MarkStarted = Callable[[int, SeriesSpans | None], Sequence[OtherPart]]
"""Marks in the state file that a part is about to be sent; returns once that is on disk.

It raises if the mark cannot be made, and then nothing of the part may be sent: a part that was
sent without a mark would count as untouched after a crash. Given the series of the part, it
returns the parts that began before and may have samples of them at the same times.
"""


class TaskRunner:
    """Reads and writes the parts of one worker; threads may share it.

    Parameters
    ----------
    spec : JobSpec
        The job.
    mark_started : callable
        Called before the first sample of a part is sent.
    should_stop : callable
        Asked before each body.
    """

    def __init__(
        self, spec: JobSpec, mark_started: MarkStarted, should_stop: Callable[[], bool]
    ) -> None:
        self._spec, self._options = spec, spec.options
        self._reading = ReadOptions.of(**spec.reading)
        # With `fail` the job has looked before; what it then finds is its own.
        self._if_exists = None if spec.options.if_exists == "fail" else spec.options.if_exists
        self._keeps_all = self._reading.duplicates == "keep"
        self._mark_started = mark_started
        self._should_stop = should_stop
        self._unreadable: str | None = None
        self._throttle = JobThrottle(spec.samples_limiter, spec.bytes_limiter, should_stop)
        read_back = replace(spec.read_back, sleep=self._wait)
        backend = Backend.of(
            spec.config,
            throttle=self._throttle,
            read_back=read_back,
            observer=spec.observer,
            room=RequestRoom(spec.config.concurrency),
        )
        if backend.spool is not None:
            # So that the job knows a file that was replayed from one that was lost.
            spool = Spool(backend.spool.folder, wire=backend.spool.wire, leaves_receipts=True)
            backend = replace(backend, spool=spool, replacing=ReplacePolicy(sleep=self._wait))
        self._backend = backend

    def read(self, task: Task) -> Iterator[pd.DataFrame | SourceError]:
        """Yield each part of a task, in their order, or why it cannot be read."""
        records = deque(task.records)
        frames = task.read(records, self._reading, self._options.file_options)
        while records:
            records.popleft()
            try:
                yield next(frames)
            except SourceError as error:
                yield error
                frames = task.read(records, self._reading, self._options.file_options)

    def perform(
        self, task: Task, record: PartRecord, frame: pd.DataFrame | SourceError
    ) -> PartResult:
        """Do with a part what its task is for."""
        if isinstance(frame, SourceError):
            return task.fail(record, frame.describe())
        try:
            plan = self._plan(task.source.path, frame)
            match task.purpose:
                case "write":
                    return self._write(task, record, plan)
                case "verify":
                    return self._verify(task, record, plan)
                case "probe":
                    return self._probe(record, plan)
                case "digest":
                    return self._digest(task, record, plan)
        except FrameError as error:
            return task.fail(record, task.explain(error))

    def give_up(self) -> None:
        """End soon what is being sent."""
        self._backend.sender.give_up()

    def _write(self, task: Task, record: PartRecord, plan: SendPlan) -> PartResult:
        """Mark a part as started, and write what no part before it has."""
        looks_for_repeats = task.may_repeat and not self._keeps_all
        spans = SeriesSpans.of(plan.blocks()) if looks_for_repeats else None
        others = self._mark_started(record.id, spans)
        # An earlier attempt may have sent what this one takes for another's.
        sends_a_rest = self._if_exists == "skip" and record.attempts > 0
        try:
            plan = self._without_repeats(task, record, plan, others)
            report = write_plan(
                plan,
                self._backend,
                if_exists=self._if_exists,
                verify=self._options.verify and not self._unreadable,
                receipt=self._options.receipt and not sends_a_rest,
                progress=False,
                among_others=self._keeps_all,
            )
        except DeliveryError as error:
            ended = undelivered(record, error)
            if ended.state is PartState.SENT:
                self._note_unreadable(error)
            return ended
        except (VerificationError, ReplaceError) as error:
            totals = None if error.report is None else totals_of(error.report)
            return PartResult(record, PartState.FAILED, error.describe(), totals)
        except FrameError as error:
            reason = task.explain(error)
            return PartResult(record, PartState.FAILED, reason, nothing_sent=error.report is None)
        self._throttle.note_size(report)
        ended = written(record, report)
        if self._unreadable and ended.state is PartState.SENT:
            return replace(ended, reason=self._unreadable)
        return ended

    def _verify(self, task: Task, record: PartRecord, plan: SendPlan) -> PartResult:
        """Read back a part that was sent before; write it anew if a repair needs that."""
        choice, ended = self._options.verify, partial(PartResult, record, purpose="verify")
        if self._unreadable:
            return ended(PartState.SENT, self._unreadable)
        try:
            sent = self._without_repeats(task, record, plan, task.gave_way_to.get(record.id, ()))
            found = verify_plan(
                sent,
                self._backend,
                count_only=choice == "count",
                accept_conflicting=self._keeps_all or self._if_exists == "append",
            )
        except DeliveryError as error:
            self._note_unreadable(error)
            return ended(PartState.SENT, error.describe())
        except VerificationError as error:
            if choice == "repair":
                return self._write(task, record, plan)
            state, reason = PartState.FAILED, error.describe()
            if _is_of_skipped(record, error.verification):
                state, reason = PartState.SENT, f"{_SKIPPED_BEFORE}: {reason}"
            return ended(state, reason, _with(record.totals, error.verification))
        return ended(PartState.VERIFIED, None, _with(record.totals, found))

    def _probe(self, record: PartRecord, plan: SendPlan) -> PartResult:
        """Ask the server whether it has samples of a part."""
        ended = partial(PartResult, record, record.state, purpose="probe")
        try:
            existing = existing_in_plan(plan, self._backend)
        except DeliveryError as error:
            return ended(error.describe(), error=without_counts(error))
        return ended(existing=existing)

    def _digest(self, task: Task, record: PartRecord, plan: SendPlan) -> PartResult:
        """Sum up what a part has sent; nothing is asked and nothing is sent."""
        sent = self._without_repeats(task, record, plan, task.gave_way_to.get(record.id, ()))
        digests = (WindowDigest.of_block(block) for block in sent.blocks() if block.n_series)
        receipt = compressed_receipt(digests)
        return PartResult(record, record.state, record.reason, receipt=receipt, purpose="digest")

    def _note_unreadable(self, error: DeliveryError) -> None:
        # Each part would wait in vain; another run verifies those that are sent.
        if not isinstance(error, JobStopped):
            self._unreadable = f"not read back, since another part could not be: {error.describe()}"

    def _plan(self, path: str, frame: pd.DataFrame) -> SendPlan:
        reading = ReadOptions.of(**self._spec.keywords_for(path))
        cut = cut_time(frame, self._reading, self._options.since_ms, self._options.until_ms)
        return plan_send(self._backend, cut, reading)

    def _without_repeats(
        self, task: Task, record: PartRecord, plan: SendPlan, others: Sequence[OtherPart]
    ) -> SendPlan:
        """Leave out what other parts have; each is in memory alone."""
        require_few([str(other) for other in others])
        policy = self._reading.duplicates
        only = SeriesSpans.of(plan.blocks()).digests if others else None
        for other in others:
            if task.frame is not None:
                require_comparable(record.name, str(other))
            try:
                other_frame = other.read(self._reading, self._options.file_options)
                other_plan = self._plan(other.source.path, other_frame)
            except (SourceError, FrameError) as error:
                require_comparable(record.name, str(other), error.describe())
            repeats = OtherSamples(other_plan.blocks(), only).compare(
                plan.blocks(), policy, other_is_later=other.record.id > record.id
            )
            is_same = other.source.path == task.source.path
            require_no_conflict(repeats, policy, record.name, str(other), same_file=is_same)
            if repeats.left_out:
                plan = plan.filtered(partial(leave_out_of_all, left_out=repeats.left_out))
        return plan

    def _wait(self, seconds: float) -> None:
        """Wait until samples can be read back, or until there is a stop."""
        if not wait_until(time.monotonic() + seconds, self._should_stop):
            raise JobStopped("verify: stopped before it was all found; run the job again")

    def close(self) -> None:
        """Close the connections."""
        self._backend.client.close()


_SKIPPED_BEFORE = (
    "cannot be verified, since it left out samples that the server had, and not all are as here"
)


def _with(totals: Mapping[str, Any], found: Verification | None) -> Mapping[str, Any] | None:
    """Return the numbers of a part with what was found now; None if nothing was."""
    return None if found is None else {**totals, "verification": found.to_dict()}


def _is_of_skipped(record: PartRecord, found: Verification | None) -> bool:
    """Say whether all that differs may be samples that the part left out, as they existed."""
    skipped = record.totals.get("dropped", {}).get("exists", 0)
    return (
        found is not None
        and not found.missing
        and (found.mismatched + found.conflicting <= skipped)
    )
