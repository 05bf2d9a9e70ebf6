"""The ledger of one write: every sample ends up in exactly one place."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from vm_df_writer.delivery.retry import Retry
from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.errors import DeliveryError, VmDfWriterError, WriteInterrupted
from vm_df_writer.model.reading import Reading
from vm_df_writer.model.replaced import Replaced
from vm_df_writer.model.report import CacheReset, WriteReport
from vm_df_writer.model.sample_counts import SampleCounts, count_series
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import WindowDigest

__all__ = ["Ledger", "reporting"]

Links = Callable[[int, int], tuple[str | None, str | None]]

_NOTE = "vm_df_writer: what was written so far (.report):\n{}"


class Ledger:
    """Counts what becomes of samples while they are written; its report is built once, at the end.

    Parameters
    ----------
    receipt : bool
        Whether to sum up what blocks hold.

    Attributes
    ----------
    samples : int
        Samples that the server acknowledged.
    dropped, adjusted : Counter of str
        Samples that blocks left out or altered, by reason.
    failed : list of Outcome
        Bodies that were not acknowledged; few, since the first one ends the delivery.
    error : DeliveryError or None
        The first failure.
    repaired : int
        Samples that a repair sent again.
    spooled : list of str
        The files that hold what was not acknowledged.
    replaced : Replaced or None
        What was exported, deleted and imported again.
    digests : list of WindowDigest or None
        What blocks hold, if that is summed up.
    verification, server_drops, cache_reset
        As in a `WriteReport`.
    """

    def __init__(self, *, receipt: bool = False) -> None:
        self.digests: list[WindowDigest] | None = [] if receipt else None
        self.samples: int = 0
        self.repaired: int = 0
        self.dropped: Counter[str] = Counter()
        self.adjusted: Counter[str] = Counter()
        self.failed: list[Outcome] = []
        self.error: DeliveryError | None = None
        self.spooled: list[str] = []
        self.replaced: Replaced | None = None
        self.verification: Verification | None = None
        self.server_drops: dict[str, int] | None = None
        self.cache_reset: CacheReset | None = None
        self._retry: Retry | None = None
        self._lock = threading.Lock()
        self._traffic: Counter[str] = Counter()
        self._acknowledged: list[SampleCounts] = []
        self._unsent: list[SampleCounts] = []
        self._started = time.perf_counter()
        self._elapsed_s: float | None = None

    @property
    def requests(self) -> int:
        """Acknowledged requests."""
        return self._traffic["requests"]

    @property
    def in_doubt(self) -> int:
        """Bodies that may be stored more than once, or though they were not acknowledged."""
        return self._traffic["in_doubt"]

    @property
    def settled(self) -> int:
        """Samples of all bodies that were taken for delivery, whatever became of them.

        Bodies are taken in the order of the frame, so that these are its first samples.
        """
        return self.samples + sum(outcome.body.n_samples for outcome in self.failed)

    @property
    def done(self) -> int:
        """Samples that were acknowledged or left out so far."""
        return self.samples + self.dropped.total()

    @property
    def status(self) -> str:
        """What keeps the write waiting, in a word or two; nothing if it goes on."""
        retry = self._retry
        return "" if retry is None else retry.brief

    @property
    def first_ms(self) -> int | None:
        """Epoch milliseconds of the first sample to send; None if there is none."""
        return min((int(counts.first_ms.min()) for counts in self._all_counts), default=None)

    @property
    def last_ms(self) -> int | None:
        """Epoch milliseconds of the last sample to send; None if there is none."""
        return max((int(counts.last_ms.max()) for counts in self._all_counts), default=None)

    @property
    def _undelivered(self) -> list[SampleCounts]:
        return [outcome.body.counts for outcome in self.failed] + self._unsent

    @property
    def _all_counts(self) -> list[SampleCounts]:
        return self._acknowledged + self._undelivered

    def count_block(self, block: SeriesBlock) -> SeriesBlock:
        """Count what a block left out and altered, and return it."""
        self.dropped.update(block.dropped)
        self.adjusted.update(block.adjusted)
        if self.digests is not None and block.n_series:
            self.digests.append(WindowDigest.of_block(block))
        return block

    def record(self, outcome: Outcome) -> None:
        """Record what became of a body; called once for each, from any thread."""
        with self._lock:
            self._count_traffic(outcome)
            if outcome.error is not None:
                self.failed.append(outcome)
                self.error = self.error or outcome.error
                self.error.in_doubt |= outcome.in_doubt
            else:
                self._retry = None
                self._acknowledged.append(outcome.body.counts)
                self.samples += outcome.body.n_samples

    def note_retry(self, retry: Retry) -> None:
        """Note that a body is about to be sent again."""
        self._retry = retry

    def record_repair(self, outcome: Outcome) -> None:
        """Record what became of a body of samples that are sent again."""
        self.record_rewrite(outcome)
        if outcome.error is None:
            with self._lock:
                self.repaired += outcome.body.n_samples

    def record_rewrite(self, outcome: Outcome) -> None:
        """Record what became of a body with the whole of series, the frame's samples among it."""
        with self._lock:
            self._count_traffic(outcome)
            if outcome.error is not None:
                self.error = self.error or outcome.error

    def record_replaced(self, counts: SampleCounts) -> None:
        """Record samples that are acknowledged with the whole of their series."""
        self._acknowledged.append(counts)
        self.samples += int(counts.samples.sum())

    def record_unsent(self, counts: SampleCounts, bytes_raw: int = 0) -> None:
        """Record samples that no request was made for."""
        self._traffic["bytes_raw"] += bytes_raw
        self._unsent.append(counts)

    def stop_clock(self) -> None:
        """End the time that is told as that of the write: what follows reads back."""
        self._elapsed_s = time.perf_counter() - self._started

    def _count_traffic(self, outcome: Outcome) -> None:
        self._traffic["bytes_raw"] += len(outcome.body.data)
        self._traffic["retries"] += max(0, outcome.attempts - 1)
        self._traffic["in_doubt"] += outcome.in_doubt
        if outcome.error is None:
            self._traffic["bytes_sent"] += outcome.bytes_sent
            self._traffic["requests"] += 1

    def undelivered(self, total: int) -> int:
        """Return how many of all samples were not acknowledged, nor left out.

        It is what remains, so that no interrupt can keep the account from closing.
        """
        return max(0, total - self.samples - self.dropped.total())

    def report(
        self,
        *,
        layout: str,
        rows: int,
        total: int,
        reading: Reading | None = None,
        label_sets: Sequence[bytes] = (),
        links: Links = lambda *_: (None, None),
    ) -> WriteReport:
        """Return the account as it stands.

        Parameters
        ----------
        layout : str
            How the samples were read.
        rows : int
            Rows of the frame.
        total : int
            All samples.
        reading : Reading, optional
            How the frame was understood.
        label_sets : sequence of bytes, optional
            The label sets of the frame, no two alike.
        links : callable, optional
            Makes links to vmui and Grafana of the times of the first and last sample that was
            acknowledged; without such a sample there are none.
        """
        first_ms, last_ms = self.first_ms, self.last_ms
        vmui_url = grafana_url = None
        if sent := self._acknowledged:
            vmui_url, grafana_url = links(
                min(int(counts.first_ms.min()) for counts in sent),
                max(int(counts.last_ms.max()) for counts in sent),
            )
        elapsed_s = self._elapsed_s
        return WriteReport(
            layout=layout,
            reading=reading,
            rows=rows,
            series=count_series(self._all_counts, label_sets),
            samples=self.samples,
            dropped=dict(self.dropped),
            adjusted=dict(self.adjusted),
            bytes_raw=self._traffic["bytes_raw"],
            bytes_sent=self._traffic["bytes_sent"],
            requests=self._traffic["requests"],
            retries=self._traffic["retries"],
            in_doubt=self._traffic["in_doubt"],
            first_ms=first_ms,
            last_ms=last_ms,
            elapsed_s=time.perf_counter() - self._started if elapsed_s is None else elapsed_s,
            undelivered=self.undelivered(total),
            spooled=tuple(self.spooled),
            replaced=self.replaced,
            verification=self.verification,
            server_drops=self.server_drops,
            cache_reset=self.cache_reset,
            digests=None if self.digests is None else tuple(self.digests),
            acknowledged_counts=tuple(self._acknowledged),
            undelivered_counts=tuple(self._undelivered),
            vmui_url=vmui_url,
            grafana_url=grafana_url,
        )


@contextmanager
def reporting(report: Callable[[], WriteReport]) -> Iterator[None]:
    """See to it that the account so far rides on whatever is raised in the block.

    Errors of this library have a place for it. A Ctrl-C becomes `WriteInterrupted`. Any other
    exception gets an attribute `report`.
    """
    try:
        yield
    except VmDfWriterError as error:
        error.report = report()
        raise
    except KeyboardInterrupt as interrupt:
        interrupted = WriteInterrupted(report())
        interrupted.add_note(_NOTE.format(interrupted.report))
        raise interrupted from interrupt
    except BaseException as error:
        so_far = report()
        error.report = so_far  # type: ignore[attr-defined]
        error.add_note(_NOTE.format(so_far))
        raise
