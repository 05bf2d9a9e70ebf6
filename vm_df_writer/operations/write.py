"""One write: a frame on its way to the server, or to the spool, and the account of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.display.progress import ProgressChoice, progress_bar
from vm_df_writer.display.text import describe_counts, format_utc
from vm_df_writer.errors import SpoolError
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.operations.ledger import Ledger, attach_report, extend_error
from vm_df_writer.transport.ui_links import series_expr
from vm_df_writer.wire.packing import Body

__all__ = ["deliver_frame"]

_log = logging.getLogger("vm_df_writer")


def deliver_frame(
    read: ParsedFrame,
    backend: Backend,
    pack: Callable[[Iterator[SeriesBlock]], Iterator[Body]],
    *,
    progress: ProgressChoice,
    dry_run: bool,
) -> WriteReport:
    """Send a frame, and put what the server did not acknowledge into the spool, if there is one.

    Parameters
    ----------
    read : ParsedFrame
        The frame.
    route : Backend
        The way to the server.
    pack : callable
        Makes bodies of blocks.
    progress, dry_run
        As for `VmWriter.write`.

    Raises
    ------
    DeliveryError
        If samples are neither on the server nor in the spool. Whatever else is raised once the
        first sample is on its way has a `report`, too.
    """
    with progress_bar(progress, read.n_samples) as on_progress:
        write = _Write(read, backend, on_progress)
        try:
            write.run(pack, dry_run=dry_run)
        except BaseException as error:
            # Ctrl-C, or out of memory: the account must not be lost with it.
            attach_report(write.report(), error)
            raise
    report = write.report()
    if report.first_ms is None:
        _log.warning(
            "No valid datapoints in a frame of %d rows (dropped: %s), read as %s: %s",
            read.rows,
            describe_counts(report.dropped),
            read.layout,
            read.reason,
        )
        return report
    _log.info(
        "wrote %d samples of %d series in %.3f s; %d dropped, %d undelivered",
        report.samples,
        report.series,
        report.elapsed_s,
        sum(report.dropped.values()),
        report.undelivered,
    )
    write.raise_what_is_lost(report)
    return report


class _Write:
    def __init__(
        self, read: ParsedFrame, backend: Backend, on_progress: Callable[[int], object]
    ) -> None:
        self._read = read
        self._backend = backend
        self._account = Ledger(on_progress)
        self._failed: list[Outcome] = []
        self._unsettled: set[Body] = set()
        self._spooled: list[str] = []
        self._spool_failure: OSError | None = None
        self._lost: list[SampleCounts] = []
        self._started = time.perf_counter()

    def run(
        self, pack: Callable[[Iterator[SeriesBlock]], Iterator[Body]], *, dry_run: bool
    ) -> None:
        bodies = pack(self._account.count_block(self._read.blocks()))
        if not dry_run:
            self._backend.sender.deliver(map(self._pass_on, bodies), self._settle)
        for outcome in self._failed:
            self._keep(outcome.body, in_doubt=outcome.in_doubt)
        # Whoever gives bodies their turn may have ended with one in hand; and others were never
        # pulled, after a failure.
        for body in chain(list(self._unsettled), bodies):
            self._account.record_unsent(body)
            self._keep(body)

    def _pass_on(self, body: Body) -> Body:
        self._unsettled.add(body)
        return body

    def _settle(self, outcome: Outcome) -> None:
        self._unsettled.discard(outcome.body)
        self._account.record(outcome)
        if outcome.error is not None:  # never many: the first one ends the delivery
            self._failed.append(outcome)

    def _keep(self, body: Body, *, in_doubt: bool = False) -> None:
        spool, error = self._backend.spool, self._account.error
        if error is None:  # a dry run
            return
        if spool is not None and self._spool_failure is None:
            try:
                path = spool.keep(
                    body,
                    tenant=self._backend.endpoint.tenant,
                    reason=str(error),
                    in_doubt=in_doubt,
                )
            except OSError as failure:
                self._spool_failure = failure
            else:
                self._spooled.append(str(path))
                return
        self._lost.append(body.counts)

    def report(self) -> WriteReport:
        """Return the account as it stands."""
        report = self._account.report(
            layout=self._read.layout,
            rows=self._read.rows,
            total=self._read.n_samples,
            elapsed_s=time.perf_counter() - self._started,
        )
        report = replace(report, spooled=tuple(self._spooled))
        if report.first_ms is None or report.last_ms is None:
            return report
        shown = series_expr(self._read.label_sets), report.first_ms, report.last_ms
        endpoint = self._backend.endpoint
        return replace(
            report, vmui_url=endpoint.vmui_url(*shown), grafana_url=endpoint.grafana_url(*shown)
        )

    def raise_what_is_lost(self, report: WriteReport) -> None:
        """Raise if there are samples that are neither on the server nor in the spool."""
        error, spool = self._account.error, self._backend.spool
        if error is None:
            return
        missing = f"{report.undelivered:,} of {report.total:,} samples are not acknowledged"
        if spool is None:
            extend_error(error, f"{missing}: see .report", report)
            raise error
        if self._spool_failure is not None:
            reason = self._spool_failure.strerror
            raise SpoolError(
                f"spool_dir: {str(spool.folder)!r} takes no more ({reason}): "
                f"{_describe(self._lost)} are neither on the server nor in the folder; make room "
                f"and write them again. {missing}, since {error}",
                report=report,
                in_doubt=error.in_doubt,
            ) from error
        _log.warning(
            "%s; they are kept in %d files in %r, for vm-df-writer replay. %s",
            missing,
            len(report.spooled),
            str(spool.folder),
            error,
        )


def _describe(lines: Iterable[SampleCounts]) -> str:
    table = SampleCounts.concat(list(lines))
    first, *others = dict.fromkeys(table.label_sets)
    more = f" and {len(others):,} more series" if others else ""
    return (
        f"{int(table.samples.sum()):,} samples of {first[:300].decode(errors='replace')}{more}, "
        f"{format_utc(int(table.first_ms.min()))} to {format_utc(int(table.last_ms.max()))},"
    )
