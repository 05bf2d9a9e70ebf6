"""One write: a frame on its way to the server, or to the spool, and the account of it."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import partial

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.display.progress import ProgressBar, ProgressChoice
from vm_df_writer.display.text import describe_counts
from vm_df_writer.errors import FrameError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.diagnosis import (
    DropWatch,
    log_doubts,
    reset_or_judge_cache,
    verification_failure,
)
from vm_df_writer.operations.existing.if_exists import IfExists, check_if_exists, without_existing
from vm_df_writer.operations.existing.replacement import open_replacement
from vm_df_writer.operations.ledger import Ledger, reporting
from vm_df_writer.operations.observed_write import ObservedWrite
from vm_df_writer.operations.preflight import plan_send, warn_of_dropped, warn_of_tenant_labels
from vm_df_writer.operations.receipts.verify_receipt import check_receipt_choice
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.unsent import count_unsent, keep_unsent
from vm_df_writer.operations.verify import VerifyChoice, check_choice, verify_written
from vm_df_writer.transport.ui_links import report_links

__all__ = ["write_frame", "write_plan"]

_log = logging.getLogger(__name__)


def write_frame(
    backend: Backend,
    frame: FrameLike,
    reading: ReadOptions,
    *,
    if_exists: IfExists | None = None,
    verify: VerifyChoice = False,
    reset_cache: bool = False,
    receipt: bool = False,
    progress: ProgressChoice = "auto",
    dry_run: bool = False,
) -> WriteReport:
    """Write a frame; the parameters and what is raised are `VmWriter.write`'s.

    From the first byte on, the report of what was written rides on every exception.
    """
    check_choice(verify)
    if receipt:
        check_receipt_choice(reading.duplicates, if_exists)
    check_if_exists(if_exists)
    return write_plan(
        plan_send(backend, frame, reading),
        backend,
        if_exists=if_exists,
        verify=verify,
        reset_cache=reset_cache,
        receipt=receipt,
        progress=progress,
        dry_run=dry_run,
    )


def write_plan(
    plan: SendPlan,
    backend: Backend,
    *,
    if_exists: IfExists | None = None,
    verify: VerifyChoice = False,
    reset_cache: bool = False,
    receipt: bool = False,
    progress: ProgressChoice = "auto",
    dry_run: bool = False,
    among_others: bool = False,
) -> WriteReport:
    """Write what was planned; the parameters and what is raised are `VmWriter.write`'s.

    `among_others` says that other parts may store further samples at the same times, since the
    caller keeps duplicates: they are no failure of this one.
    """
    plan.require(verify=bool(verify), reset_cache=reset_cache)
    warn_of_tenant_labels(backend.endpoint.tenant, plan.parsed.label_names)
    with ExitStack() as stack:
        observed = stack.enter_context(ObservedWrite(backend, plan.query_key, dry_run=dry_run))
        replacement = None
        if if_exists == "replace":
            opened = open_replacement(plan, backend, dry_run=dry_run)
            replacement = stack.enter_context(opened)
        sent = replacement.lacking if replacement else without_existing(plan, backend, if_exists)
        ledger = Ledger(receipt=receipt)
        bar = ProgressBar(
            progress, plan.parsed.n_samples, lambda: ledger.done, status=lambda: ledger.status
        )
        interrupt = stack.enter_context(OneInterrupt())
        stack.enter_context(reporting(lambda: _report(plan, backend, ledger)))
        if dry_run:
            for body in sent.bodies(map(ledger.count_block, sent.blocks())):
                ledger.record_unsent(body.counts, len(body.data))
            if replacement is not None:
                replacement.foretell(ledger)
            warn_of_dropped(ledger.dropped, plan.parsed.n_samples, plan.limits.times)
        else:
            watch = DropWatch(backend, plan, verify=bool(verify))
            with bar:
                _deliver(sent, backend, ledger, interrupt, observed)
                if replacement is not None:
                    replacement.run(ledger, interrupt)
            ledger.stop_clock()
            warn_of_dropped(ledger.dropped, plan.parsed.n_samples, plan.limits.times)
            n_requests, result = ledger.requests, None
            if verify and not ledger.undelivered(plan.parsed.n_samples):
                appends = among_others or if_exists == "append"
                written = plan if replacement else sent  # what was skipped may have other values
                result = verify_written(
                    written, backend, ledger, verify, accept_conflicting=appends
                )
            ledger.server_drops = watch.moved(n_requests)
            ledger.cache_reset = reset_or_judge_cache(backend, plan, ledger, asked=reset_cache)
            if result is not None and not result.verification.ok:
                drops = ledger.server_drops
                raise verification_failure(result, backend.server, plan.servers, drops)
        observed.report = report = _report(plan, backend, ledger)
        _log_end(plan, report)
        if not (verify or dry_run):
            log_doubts(backend, plan, report)
        return report


def _deliver(
    plan: SendPlan,
    backend: Backend,
    ledger: Ledger,
    interrupt: OneInterrupt,
    observed: ObservedWrite,
) -> None:
    """Send a plan; whatever ends that, what is left is counted, and kept if there is a spool."""
    try:
        bodies = observed.timed(plan.bodies(map(ledger.count_block, plan.blocks())))
        backend.sender.deliver(
            bodies,
            ledger.record,
            ledger.note_retry,
            receiver=plan.servers.receiver,
            query_key=plan.query_key,
        )
    except BaseException as error:
        interrupt.hold()
        try:
            count_unsent(plan, ledger)
            if loss := keep_unsent(plan, backend, ledger, interrupt, error):
                _log.warning("%s", loss.describe())
        except Exception as second:  # noqa: BLE001 - the caller must see the first one
            _log.warning("what is left of the frame cannot be read once more: %r", second)
        raise
    total = plan.parsed.n_samples
    if ledger.error is not None:
        count_unsent(plan, ledger)
        if backend.spool is None:
            raise ledger.error
        if loss := keep_unsent(plan, backend, ledger, interrupt, ledger.error):
            raise loss from ledger.error
    elif ledger.settled + ledger.dropped.total() != total:  # or the throttle ended it early
        left_out_before = ledger.dropped.copy()
        unsent = count_unsent(plan, ledger)
        dropped = ledger.dropped.total()
        if ledger.settled + dropped + unsent != total:
            # The frame as it is now may leave out what was sent: with that no account would close.
            ledger.dropped = left_out_before
            raise FrameError(
                f"frame: it was changed while it was written: of {total:,} samples "
                f"{ledger.settled:,} were sent, {dropped:,} left out, and {unsent:,} are left; "
                "write a copy of it, or do not change it meanwhile"
            )


def _report(plan: SendPlan, backend: Backend, ledger: Ledger) -> WriteReport:
    parsed = plan.parsed
    return ledger.report(
        total=parsed.n_samples,
        layout=parsed.layout,
        reading=parsed.reading,
        rows=parsed.rows,
        label_sets=parsed.label_sets.json,
        links=partial(
            report_links, backend.endpoint, parsed.label_sets, has_vmui=plan.servers.has_vmui
        ),
    )


def _log_end(plan: SendPlan, report: WriteReport) -> None:
    if report.first_ms is None:
        _log.warning(
            "No valid datapoints in a frame of %d rows (dropped: %s), read as %s: %s",
            report.rows,
            describe_counts(report.dropped),
            report.layout,
            plan.parsed.reason,
        )
    else:
        _log.info(
            "wrote %d samples of %d series in %.3f s; %d dropped, %d undelivered",
            report.samples,
            report.series,
            report.elapsed_s,
            sum(report.dropped.values()),
            report.undelivered,
        )
