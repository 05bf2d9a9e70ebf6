"""One run of a job: notes all that happens in the state, and knows how it all ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pandas as pd

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.progress import ProgressChoice
from vm_df_writer.errors import DeliveryError, JobError, StateError
from vm_df_writer.files.locations import find_files
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import SourceFile, frame_source
from vm_df_writer.frames.parse import as_frame
from vm_df_writer.jobs.plan import make_plan, plan_tasks
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.report import JobOutcome
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.pool import run_tasks
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.task_runner import TaskRunner
from vm_df_writer.jobs.workers.tasks import JobSpec, PartFinished, PartStarted

__all__ = ["JobRun"]


class JobRun:
    """A run of a job.

    Parameters
    ----------
    store : StateStore
        What was done before, and is done now.
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
        self._store, self._spec, self._stop = store, spec, stop
        self._options = spec.options
        self._backend = Backend.of(spec.config)
        self._progress, self._say = progress, say
        self._error: DeliveryError | None = None
        self._state_error: StateError | None = None
        self._unsaved: list[Callable[[], None]] = []
        self._rows: dict[int, int] = {}

    def require_server(self) -> None:
        """Find out now, not after an hour of planning, that nothing can be written.

        Raises
        ------
        DeliveryError
            If the server does not take an empty body.
        """
        with closing(self._backend.client) as client:
            client.post_import(b"")

    def run_files(self, paths: Sequence[str | Path], reading: ReadOptions) -> None:
        """Plan and write files."""
        files = find_files(paths)
        make_plan(self._store, files, reading, self._options, self._stop.requested)
        if self._options.if_exists != "append":
            self._ask()
        pending = self._store.parts(PartState.PENDING)
        sent = self._store.parts(PartState.SENT) if self._options.verify else []
        tasks = [
            *plan_tasks(self._store, pending, self._options),
            *plan_tasks(self._store, sent, self._options, "verify"),
        ]
        with self._show_progress([*pending, *sent]) as progress:
            for event in run_tasks(self._spec, tasks, self._stop):
                self._note(event, progress)
        self._save_the_rest()

    def run_frames(self, frames: Iterable[pd.DataFrame], reading: ReadOptions) -> None:
        """Write frames as they come."""
        for name, value, usual in (
            ("workers", self._options.workers, 1),
            ("if_exists", self._options.if_exists, "append"),
            ("newest_first", self._options.newest_first, False),
        ):
            if value != usual:
                raise JobError(
                    f"{name}: {value!r} is for files alone, since frames are gone through once, as "
                    "they come; leave it out, or write the frames to parquet files first"
                )
        runner = TaskRunner(self._spec, self._stop.requested)
        known = {source.path: source for source in self._store.sources()}
        first: SourceFile | None = None
        try:
            with self._show_progress(()) as progress:
                for number, given in enumerate(frames):
                    frame = as_frame(given)
                    source = frame_source(number, frame)
                    first = first or source
                    record = self._enter(source, known.get(source.path))
                    odd = odd_columns([first, source], reading).get(source.path)
                    for event in self._run_frame(runner, record, frame, odd):
                        self._note(event, progress)
                    if self._stop.requested():
                        break
        finally:
            runner.close()
        self._save_the_rest()

    def _enter(self, source: SourceFile, known: SourceFile | None) -> PartRecord:
        """Enter a frame into the state, unless it is there."""
        if known is None or known.fingerprint != source.fingerprint:
            if self._store.was_sent(source.path):
                raise JobError(
                    f"{self._store.path}: {source.path} is not the one that was sent; pass "
                    "the same frames in the same order, or begin anew with restart="
                )
            self._store.add_source(source)
        (record,) = self._store.parts(path=source.path)
        self._rows[record.id] = record.part.rows
        return record

    def _run_frame(
        self, runner: TaskRunner, record: PartRecord, frame: pd.DataFrame, odd: str | None
    ) -> Iterator[PartStarted | PartFinished]:
        if record.state is PartState.PENDING:
            if odd is not None:
                return iter([PartFinished(record.id, PartState.FAILED, odd)])
            return runner.write(record, frame, {})
        if record.state is PartState.SENT and self._options.verify:
            return runner.verify(record, frame, {})
        return iter(())

    def outcome(self) -> tuple[JobOutcome, str | None]:
        """Return how the run ended, and why."""
        if self._error is not None:
            return "undelivered", str(self._error)
        if self._stop.requested():
            return "interrupted", self._stop.reason
        counts = self._store.counts()
        if n := counts[PartState.SPOOLED]:
            return "undelivered", f"parts in the spool folder: {n:,}; run vm-df-writer replay"
        if n := counts[PartState.PENDING]:
            return "undelivered", f"frames that were begun, and not passed again: {n:,}"
        if self._options.verify and (n := counts[PartState.SENT]):
            return "unverified", f"parts that are sent, and could not be verified: {n:,}"
        if n := counts[PartState.FAILED]:
            failed = self._store.parts(PartState.FAILED)
            read_back = [record.account.get("verification") for record in failed]
            lost = any(found is not None and not found["ok"] for found in read_back)
            reason = f"parts that failed: {n:,}; try again with --retry-failed"
            return ("unverified" if lost else "failed"), reason
        return "done", None

    def mark_replayed_parts(self) -> None:
        """Mark the parts as sent whose last samples a replay has delivered."""
        for record in self._store.parts(PartState.SPOOLED):
            files = [Path(name) for name in record.account["spooled"]]
            if all(file.parent.is_dir() and not file.exists() for file in files):
                samples = record.account["samples"] + record.account["undelivered"]
                account = {**record.account, "samples": samples, "undelivered": 0, "spooled": []}
                self._store.finish(record.id, PartState.SENT, None, account)

    def reset_cache(self) -> bool:
        """Make the server forget the graphs that it computed before; return whether it did."""
        with closing(self._backend.client):
            return self._backend.server.reset_cache()

    def _ask(self) -> None:
        """Ask the server, before anything is sent, which parts it has samples of."""
        unasked = [
            record
            for record in self._store.parts(PartState.PENDING)
            if not record.is_new and not record.attempts
        ]
        tasks = plan_tasks(self._store, unasked, self._options, "ask")
        paths = {record.id: record.path for record in unasked}
        if unasked:
            self._flush()
        for event in run_tasks(self._spec, tasks, self._stop):
            if isinstance(event, PartStarted):
                continue
            if event.error is not None:
                self._give_up(event.error)
            elif event.existing is not None and self._options.if_exists == "fail":
                raise JobError(
                    f"if_exists: the server has samples of {event.existing} in the time range of "
                    f"{paths[event.key]}; nothing was sent: choose other labels, or pass skip or "
                    "append"
                )
            elif event.state is PartState.PENDING:
                self._store.note_new(event.key)
            elif event.state is not None:
                self._store.finish(event.key, event.state, event.reason)

    def _flush(self) -> None:
        """Make visible what others wrote in the last seconds, if the server lets us."""
        with closing(self._backend.client) as client, suppress(DeliveryError):
            client.get(self._backend.endpoint.root_url("/internal/force_flush"))

    def _show_progress(self, records: Sequence[PartRecord]) -> JobProgress:
        self._rows |= {record.id: record.part.rows for record in records}
        n_rows = sum(self._rows.values())
        n_failed = self._store.counts()[PartState.FAILED]
        return JobProgress(self._progress, n_rows, self._say, n_failed=n_failed)

    def _note(self, event: PartStarted | PartFinished, progress: JobProgress) -> None:
        if isinstance(event, PartStarted):
            self._save(partial(self._store.begin, event.key))
            return
        if event.error is not None:
            self._give_up(event.error)
        if event.state is None:
            return
        self._save(
            partial(
                self._store.finish,
                event.key,
                event.state,
                event.reason,
                event.account,
                nothing_sent=event.nothing_sent,
            )
        )
        if event.state is not PartState.PENDING:
            samples = event.account["samples"] if event.account else 0
            failed = event.state is PartState.FAILED
            progress.add(self._rows[event.key], samples, failed=failed)

    def _give_up(self, error: DeliveryError) -> None:
        self._error = self._error or error
        self._stop.request("the server cannot be written to")

    def _save(self, change: Callable[[], None]) -> None:
        """Note something; if that fails, end the job, and try again in the end."""
        try:
            change()
        except StateError as error:
            self._unsaved.append(change)
            self._state_error = self._state_error or error
            self._stop.request("the state file cannot be written to")

    def _save_the_rest(self) -> None:
        """Try again to note what was done; there may be space by now."""
        if self._state_error is None:
            return
        try:
            for change in self._unsaved:
                change()
        except StateError as error:
            raise StateError(
                f"{error}; what was being sent could not be marked, and will be sent again"
            ) from None
        raise self._state_error
