"""The account of one write: every sample of the frame ends up in exactly one place."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator

from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.errors import DeliveryError
from vm_df_writer.frames.layout import FrameReading
from vm_df_writer.line_table import LineTable
from vm_df_writer.report import WriteReport
from vm_df_writer.series import SeriesBlock
from vm_df_writer.wire.bodies import Body

__all__ = ["Account"]


class Account:
    """Counts what becomes of a frame's samples while it is written.

    Parameters
    ----------
    read : FrameReading
        The frame.
    on_progress : callable
        Called with the number of samples that were just dropped or acknowledged.
    """

    def __init__(self, read: FrameReading, on_progress: Callable[[int], object]) -> None:
        self._read = read
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._adjusted: Counter[str] = Counter()
        self._acknowledged: list[LineTable] = []
        self._undelivered: list[LineTable] = []
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self.error: DeliveryError | None = None

    def tap(self, blocks: Iterator[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Pass blocks on, and note what they left out and altered."""
        for block in blocks:
            self._dropped.update(block.dropped)
            self._adjusted.update(block.adjusted)
            if block.n_samples:
                first, last = int(block.timestamps_ms.min()), int(block.timestamps_ms.max())
                self._first_ms = first if self._first_ms is None else min(first, self._first_ms)
                self._last_ms = last if self._last_ms is None else max(last, self._last_ms)
            if block.dropped:
                self._on_progress(sum(block.dropped.values()))
            yield block

    def settle(self, outcome: Outcome) -> None:
        """Note what became of a body; called once for each, from any thread."""
        body = outcome.body
        with self._lock:
            self._counts["bytes_raw"] += len(body.data)
            self._counts["retries"] += max(0, outcome.attempts - 1)
            self._counts["in_doubt"] += outcome.in_doubt
            if outcome.error is not None:
                self._undelivered.append(body.lines)
                if self.error is None:
                    self.error = outcome.error
                self.error.in_doubt |= outcome.in_doubt
                return
            self._acknowledged.append(body.lines)
            self._counts["samples"] += body.n_samples
            self._counts["bytes_sent"] += outcome.bytes_sent
            self._counts["requests"] += 1
            self._on_progress(body.n_samples)

    def leave(self, body: Body) -> None:
        """Note a body that nobody tried to send."""
        with self._lock:
            self._counts["bytes_raw"] += len(body.data)
            self._undelivered.append(body.lines)

    def report(self, elapsed_s: float) -> WriteReport:
        """Return the account as it stands; what was not reached yet counts as undelivered."""
        samples = self._counts["samples"]
        tables = (*self._acknowledged, *self._undelivered)
        return WriteReport(
            layout=self._read.layout,
            rows=self._read.rows,
            series=len({labels for table in tables for labels in table.label_sets}),
            samples=samples,
            dropped=dict(self._dropped),
            adjusted=dict(self._adjusted),
            bytes_raw=self._counts["bytes_raw"],
            bytes_sent=self._counts["bytes_sent"],
            requests=self._counts["requests"],
            retries=self._counts["retries"],
            in_doubt=self._counts["in_doubt"],
            first_ms=self._first_ms,
            last_ms=self._last_ms,
            elapsed_s=elapsed_s,
            undelivered=self._read.n_samples - samples - self._dropped.total(),
            acknowledged_lines=tuple(self._acknowledged),
            undelivered_lines=tuple(self._undelivered),
        )
