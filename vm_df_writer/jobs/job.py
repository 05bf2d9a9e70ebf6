"""One run of a job: notes all that happens in the checkpoint, and knows how it all ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import pandas as pd

from vm_df_writer.config import WriterConfig
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.delivery.server import Server
from vm_df_writer.errors import DeliveryError
from vm_df_writer.frames.reading import Reading
from vm_df_writer.jobs.checkpoint import Checkpoint, PartRecord, PartState
from vm_df_writer.jobs.crew import run_errands
from vm_df_writer.jobs.errors import JobError, StateError
from vm_df_writer.jobs.frames import frame_source
from vm_df_writer.jobs.places import find_files
from vm_df_writer.jobs.planning import make_plan, plan_errands
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.report import Outcome
from vm_df_writer.jobs.running import Begun, Done, Errand, JobSpec, Runner, account_of
from vm_df_writer.jobs.stopping import Stop
from vm_df_writer.progress import ProgressChoice

__all__ = ["Job", "require_server"]


class Job:
    """A run of a job.

    Parameters
    ----------
    checkpoint : Checkpoint
        What was done before, and is done now.
    spec : JobSpec
        What to do.
    config : WriterConfig
        The configuration as the user gave it.
    stop : Stop
        Ends the run early.
    progress, say
        As of :func:`~vm_df_writer.jobs.backfill.backfill`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        spec: JobSpec,
        config: WriterConfig,
        stop: Stop,
        progress: ProgressChoice,
        say: Callable[[str], object],
    ) -> None:
        self._checkpoint, self._spec, self._stop = checkpoint, spec, stop
        self._config, self._options = config, spec.options
        self._progress, self._say = progress, say
        self._error: DeliveryError | None = None
        self._state_error: StateError | None = None
        self._unsaved: list[Callable[[], None]] = []
        self._unverified = False

    def run_files(self, paths: Sequence[str | Path], reading: Reading) -> None:
        """Plan and write files."""
        files = find_files(paths)
        make_plan(self._checkpoint, files, reading, self._options, self._stop.requested)
        if self._options.if_exists != "append":
            self._ask()
        pending = self._checkpoint.parts(PartState.PENDING)
        errands = plan_errands(self._checkpoint, pending, self._options)
        with self._show_progress(pending) as progress:
            rows = {record.id: record.part.rows for record in pending}
            for news in run_errands(self._spec, errands, self._stop):
                self._note(news, progress, rows)
        self._save_the_rest()

    def run_frames(self, frames: Iterable[pd.DataFrame]) -> None:
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
        try:
            with self._show_progress(()) as progress:
                for number, frame in enumerate(frames):
                    source = frame_source(number, frame)
                    before = known.get(source.path)
                    if before is None or before.fingerprint != source.fingerprint:
                        self._require_unsent(source.path)
                        self._checkpoint.add_source(source)
                    (record,) = self._checkpoint.parts(path=source.path)
                    if record.state is PartState.PENDING:
                        for news in runner.write(record, frame, {}):
                            self._note(news, progress, {record.id: record.part.rows})
                    if self._stop.requested():
                        break
        finally:
            runner.close()
        self._save_the_rest()

    def outcome(self) -> tuple[Outcome, str | None]:
        """Return how the run ended, and why."""
        if self._error is not None:
            return "undelivered", str(self._error)
        if self._stop.requested():
            return "interrupted", self._stop.reason
        counts = self._checkpoint.counts()
        if counts[PartState.FAILED]:
            return ("unverified" if self._unverified else "failed"), None
        return "done", None

    def reset_cache(self) -> bool:
        """Make the server forget the graphs that it computed before; return whether it did."""
        endpoint = Endpoint.of(self._config)
        with closing(HttpClient(self._config, endpoint)) as client:
            return Server(client, endpoint, self._config).reset_cache()

    def _ask(self) -> None:
        """Ask the server, before anything is sent, which parts it has samples of."""
        unasked = [
            record
            for record in self._checkpoint.parts(PartState.PENDING)
            if not record.is_new and not record.attempts
        ]
        errands = (
            Errand(errand.source, errand.records, "ask")
            for errand in plan_errands(self._checkpoint, unasked, self._options)
        )
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
            else:
                self._checkpoint.finish(news.key, news.state, news.reason, {})

    def _flush(self) -> None:
        """Make visible what others wrote in the last seconds, if the server lets us."""
        endpoint = Endpoint.of(self._config)
        with closing(HttpClient(self._config, endpoint)) as client, suppress(DeliveryError):
            client.get(endpoint.root_url("/internal/force_flush"))

    def _require_unsent(self, path: str) -> None:
        if any(record.attempts for record in self._checkpoint.parts(path=path)):
            raise JobError(
                f"{self._checkpoint.path}: {path} is not the one that was sent; pass the same "
                "frames in the same order, or begin anew with restart="
            )

    def _show_progress(self, records: Sequence[PartRecord]) -> JobProgress:
        n_rows = sum(record.part.rows for record in records)
        return JobProgress(self._progress, n_rows, self._say)

    def _note(self, news: Begun | Done, progress: JobProgress, rows: dict[int, int]) -> None:
        if isinstance(news, Begun):
            try:
                self._checkpoint.begin(news.key)
            except StateError as error:
                self._fail_to_save(error)
            return
        if news.error is not None:
            self._give_up(news.error)
        report = news.report
        if report is not None and report.verification is not None:
            self._unverified |= not report.verification.ok
        save = partial(
            self._checkpoint.finish, news.key, news.state, news.reason, account_of(report)
        )
        try:
            save()
        except StateError as error:
            self._unsaved.append(save)
            self._fail_to_save(error)
        if news.state is not PartState.PENDING:
            samples = report.samples if report is not None else 0
            failed = news.state is PartState.FAILED
            progress.add(rows[news.key], samples, failed=failed)

    def _give_up(self, error: DeliveryError) -> None:
        self._error = self._error or error
        self._stop.request("the server cannot be written to")

    def _fail_to_save(self, error: StateError) -> None:
        self._state_error = self._state_error or error
        self._stop.request("the state file cannot be written to")

    def _save_the_rest(self) -> None:
        """Try again to note what was sent; there may be space by now."""
        if self._state_error is None:
            return
        try:
            for save in self._unsaved:
                save()
        except StateError as error:
            raise StateError(
                f"{error}; {len(self._unsaved):,} parts were sent that could not be marked, and "
                "will be sent again"
            ) from None
        raise self._state_error


def require_server(config: WriterConfig) -> None:
    """Find out now, not after an hour of planning, that nothing can be written.

    Raises
    ------
    DeliveryError
        If the server does not take an empty body.
    """
    with closing(HttpClient(config, Endpoint.of(config))) as client:
        client.post_import(b"")
