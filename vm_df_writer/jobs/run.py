"""JobRun: one run of a job, which keeps the state file and knows how the run ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import cast

import pandas as pd

from vm_df_writer.config.read_options import ReadingKeywords, ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.spooled_file import forget_receipt, was_delivered
from vm_df_writer.display.progress import ProgressChoice
from vm_df_writer.errors import DeliveryError, FrameError, JobError, StateError
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile, frame_source
from vm_df_writer.frames.given_frame import as_frame
from vm_df_writer.jobs.look_ahead import fix_reading, look_ahead
from vm_df_writer.jobs.options import check_options
from vm_df_writer.jobs.plan import make_plan, plan_tasks
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.state.job_receipt import is_on_the_server
from vm_df_writer.jobs.state.outcome import JobOutcome, outcome_of_parts
from vm_df_writer.jobs.state.records import JobReading, PartRecord, PartState
from vm_df_writer.jobs.state.run_book import RunBook
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.pool import WorkerPool
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task

__all__ = ["JobRun"]


class JobRun:
    """A run of a job.

    Parameters
    ----------
    store : StateStore
        What earlier runs did; this run adds to it.
    spec : JobSpec
        What to do.
    stop : Stop
        Ends the run early.
    progress, say
        As of :func:`~vm_df_writer.jobs.backfill.backfill`.
    """

    def __init__(
        self,
        store: StateStore,
        spec: JobSpec,
        stop: Stop,
        progress: ProgressChoice,
        say: Callable[[str], object],
    ) -> None:
        self._store, self._given, self._spec, self._stop = store, spec, spec, stop
        self._options = spec.options
        self._backend = Backend.of(spec.config)
        self._progress, self._say = progress, say
        self._error: DeliveryError | None = None
        self._one_by_one = True  # until the server is known

    def require_server(self) -> None:
        """Find out now, not after an hour of planning, that the server refuses this job."""
        with closing(self._backend.client) as client:
            servers = self._backend.server.info()
            client.post_import(client.wire.probe, receiver=servers.receiver)
        check_options(servers, self._options)
        self._one_by_one = servers.receiver.needs_order

    def write_files(self, files: Sequence[str], reading: ReadOptions) -> None:
        """Plan and write files."""
        self._options.require_labels_of_their_own(files)
        make_plan(self._store, files, reading, self._options, self._stop.requested)
        self._fix_reading(self._store.reading())
        if not self._store.was_sent():
            self._look_ahead()
        if self._options.if_exists == "fail":
            self._probe()
        pending = self._store.parts(PartState.PENDING)
        sent = self._store.parts(PartState.SENT) if self._options.verify else []
        tasks = [
            *plan_tasks(self._store, pending, self._options),
            *plan_tasks(self._store, sent, self._options, "verify"),
        ]
        n_rows = sum(record.part.rows for record in (*pending, *sent))
        self._run(tasks, self._show_progress(n_rows))
        if self._options.receipt:
            unsummed = [record for record in self._store.parts() if self._is_to_digest(record)]
            self._run(plan_tasks(self._store, unsummed, self._options, "digest"), self._silent())

    def _is_to_digest(self, record: PartRecord) -> bool:
        """Say whether a part was sent without a receipt, and has one as it stands in its file."""
        if not (self._options.receipt and is_on_the_server(record)):
            return False
        skips = self._options.if_exists == "skip" or record.totals.get("dropped", {}).get("exists")
        return not (skips or self._store.has_receipt(record.id))

    def _look_ahead(self) -> None:
        """Refuse now, before anything is sent, parts that contradict each other."""
        pending = self._store.parts(PartState.PENDING)
        tasks = list(plan_tasks(self._store, pending, self._options))
        # Others of a task are reached only through the first one.
        parts = [OtherPart(task.source, task.records[0]) for task in tasks]
        alone = {task.records[0].id for task in tasks if not task.may_repeat}
        with closing(self._backend.client):
            found = look_ahead(parts, alone, self._given, self._backend)
        self._store.set_reading(found)
        self._fix_reading(found)

    def _fix_reading(self, reading: JobReading | None) -> None:
        """Read all parts alike from now on."""
        self._spec = self._given
        if reading is not None:
            fixed = cast("ReadingKeywords", {**self._given.reading, **reading.keywords})
            self._spec = replace(self._given, reading=fixed)
            self._say(f"read as {reading.text}")

    def write_frames(self, frames: Iterable[pd.DataFrame], reading: ReadOptions) -> None:
        """Write frames as they come."""
        if self._options.if_exists == "fail":
            raise JobError("if_exists: 'fail' is for files, which are looked up first; pass 'skip'")
        for name, value, usual in (
            ("workers", self._options.workers, 1),
            ("newest_first", self._options.newest_first, False),
            ("file_labels", self._options.file_labels, ()),
        ):
            if value != usual:
                raise JobError(
                    f"{name}: {value!r} is for files alone, since frames are gone through once, as "
                    "they come; leave it out, or write the frames to parquet files first"
                )
        coming = iter(frames)
        if (first := next(coming, None)) is None:
            return
        self._fix_reading(self._store.reading())
        if not self._store.was_sent():
            with suppress(FrameError), closing(self._backend.client):  # its own task fails with it
                found = fix_reading(as_frame(first), "frame 0", self._given, self._backend)
                self._store.set_reading(found)
                self._fix_reading(found)
        self._one_by_one = True  # the next frame may be made only when this one is gone
        self._run(self._frame_tasks(chain([first], coming), reading), self._show_progress(None))

    def _frame_tasks(self, frames: Iterable[pd.DataFrame], reading: ReadOptions) -> Iterator[Task]:
        """Enter each frame into the state when its turn comes, and yield what to do with it."""
        known = {source.path: source for source in self._store.sources()}
        first: SourceFile | None = None
        for number, given in enumerate(frames):
            frame = as_frame(given)
            source = frame_source(number, frame)
            first = first or source
            record = self._enter(source, known.get(source.path))
            if record.state is PartState.PENDING:
                if (reason := odd_columns([first, source], reading).get(source.path)) is not None:
                    self._store.finish(record.id, PartState.FAILED, reason)
                else:
                    yield Task(source, [record], "write", frame)
                continue
            if record.state is PartState.SENT and self._options.verify:
                yield Task(source, [record], "verify", frame)
            if self._is_to_digest(record):
                yield Task(source, [record], "digest", frame)

    def _enter(self, source: SourceFile, known: SourceFile | None) -> PartRecord:
        if known is None or known.fingerprint != source.fingerprint:
            if self._store.was_sent(source.path):
                raise JobError(
                    f"{self._store.path}: {source.path} is not the one that was sent; pass "
                    "the same frames in the same order, or begin anew with restart="
                )
            self._store.add_sources([source])
        (record,) = self._store.parts(path=source.path)
        return record

    def outcome(self) -> tuple[JobOutcome, str | None]:
        """Return how the run ended, and why."""
        if self._error is not None:
            return "undelivered", self._error.describe()
        if self._stop.requested():
            return "interrupted", self._stop.reason
        options = self._options
        return outcome_of_parts(
            self._store, verify=bool(options.verify), fail_on_drop=options.fail_on_drop
        )

    def settle_spooled_parts(self) -> None:
        """Mark the parts as sent that a replay has delivered, and those to send again it has not.

        A spooled file that is gone without a receipt may have been lost with its folder.
        """
        for record in self._store.parts(PartState.SPOOLED):
            files = [Path(name) for name in record.totals["spooled"]]
            if any(file.exists() for file in files):
                continue  # a replay is still to come
            if lost := [file for file in files if not was_delivered(file)]:
                reason = (
                    f"{lost[0]} is gone from the spool folder, and no receipt shows that it was "
                    "delivered; all of the part is sent again"
                )
                self._store.finish(record.id, PartState.PENDING, reason)
                continue
            samples = record.totals["samples"] + record.totals["undelivered"]
            totals = {**record.totals, "samples": samples, "undelivered": 0, "spooled": []}
            self._store.finish(record.id, PartState.SENT, None, totals)
            for file in files:
                with suppress(OSError):  # a receipt that stays does no harm
                    forget_receipt(file)

    def reset_cache(self) -> bool:
        """Make the server forget the graphs that it computed before; return whether it did."""
        with closing(self._backend.client):
            return self._backend.server.reset_cache(self._backend.read_back.settle)

    def _probe(self) -> None:
        """Ask the server, before anything is sent, which parts it has samples of."""
        unasked = [
            record
            for record in self._store.parts(PartState.PENDING)
            if not record.is_new and not record.attempts
        ]
        if unasked:
            with closing(self._backend.client) as client:
                client.flush()  # what others wrote in the last seconds is visible then
        self._run(plan_tasks(self._store, unasked, self._options, "probe"), self._silent())

    def _silent(self) -> JobProgress:
        return JobProgress(choice=False, n_rows=None, say=lambda _: None)

    def _show_progress(self, n_rows: int | None) -> JobProgress:
        counts, observer = self._store.counts(), self._spec.observer
        return JobProgress(self._progress, n_rows, self._say, counts=counts, observer=observer)

    def _run(self, tasks: Iterable[Task], progress: JobProgress) -> None:
        """Run tasks, and record what becomes of each part."""
        spec = self._spec if self._one_by_one else self._spec.overlapped()
        book = RunBook(self._store, self._stop, progress)
        try:
            with progress:
                WorkerPool(spec, tasks, book, self._stop).run()
        except StateError as error:
            raise StateError(
                f"{error}; what was being sent could not be marked, and will be sent again"
            ) from None
        finally:
            self._error = self._error or book.error
