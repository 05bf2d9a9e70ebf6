"""The account of one write: every sample ends up in exactly one place."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.errors import DeliveryError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.packing import Body

__all__ = ["Ledger", "attach_report", "extend_error"]


class Ledger:
    """Counts what becomes of samples while they are written.

    Parameters
    ----------
    on_progress : callable
        Called with the number of samples that were just dropped or acknowledged.

    Attributes
    ----------
    samples : int
        Samples that the server acknowledged.
    error : DeliveryError or None
        The first failure.
    """

    def __init__(self, on_progress: Callable[[int], object]) -> None:
        self.samples = 0
        self.error: DeliveryError | None = None
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._adjusted: Counter[str] = Counter()
        self._acknowledged: list[SampleCounts] = []
        self._undelivered: list[SampleCounts] = []

    def count_block(self, blocks: Iterator[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Pass blocks on, and note what they left out and altered."""
        for block in blocks:
            self._dropped.update(block.dropped)
            self._adjusted.update(block.adjusted)
            if block.dropped:
                self._on_progress(sum(block.dropped.values()))
            yield block

    def record(self, outcome: Outcome) -> None:
        """Note what became of a body; called once for each, from any thread."""
        body = outcome.body
        with self._lock:
            self._counts["bytes_raw"] += len(body.data)
            self._counts["retries"] += max(0, outcome.attempts - 1)
            self._counts["in_doubt"] += outcome.in_doubt
            if outcome.error is not None:
                self._undelivered.append(body.counts)
                if self.error is None:
                    self.error = outcome.error
                self.error.in_doubt |= outcome.in_doubt
                return
            self._acknowledged.append(body.counts)
            self.samples += body.n_samples
            self._counts["bytes_sent"] += outcome.bytes_sent
            self._counts["requests"] += 1
            self._on_progress(body.n_samples)

    def record_unsent(self, body: Body) -> None:
        """Note a body that nobody tried to send."""
        with self._lock:
            self._counts["bytes_raw"] += len(body.data)
            self._undelivered.append(body.counts)

    def report(self, *, layout: str, rows: int, total: int, elapsed_s: float) -> WriteReport:
        """Return the account as it stands.

        Parameters
        ----------
        layout : str
            How the samples were read.
        rows : int
            Rows of the frame.
        total : int
            All samples; what was not reached yet counts as undelivered.
        elapsed_s : float
            Wall time so far in seconds.
        """
        tables = (*self._acknowledged, *self._undelivered)
        return WriteReport(
            layout=layout,
            rows=rows,
            series=len({labels for table in tables for labels in table.label_sets}),
            samples=self.samples,
            dropped=dict(self._dropped),
            adjusted=dict(self._adjusted),
            bytes_raw=self._counts["bytes_raw"],
            bytes_sent=self._counts["bytes_sent"],
            requests=self._counts["requests"],
            retries=self._counts["retries"],
            in_doubt=self._counts["in_doubt"],
            first_ms=min((int(table.first_ms.min()) for table in tables), default=None),
            last_ms=max((int(table.last_ms.max()) for table in tables), default=None),
            elapsed_s=elapsed_s,
            undelivered=total - self.samples - self._dropped.total(),
            acknowledged_counts=tuple(self._acknowledged),
            undelivered_counts=tuple(self._undelivered),
        )


def attach_report(report: WriteReport, error: BaseException) -> None:
    """Give an error that strikes in the middle, such as Ctrl-C, the account so far."""
    error.add_note(f"vm_df_writer: what was written so far:\n{report}")
    error.report = report  # type: ignore[attr-defined]


def extend_error(error: DeliveryError, note: str, report: WriteReport) -> None:
    """Give an error the account, and add to its message what that says."""
    error.report = report
    error.args = (f"{error.args[0]} ({note})",)
