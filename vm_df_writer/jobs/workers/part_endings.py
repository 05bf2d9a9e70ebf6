"""How the attempt to write a part ended, by the report of the write or by its error."""

from __future__ import annotations

from functools import partial
from typing import Any

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.jobs.errors import JobStopped
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.jobs.workers.results import PartResult, compressed_receipt, totals_of
from vm_df_writer.model.report import WriteReport

__all__ = ["ends_the_job", "undelivered", "without_counts", "written"]


def written(record: PartRecord, report: WriteReport) -> PartResult:
    """Return how an attempt ended that no error ended."""
    if report.spooled:
        spooled = DeliveryError(
            f"{report.undelivered:,} samples of {record.path} are kept in the spool folder; "
            "send them with vm-df-writer replay, and run again to write the rest"
        )
        return PartResult(record, PartState.SPOOLED, str(spooled), totals_of(report), error=spooled)
    nothing_sent, totals = _is_nothing_sent(report), _new_totals(record, report)
    ended = partial(PartResult, record, totals=totals, nothing_sent=nothing_sent)
    if report.undelivered and nothing_sent:
        return ended(PartState.PENDING)
    if report.undelivered:
        reason = (
            f"interrupted when {report.samples:,} of {report.total:,} samples were acknowledged; "
            "all of them will be sent again"
        )
        return ended(PartState.PENDING, reason)
    if not nothing_sent:
        state = PartState.SENT if report.verification is None else PartState.VERIFIED
        return ended(state, receipt=_receipt_of(report))
    if n := report.dropped.get("exists"):
        return ended(PartState.SKIPPED, f"the server has all of its samples at their times ({n:,})")
    return ended(PartState.EMPTY)


def undelivered(record: PartRecord, error: DeliveryError) -> PartResult:
    """Return how an attempt ended that the server or a stop ended.

    Where all is acknowledged and only reading it back failed, other parts can still be sent.
    """
    report = error.report
    ended = partial(
        PartResult,
        record,
        reason=error.describe(),
        totals=None if report is None else _new_totals(record, report),
        nothing_sent=report is not None and _is_nothing_sent(report),
    )
    if report is not None and not report.undelivered:
        return ended(PartState.SENT, receipt=_receipt_of(report))
    if isinstance(error, ServerRejected) and error.is_about_the_body:
        # The server refuses what is in this body; it may take the bodies of other parts.
        return ended(PartState.FAILED)
    return ended(PartState.PENDING, error=ends_the_job(error))


def _receipt_of(report: WriteReport) -> bytes | None:
    return None if report.digests is None else compressed_receipt(report.digests)


def _new_totals(record: PartRecord, report: WriteReport) -> dict[str, Any] | None:
    """Return the numbers of an attempt; None, which keeps the old ones, if it came less far."""
    came_less_far = report.undelivered and report.samples < record.totals.get("samples", 0)
    return None if came_less_far else totals_of(report)


def _is_nothing_sent(report: WriteReport) -> bool:
    return not report.requests and not report.in_doubt


def ends_the_job(error: DeliveryError) -> DeliveryError | None:
    """Return an error that concerns every part; a job that was stopped ends without one."""
    return None if isinstance(error, JobStopped) else without_counts(error)


def without_counts(error: DeliveryError) -> DeliveryError:
    """Make an error small enough for the pipe to the job's process."""
    error.report = error.report and error.report.summary()
    return error
