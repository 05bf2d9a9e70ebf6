"""A receipt beside what the server has: a frame is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from pathlib import Path

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.text import format_utc
from vm_df_writer.errors import ConfigError, VerificationError
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.receipts.receipt_check import SeriesCheck, check_receipt
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.verification.export.series_reader import SeriesReader

__all__ = ["check_receipt_choice", "load_receipt", "save_receipt", "verify_receipt"]

_NAMED = 3


def check_receipt_choice(duplicates: str, if_exists: str | None = None) -> None:
    """Refuse a receipt of samples that cannot be told from their copies, or were not all sent.

    Examples
    --------
    >>> check_receipt_choice("last")
    >>> check_receipt_choice("keep")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.ConfigError: receipt: duplicates is 'keep', and a receipt ...
    """
    if duplicates == "keep":
        raise ConfigError(
            "receipt: duplicates is 'keep', and a receipt cannot tell a sample that was written "
            "twice from a copy of it; choose another rule for duplicates, or do without",
            keyword="receipt",
        )
    if if_exists == "replace":
        raise ConfigError(
            "receipt: if_exists is 'replace', which sends no sample that the server has; verify "
            "the frame, or do without",
            keyword="receipt",
        )


def save_receipt(receipt: Receipt, path: str | Path) -> None:
    """Write a receipt to a file.

    Raises
    ------
    ConfigError
        If it cannot be written.
    """
    try:
        receipt.save(path)
    except OSError as error:
        raise ConfigError(
            f"receipt: {str(path)!r} cannot be written ({error.strerror}); name another file",
            keyword="receipt",
        ) from None


def load_receipt(path: str | Path) -> Receipt:
    """Read a receipt from a file.

    Raises
    ------
    ConfigError
        If it cannot be read, or is no receipt.
    """
    try:
        return Receipt.load(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"receipt: {str(path)!r} cannot be read: {reason}; name a file that "
            "vm-df-writer write --receipt wrote",
            keyword="receipt",
        ) from None


def verify_receipt(backend: Backend, receipt: Receipt | str | Path) -> Verification:
    """Compare a receipt with what the server has; as `VmWriter.verify_receipt`."""
    if not isinstance(receipt, Receipt):
        receipt = load_receipt(receipt)
    if not backend.client.flush():
        backend.read_back.settle()
    total = Verification()
    wrong: list[SeriesCheck] = []
    reader = SeriesReader(backend.client, backend.endpoint, backend.read_back)
    for found, check in check_receipt(receipt, reader):
        total += found
        if check is not None:
            wrong.append(check)
    if wrong:
        message = "; ".join(_sentences(backend, receipt, total, wrong))
        raise VerificationError(f"verify: {message}", verification=total)
    return total


def _sentences(
    backend: Backend, receipt: Receipt, total: Verification, wrong: list[SeriesCheck]
) -> Iterator[str]:
    n_wrong = len({each.label_set for each in wrong})
    yield (
        f"{n_wrong:,} of {len(receipt.series):,} series do not hold what the receipt tells of "
        f"({total.missing:,} of {total.expected:,} samples missing, {total.mismatched:,} in times "
        "in which values or times are others)"
    )
    for each in nlargest(_NAMED, wrong, key=_lost):
        labels = each.label_set[:300].decode(errors="replace")
        yield (
            f"{labels} differs at {_lost(each):,} of {each.verification.expected:,}, between "
            f"{format_utc(each.first_ms)} and {format_utc(each.last_ms)}"
        )
    if n_wrong > _NAMED:
        yield f"and {n_wrong - _NAMED:,} more series"
    oldest_ms = ServerLimits.of(backend.config, backend.server.info()).times.oldest_ms
    if oldest_ms is not None and any(each.first_ms < oldest_ms for each in wrong):
        yield f"by now the server keeps nothing from before {format_utc(oldest_ms)}"
    yield "look for a later write or another writer of these series, and in the server's log"


def _lost(check: SeriesCheck) -> int:
    return check.verification.missing + check.verification.mismatched
