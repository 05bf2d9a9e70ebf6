"""backfill: writes months of history from files, part by part, and goes on after a break."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeGuard, Unpack, cast

import pandas as pd

from vm_df_writer.config.read_options import READING_KEYWORDS, ReadingKeywords, ReadOptions
from vm_df_writer.config.write_options import DEFAULT_STATE
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.observer import NULL_OBSERVER
from vm_df_writer.display.keywords import spelled_out
from vm_df_writer.display.progress import ProgressChoice
from vm_df_writer.display.tracebacks import shortened
from vm_df_writer.errors import DeliveryError, StateError, VmDfWriterError
from vm_df_writer.files.locations import find_files
from vm_df_writer.jobs.errors import OtherJobError
from vm_df_writer.jobs.options import JobOptions, job_identity
from vm_df_writer.jobs.plan import require_possible
from vm_df_writer.jobs.report import JobReport, read_report
from vm_df_writer.jobs.run import JobRun
from vm_df_writer.jobs.state.outcome import JobOutcome
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.stop_flag import Stop, stop_on_signals
from vm_df_writer.jobs.workers.tasks import JobSpec
from vm_df_writer.writer import VmWriter

__all__ = ["backfill"]

_log = logging.getLogger(__name__)


_Paths = str | Path | Sequence[str | Path]


@spelled_out(READING_KEYWORDS)
@shortened(VmDfWriterError)
def backfill(
    sources: _Paths | Iterable[pd.DataFrame],
    writer: VmWriter | WriterConfig,
    *,
    state: str | Path = DEFAULT_STATE,
    options: JobOptions | None = None,
    progress: ProgressChoice = "auto",
    say: Callable[[str], object] = _log.info,
    **reading: Unpack[ReadingKeywords],
) -> JobReport:
    """Write files, part by part, and go on where an earlier run of the same job ended.

    A part is a row group of a parquet file, a record batch of an Arrow file, a chunk of a CSV,
    or a frame. The job marks a part in the state file after its last sample is acknowledged, and
    does not send it again. It sends an interrupted part anew, as a whole: the server then holds
    some samples twice, with the same value, unless it runs with ``-dedup.minScrapeInterval=1ms``.

    A worker has up to `concurrency` + 2 parts of files in memory: while some are in flight, the
    next are read and formatted. A part that cannot be read fails, and the others go on. If the
    server cannot be written to for as long as the config's `retry_deadline`, the job ends; run it
    again to go on. SIGINT and SIGTERM end it after what has begun to be sent.

    Parameters
    ----------
    sources : str, Path, sequence of them, or iterable of DataFrame
        Files, folders, globs and fsspec URLs; ``.parquet``, ``.csv``, ``.csv.gz``, ``.csv.zst``,
        ``.feather`` and ``.arrow``. Or frames, which must be the same, in the same order, when
        the job is run again.
    writer : VmWriter or WriterConfig
        Where and how to write.
    state : str or Path
        The state file; one process at a time may use it.
    options : JobOptions, optional
        How the job is run. With more than one worker, a script must keep its own code under
        ``if __name__ == "__main__":``, since the workers import it.
    progress : bool or "auto"
        Show a progress bar; ``"auto"`` shows one in a terminal or a notebook.
    say : callable
        Takes a line of progress now and then if there is no bar; by default it is logged.
    **reading
        How to read the frames: see :class:`~vm_df_writer.config.read_options.ReadOptions`.

    Returns
    -------
    JobReport
        What was done, over all runs; `ok` says whether nothing is left to do.

    Raises
    ------
    ConfigError
        If a receipt is asked for with ``duplicates="keep"``.
    JobError
        If the job cannot be run: other options or files than before, a state file that is in use
        or torn, samples that exist already. In mid-job, if the state file cannot be written.
    DeliveryError
        If the server does not answer at the start.

    Examples
    --------
    >>> from vm_df_writer.jobs import JobOptions, backfill
    >>> backfill("scores/", writer, options=JobOptions(workers=2))  # doctest: +SKIP
    """
    if isinstance(writer, VmWriter):
        config, read_back = writer.config, writer.backend.read_back
        heard = writer.backend.observer
        observer = None if heard is NULL_OBSERVER else heard
    else:
        config, read_back, observer = writer, None, None
    options = options or JobOptions()
    how = ReadOptions.of(**reading)
    require_possible(config, how, options)
    # Before there is a state file, which a mistyped path would leave behind.
    files = find_files(sources) if _are_paths(sources) else None
    stop = Stop()
    with (
        stop_on_signals(stop),
        StateStore(Path(state), restart=options.restart) as store,
    ):
        try:
            store.require_options(job_identity(config, how, options))
            spec = JobSpec.of(config, reading, options, read_back, observer)
            job = JobRun(store, spec, stop, progress, say)
            job.require_server()
            if options.retry_failed:
                store.retry_failed()
            job.settle_spooled_parts()
            if files is not None:
                job.write_files(files, how)
            else:
                job.write_frames(cast("Iterable[pd.DataFrame]", sources), how)
        except StateError:
            raise
        except BaseException as error:
            outcome = _outcome_of(error)
            if outcome == "refused" and (store.is_done() or isinstance(error, OtherJobError)):
                store.withdraw_run()
            else:
                store.end_run(outcome, _reason_of(error))
            raise
        cache_reset = job.reset_cache() if options.reset_cache else None
        store.end_run(*job.outcome())
        return read_report(store.path, cache_reset=cache_reset)


def _outcome_of(error: BaseException) -> JobOutcome:
    if isinstance(error, DeliveryError):
        return "undelivered"
    return "refused" if isinstance(error, VmDfWriterError) else "interrupted"


def _reason_of(error: BaseException) -> str:
    reason = error.describe() if isinstance(error, VmDfWriterError) else str(error)
    return reason or type(error).__name__


def _are_paths(
    sources: _Paths | Iterable[pd.DataFrame],
) -> TypeGuard[_Paths]:
    return isinstance(sources, (str, Path)) or (
        isinstance(sources, (list, tuple)) and all(isinstance(s, (str, Path)) for s in sources)
    )
