"""RunBook: what a run notes in the state file, and shows, while workers are at it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from vm_df_writer.errors import DeliveryError, SamplesExistError
from vm_df_writer.jobs.overlap.other_parts import MOST_COMPARED
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.plan import other_parts
from vm_df_writer.jobs.progress import JobProgress
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import OtherPart

__all__ = ["RunBook"]


class RunBook:
    """Notes marks and results; the :class:`~vm_df_writer.jobs.workers.pool.PartBook` of a run.

    Parameters
    ----------
    store : StateStore
        Where they are noted.
    stop : Stop
        Ends the run when the server cannot be written to.
    progress : JobProgress
        Shows them.

    Attributes
    ----------
    error : DeliveryError or None
        Why the server cannot be written to.
    """

    def __init__(self, store: StateStore, stop: Stop, progress: JobProgress) -> None:
        self.error: DeliveryError | None = None
        self._store, self._stop, self._progress = store, stop, progress

    def together(self) -> AbstractContextManager[object]:
        """Bring all that is noted in the block to the disk when it ends, or none of it."""
        return self._store.together()

    def begin(
        self, part_id: int, spans: SeriesSpans | None, in_flight: Sequence[int]
    ) -> Sequence[OtherPart] | None:
        """Note that a part is about to be sent, and return those that it may have samples of.

        None, and nothing is noted, if one of these is in flight: if that one fails, this one
        sends what both have.
        """
        others: list[int] = []
        if spans is not None:
            others = self._store.overlapping(part_id, spans, MOST_COMPARED + 1)
        if not set(others).isdisjoint(in_flight):
            return None
        self._store.begin(part_id, spans, others)
        return other_parts(self._store, others)

    def record(self, result: PartResult) -> None:
        """Note what became of a part.

        Raises
        ------
        SamplesExistError
            If the server was asked, and has some of it.
        """
        if result.error is not None:
            self.error = self.error or result.error
            self._stop.request("the server cannot be written to")
        if result.existing is not None:
            raise SamplesExistError(result.existing, result.record.path)
        if result.purpose == "probe" and result.reason is None:
            self._store.note_new(result.record.id)
            return
        self._store.finish(
            result.record.id,
            result.state,
            result.reason,
            result.totals,
            nothing_sent=result.nothing_sent,
            receipt=result.receipt,
        )

    def show(self, result: PartResult) -> None:
        """Show what became of a part; called when that is on the disk."""
        if result.purpose in ("write", "verify"):
            samples = result.totals["samples"] if result.totals else 0
            self._progress.note(result.record, result.state, samples)
