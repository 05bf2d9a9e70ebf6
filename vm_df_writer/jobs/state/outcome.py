"""How a run of a job ended, as the states of its parts say."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from vm_df_writer.display.text import describe_counts
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore

__all__ = ["JobOutcome", "outcome_of_parts"]

JobOutcome = Literal[
    "done",
    "dropped",
    "failed",
    "unverified",
    "undelivered",
    "refused",
    "interrupted",
    "running",
    "killed",
]


def outcome_of_parts(
    store: StateStore, *, verify: bool, fail_on_drop: bool
) -> tuple[JobOutcome, str | None]:
    """Return how a run ended that neither an error nor a signal ended, and why."""
    counts = store.counts()
    if n := counts[PartState.SPOOLED]:
        return "undelivered", f"parts in the spool folder: {n:,}; run vm-df-writer replay"
    if n := counts[PartState.PENDING]:
        return "undelivered", f"frames that were begun, and not passed again: {n:,}"
    if verify and (n := counts[PartState.SENT]):
        return "unverified", f"parts that are sent, and could not be verified: {n:,}"
    if n := counts[PartState.FAILED]:
        failed = store.parts(PartState.FAILED)
        read_back = [record.totals.get("verification") for record in failed]
        lost = any(found is not None and not found["ok"] for found in read_back)
        reason = f"parts that failed: {n:,}; try again with --retry-failed"
        return ("unverified" if lost else "failed"), reason
    return _outcome_of_drops(store, fail_on_drop=fail_on_drop)


def _outcome_of_drops(store: StateStore, *, fail_on_drop: bool) -> tuple[JobOutcome, str | None]:
    """Tell a job that is done from one that stored less than is good."""
    records = store.parts()
    dropped: Counter[str] = Counter()
    for record in records:
        dropped.update(record.totals.get("dropped", {}))
    found = describe_counts(dropped)
    left_out = [record for record in records if record.state is PartState.SKIPPED]
    dropped.pop("exists", None)  # the server has these
    if not (left_out or any(record.totals.get("samples") for record in records)):
        return "dropped", f"no sample is stored of what was given (left out: {found})"
    if fail_on_drop and dropped.total():
        return "dropped", f"samples were left out, and fail_on_drop= is set: {found}"
    return "done", None
