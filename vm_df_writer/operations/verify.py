"""Verification: a frame that was written is read back, and repaired where that is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import shown
from vm_df_writer.display.warn import warn_caller
from vm_df_writer.errors import ConfigError
from vm_df_writer.frames.given_frame import FrameLike
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.diagnosis import verification_failure
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.preflight import plan_send, warn_of_dropped
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.verify_blocks import missing_blocks, verify_blocks
from vm_df_writer.warning_classes import CopiesWarning

__all__ = [
    "VerifyChoice",
    "block_reader",
    "check_choice",
    "verify_frame",
    "verify_plan",
    "verify_written",
]

VerifyChoice = bool | Literal["count", "repair"]


def check_choice(verify: object) -> None:
    """Refuse what is none of the choices of `verify`.

    Examples
    --------
    >>> check_choice("repair")
    >>> check_choice("repiar")
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.ConfigError: verify: expected a bool, 'count' or 'repair', got 'repiar'
    """
    if not isinstance(verify, bool) and verify not in ("count", "repair"):
        raise ConfigError(
            f"verify: expected a bool, 'count' or 'repair', got {shown(verify)}", keyword="verify"
        )


def verify_frame(
    backend: Backend,
    frame: FrameLike,
    reading: ReadOptions,
    *,
    count_only: bool = False,
) -> Verification:
    """Compare a frame with what the server has; as `VmWriter.verify`."""
    return verify_plan(plan_send(backend, frame, reading), backend, count_only=count_only)


def verify_plan(
    plan: SendPlan,
    backend: Backend,
    *,
    count_only: bool = False,
    accept_conflicting: bool = False,
) -> Verification:
    """Compare what was planned with what the server has; as `VmWriter.verify`."""
    plan.require_reading_back("verify")
    ledger = Ledger()
    blocks = map(ledger.count_block, plan.blocks())
    reader = block_reader(backend, count_only=count_only)
    result = verify_blocks(blocks, reader, accept_conflicting=accept_conflicting)
    warn_of_dropped(ledger.dropped, plan.parsed.n_samples, plan.limits.times)
    _warn_of_copies(result)
    if not result.verification.ok:
        raise verification_failure(result, backend.server, plan.servers)
    return result.verification


def verify_written(
    plan: SendPlan,
    backend: Backend,
    ledger: Ledger,
    verify: VerifyChoice,
    *,
    accept_conflicting: bool = False,
) -> VerificationResult:
    """Read back what was just written, and send once more what is missing if that is asked for.

    Raises
    ------
    DeliveryError
        If the server cannot be read, or what is missing cannot be sent again.
    """
    # What was sent twice may make up in number for what is missing.
    count_only = verify == "count" and not ledger.in_doubt
    reader = block_reader(backend, count_only=count_only)
    result = verify_blocks(plan.blocks(), reader, accept_conflicting=accept_conflicting)
    ledger.verification = result.verification
    _warn_of_copies(result)
    # What a server in between still has to hand on would be stored twice.
    if verify == "repair" and result.verification.missing and not result.is_queued:
        return _repair(plan, backend, ledger, result, accept_conflicting=accept_conflicting)
    return result


def _repair(
    plan: SendPlan,
    backend: Backend,
    ledger: Ledger,
    result: VerificationResult,
    *,
    accept_conflicting: bool,
) -> VerificationResult:
    missing = missing_blocks(plan.blocks(), block_reader(backend), result.incomplete)
    backend.sender.deliver(
        plan.bodies(missing),
        ledger.record_repair,
        receiver=plan.servers.receiver,
        query_key=plan.query_key,
    )
    if ledger.error is not None:
        raise ledger.error
    again = verify_blocks(
        plan.blocks(),
        block_reader(backend),
        only=result.incomplete,
        accept_conflicting=accept_conflicting,
    )
    repaired = Verification(repaired=ledger.repaired)
    ledger.verification = result.intact + again.verification + repaired
    return replace(again, verification=ledger.verification)


def _warn_of_copies(result: VerificationResult) -> None:
    if copies := result.describe_copies():
        warn_caller(copies, CopiesWarning)


def block_reader(backend: Backend, *, count_only: bool = False) -> BlockReader:
    """Return a reader of what is acknowledged by now."""
    servers = backend.server.info()
    return BlockReader(
        backend.client,
        backend.endpoint,
        backend.read_back,
        acknowledged_at=backend.read_back.clock(),
        reads_by=servers.reads_back,
        deduplication=servers.deduplication(),
        count_only=count_only,
        shows_all_stored=servers.shows_all_stored,
        is_queued=lambda: bool(backend.server.describe_queue()),
    )
