"""One run of a job: notes all that happens in the checkpoint, and knows how it all ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pandas as pd

from vm_df_writer.config.read_options import Reading
from vm_df_writer.delivery.backend import Route
from vm_df_writer.display.progress import ProgressChoice
from vm_df_writer.errors import DeliveryError, JobError, StateError
from vm_df_writer.files.locations import find_files
from vm_df_writer.files.schema_check import odd_columns
from vm_df_writer.files.source_file import Source, frame_source
from vm_df_writer.frames.parse import as_frame
from vm_df_writer.jobs.plan import make_plan, plan_errands
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.report import Outcome
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.state.store import Checkpoint
from vm_df_writer.jobs.workers.pool import run_errands
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.task_runner import Runner
from vm_df_writer.jobs.workers.tasks import Begun, Done, JobSpec

__all__ = ["Job"]


class Job:
    """A run of a job.

    Parameters
    ----------
    checkpoint : Checkpoint
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
        checkpoint: Checkpoint,
        spec: JobSpec,
        stop: Stop,
        progress: ProgressChoice,
        say: Callable[[str], object],
    ) -> None:
        self._checkpoint, self._spec, self._stop = checkpoint, spec, stop
        self._options = spec.options
        self._route = Route.of(spec.config)
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
        with closing(self._route.client) as client:
            client.post_import(b"")

    def run_files(self, paths: Sequence[str | Path], reading: Reading) -> None:
        """Plan and write files."""
        files = find_files(paths)
        make_plan(self._checkpoint, files, reading, self._options, self._stop.requested)
        if self._options.if_exists != "append":
            self._ask()
        pending = self._checkpoint.parts(PartState.PENDING)
        sent = self._checkpoint.parts(PartState.SENT) if self._options.verify else []
        errands = [
            *plan_errands(self._checkpoint, pending, self._options),
            *plan_errands(self._checkpoint, sent, self._options, "verify"),
        ]
        with self._show_progress([*pending, *sent]) as progress:
            for news in run_errands(self._spec, errands, self._stop):
                self._note(news, progress)
        self._save_the_rest()

    def run_frames(self, frames: Iterable[pd.DataFrame], reading: Reading) -> None:
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
        runner = Runner(self._spec, self._stop.requested)
        known = {source.path: source for source in self._checkpoint.sources()}
        first: Source | None = None
        try:
            with self._show_progress(()) as progress:
                for number, given in enumerate(frames):
                    frame = as_frame(given)
                    source = frame_source(number, frame)
                    first = first or source
                    record = self._enter(source, known.get(source.path))
                    odd = odd_columns([first, source], reading).get(source.path)
                    for news in self._run_frame(runner, record, frame, odd):
                        self._note(news, progress)
                    if self._stop.requested():
                        break
        finally:
            runner.close()
        self._save_the_rest()

    def _enter(self, source: Source, known: Source | None) -> PartRecord:
        """Enter a frame into the checkpoint, unless it is there."""
        if known is None or known.fingerprint != source.fingerprint:
            if self._checkpoint.was_sent(source.path):
                raise JobError(
                    f"{self._checkpoint.path}: {source.path} is not the one that was sent; pass "
                    "the same frames in the same order, or begin anew with restart="
                )
            self._checkpoint.add_source(source)
        (record,) = self._checkpoint.parts(path=source.path)
        self._rows[record.id] = record.part.rows
        return record

    def _run_frame(
        self, runner: Runner, record: PartRecord, frame: pd.DataFrame, odd: str | None
    ) -> Iterator[Begun | Done]:
        if record.state is PartState.PENDING:
            if odd is not None:
                return iter([Done(record.id, PartState.FAILED, odd)])
            return runner.write(record, frame, {})
        if record.state is PartState.SENT and self._options.verify:
            return runner.verify(record, frame, {})
        return iter(())

    def outcome(self) -> tuple[Outcome, str | None]:
        """Return how the run ended, and why."""
        if self._error is not None:
            return "undelivered", str(self._error)
        if self._stop.requested():
            return "interrupted", self._stop.reason
        counts = self._checkpoint.counts()
        if n := counts[PartState.SPOOLED]:
            return "undelivered", f"parts in the spool folder: {n:,}; run vm-df-writer replay"
        if n := counts[PartState.PENDING]:
            return "undelivered", f"frames that were begun, and not passed again: {n:,}"
        if self._options.verify and (n := counts[PartState.SENT]):
            return "unverified", f"parts that are sent, and could not be verified: {n:,}"
        if n := counts[PartState.FAILED]:
            failed = self._checkpoint.parts(PartState.FAILED)
            read_back = [record.account.get("verification") for record in failed]
            lost = any(found is not None and not found["ok"] for found in read_back)
            reason = f"parts that failed: {n:,}; try again with --retry-failed"
            return ("unverified" if lost else "failed"), reason
        return "done", None

    def settle_spooled(self) -> None:
        """Mark the parts as sent whose last samples a replay has delivered."""
        for record in self._checkpoint.parts(PartState.SPOOLED):
            files = [Path(name) for name in record.account["spooled"]]
            if all(file.parent.is_dir() and not file.exists() for file in files):
                samples = record.account["samples"] + record.account["undelivered"]
                account = {**record.account, "samples": samples, "undelivered": 0, "spooled": []}
                self._checkpoint.finish(record.id, PartState.SENT, None, account)

    def reset_cache(self) -> bool:
        """Make the server forget the graphs that it computed before; return whether it did."""
        with closing(self._route.client):
            return self._route.server.reset_cache()

    def _ask(self) -> None:
        """Ask the server, before anything is sent, which parts it has samples of."""
        unasked = [
            record
            for record in self._checkpoint.parts(PartState.PENDING)
            if not record.is_new and not record.attempts
        ]
        errands = plan_errands(self._checkpoint, unasked, self._options, "ask")
        paths = {record.id: record.path for record in unasked}
        if unasked:
            self._flush()
        for news in run_errands(self._spec, errands, self._stop):
            if isinstance(news, Begun):
                continue
            if news.error is not None:
                self._give_up(news.error)
            elif news.existing is not None and self._options.if_exists == "fail":
                raise JobError(
                    f"if_exists: the server has samples of {news.existing} in the time range of "
                    f"{paths[news.key]}; nothing was sent: choose other labels, or pass skip or "
                    "append"
                )
            elif news.state is PartState.PENDING:
                self._checkpoint.note_new(news.key)
            elif news.state is not None:
                self._checkpoint.finish(news.key, news.state, news.reason)

    def _flush(self) -> None:
        """Make visible what others wrote in the last seconds, if the server lets us."""
        with closing(self._route.client) as client, suppress(DeliveryError):
            client.get(self._route.endpoint.root_url("/internal/force_flush"))

    def _show_progress(self, records: Sequence[PartRecord]) -> JobProgress:
        self._rows |= {record.id: record.part.rows for record in records}
        n_rows = sum(self._rows.values())
        n_failed = self._checkpoint.counts()[PartState.FAILED]
        return JobProgress(self._progress, n_rows, self._say, n_failed=n_failed)

    def _note(self, news: Begun | Done, progress: JobProgress) -> None:
        if isinstance(news, Begun):
            self._save(partial(self._checkpoint.begin, news.key))
            return
        if news.error is not None:
            self._give_up(news.error)
        if news.state is None:
            return
        self._save(
            partial(
                self._checkpoint.finish,
                news.key,
                news.state,
                news.reason,
                news.account,
                nothing_sent=news.nothing_sent,
            )
        )
        if news.state is not PartState.PENDING:
            samples = news.account["samples"] if news.account else 0
            failed = news.state is PartState.FAILED
            progress.add(self._rows[news.key], samples, failed=failed)

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
