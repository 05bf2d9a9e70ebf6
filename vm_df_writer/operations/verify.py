"""One verification: a frame that was written, read back and where need be repaired."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.errors import DeliveryError
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.ledger import Ledger, extend_error
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.export_reader import ReadBackPolicy
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.verify_blocks import missing_blocks, verify_blocks
from vm_df_writer.wire.packing import Body

__all__ = ["Pack", "VerifyChoice", "verify_frame", "verify_write"]

VerifyChoice = bool | Literal["count", "repair"]
Pack = Callable[[Iterator[SeriesBlock]], Iterator[Body]]


def verify_frame(
    blocks: Iterator[SeriesBlock], backend: Backend, *, count_only: bool = False
) -> VerificationResult:
    """Read back the blocks of a frame that was written.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    return verify_blocks(blocks, _look(backend, count_only=count_only))


def verify_write(
    read: ParsedFrame, backend: Backend, report: WriteReport, pack: Pack, verify: VerifyChoice
) -> tuple[VerificationResult, WriteReport]:
    """Read back what was just written, and send once more what is missing if that is asked for.

    Parameters
    ----------
    read : ParsedFrame
        The frame.
    route : Backend
        The way to the server.
    report : WriteReport
        The account of the write.
    pack : callable
        Makes bodies of blocks.
    verify
        As for `VmWriter.write`.

    Returns
    -------
    VerificationResult
        What is there in the end.
    WriteReport
        The account, with the verification and the requests of a repair.

    Raises
    ------
    DeliveryError
        If the server cannot be read, or what is missing cannot be sent again.
    """
    try:
        # What was sent twice may make up in number for what is missing.
        count_only = verify == "count" and not report.in_doubt
        findings = verify_frame(read.blocks(), backend, count_only=count_only)
    except DeliveryError as error:
        note = "every sample is acknowledged, and only reading them back failed: see .report"
        extend_error(error, note, report)
        raise
    report = replace(report, verification=findings.verification)
    if verify == "repair" and findings.verification.missing:
        return _repair(read, backend, report, pack, findings)
    return findings, report


def _repair(
    read: ParsedFrame,
    backend: Backend,
    report: WriteReport,
    pack: Pack,
    findings: VerificationResult,
) -> tuple[VerificationResult, WriteReport]:
    account = Ledger(lambda _: None)
    missing = missing_blocks(read.blocks(), _look(backend), findings.incomplete)
    try:
        backend.sender.deliver(pack(account.count_block(missing)), account.record)
        report = _add_requests(report, account)
        if account.error is not None:
            raise account.error
        again = verify_blocks(read.blocks(), _look(backend), only=findings.incomplete)
    except DeliveryError as error:
        lost = f"{findings.verification.missing:,} samples that the server did not keep"
        extend_error(error, f"while sending again {lost}: see .report", report)
        raise
    verification = findings.intact + again.verification + Verification(repaired=account.samples)
    return replace(again, verification=verification), replace(report, verification=verification)


def _add_requests(report: WriteReport, account: Ledger) -> WriteReport:
    repair = account.report(layout="", rows=0, total=account.samples, elapsed_s=0.0)
    return replace(
        report,
        bytes_raw=report.bytes_raw + repair.bytes_raw,
        bytes_sent=report.bytes_sent + repair.bytes_sent,
        requests=report.requests + repair.requests,
        retries=report.retries + repair.retries,
        in_doubt=report.in_doubt + repair.in_doubt,
    )


def _look(backend: Backend, *, count_only: bool = False) -> BlockReader:
    return BlockReader(
        backend.client,
        backend.endpoint,
        ReadBackPolicy(sleep=backend.sleep),
        deduplication=backend.server.info().deduplication(),
        count_only=count_only,
        is_queued=lambda: bool(backend.server.describe_queue()),
    )
