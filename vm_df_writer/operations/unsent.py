"""What a write did not deliver: counted without being formatted, and kept if there is a spool."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from functools import partial

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.display.text import format_utc
from vm_df_writer.errors import DeliveryError, SpoolError
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.send_plan import SendPlan

__all__ = ["count_unsent", "keep_unsent"]

_log = logging.getLogger(__name__)


def count_unsent(plan: SendPlan, ledger: Ledger) -> int:
    """Record all that was never taken for delivery, and return how many samples that is.

    What blocks leave out is counted afresh: an interrupt may have struck while it was counted.
    """
    ledger.dropped.clear()
    ledger.adjusted.clear()
    for block in plan.blocks():
        ledger.dropped.update(block.dropped)
        ledger.adjusted.update(block.adjusted)
    n_samples = 0
    for block in plan.blocks_after(ledger.settled):
        if block.n_series:
            n_samples += block.n_samples
            ledger.record_unsent(SampleCounts.of_block(block))
    return n_samples


def keep_unsent(
    plan: SendPlan,
    backend: Backend,
    ledger: Ledger,
    interrupt: OneInterrupt,
    reason: BaseException,
) -> SpoolError | None:
    """Put what is not acknowledged into the spool, if there is one; another Ctrl-C ends that.

    The bodies that failed come first, then the samples that were never taken for delivery.

    Returns
    -------
    SpoolError or None
        What to tell if samples are neither on the server nor in the spool.
    """
    spool, tenant = backend.spool, backend.endpoint.tenant
    if spool is None:
        return None
    why = reason.describe() if isinstance(reason, DeliveryError) else type(reason).__name__
    failed, position = deque(ledger.failed), ledger.settled
    keep = partial(spool.keep, tenant=tenant, reason=why, receiver=plan.servers.receiver)
    refusal = "interrupted"
    try:
        while failed and not interrupt.noted:
            body, in_doubt = failed[0].body, failed[0].in_doubt
            path = keep(body, in_doubt=in_doubt)
            ledger.spooled.append(str(path))
            failed.popleft()
        for body in plan.bodies(plan.blocks_after(position)):
            if interrupt.noted:
                break
            ledger.spooled.append(str(keep(body)))
            position += body.n_samples
    except OSError as error:
        refusal = error.strerror or str(error)
    undelivered = ledger.undelivered(plan.parsed.n_samples)
    total = ledger.samples + ledger.dropped.total() + undelivered
    missing = f"{undelivered:,} of {total:,} samples are not acknowledged"
    lost = [outcome.body.counts for outcome in failed]
    lost += [SampleCounts.of_block(b) for b in plan.blocks_after(position) if b.n_series]
    if not lost:
        _log.warning(
            "%s; they are kept in %d files in %r, for vm-df-writer replay. %s",
            missing,
            len(ledger.spooled),
            str(spool.folder),
            why,
        )
        return None
    return SpoolError(
        f"spool_dir: {str(spool.folder)!r} takes no more ({refusal}): {_describe(lost)} are "
        "neither on the server nor in the folder; make room and write them again. "
        f"{missing}, since {why}",
        in_doubt=ledger.in_doubt > 0,
    )


def _describe(counts: Sequence[SampleCounts]) -> str:
    table = SampleCounts.concat(counts)
    first, *others = dict.fromkeys(table.label_sets)
    more = f" and {len(others):,} more series" if others else ""
    return (
        f"{int(table.samples.sum()):,} samples of {first[:300].decode(errors='replace')}{more}, "
        f"{format_utc(int(table.first_ms.min()))} to {format_utc(int(table.last_ms.max()))},"
    )
