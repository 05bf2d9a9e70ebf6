"""What workers report of a part: it was written, read back, or looked for on the server."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vm_df_writer.errors import DeliveryError
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.verification import Verification
from vm_df_writer.model.window_digest import WindowDigest

__all__ = [
    "PartDigested",
    "PartProbed",
    "PartResult",
    "PartVerified",
    "PartWritten",
    "compressed_receipt",
    "totals_of",
]

_TOTALS = (
    *("rows", "series", "samples", "dropped", "adjusted", "undelivered", "bytes_raw"),
    *("bytes_sent", "requests", "retries", "in_doubt", "first_ms", "last_ms", "elapsed_s"),
    "verification",
)


@dataclass(frozen=True)
class PartWritten:
    """How the attempt to write a part ended.

    Attributes
    ----------
    record : PartRecord
        The part, as it was before.
    state : PartState
        `PENDING` if the server or a stop ended the attempt, and not the part itself.
    reason : str or None
        Why the part failed, or is not finished.
    totals : mapping or None
        The numbers of the WriteReport; None keeps those of an earlier attempt.
    nothing_sent : bool
        Whether it is certain that the server has nothing of this attempt.
    receipt : bytes or None
        What was written, compressed, if that is summed up and all of it is acknowledged.
    error : DeliveryError or None
        Why the server cannot be written to, which ends the whole job.
    """

    record: PartRecord
    state: PartState
    reason: str | None = None
    totals: Mapping[str, Any] | None = None
    nothing_sent: bool = False
    receipt: bytes | None = field(default=None, repr=False)
    error: DeliveryError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PartVerified:
    """What reading back a part found that an earlier run has sent.

    Attributes
    ----------
    record : PartRecord
        The part, as it was before.
    state : PartState
        `SENT` if the samples could not be compared.
    reason : str or None
        Why it is not verified.
    verification : Verification or None
        What was found; None if the samples could not be compared.
    error : DeliveryError or None
        Why the server cannot be read, which ends the whole job.
    """

    record: PartRecord
    state: PartState
    reason: str | None = None
    verification: Verification | None = None
    error: DeliveryError | None = field(default=None, compare=False)

    @property
    def totals(self) -> Mapping[str, Any] | None:
        """The numbers of the part, with what was found now; None if nothing was."""
        if self.verification is None:
            return None
        return {**self.record.totals, "verification": self.verification.to_dict()}


@dataclass(frozen=True)
class PartProbed:
    """Whether the server has samples at the times of those of a part.

    Attributes
    ----------
    record : PartRecord
        The part, as it was before.
    existing : str or None
        One of them.
    reason : str or None
        Why the part cannot be read.
    error : DeliveryError or None
        Why the server cannot be read, which ends the whole job.
    """

    record: PartRecord
    existing: str | None = None
    reason: str | None = None
    error: DeliveryError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class PartDigested:
    """What was summed up of a part that an earlier run has sent.

    Attributes
    ----------
    record : PartRecord
        The part.
    receipt : bytes or None
        What it holds, compressed; None if it cannot be read any more.
    error : None
        No server is asked.
    """

    record: PartRecord
    receipt: bytes | None = field(default=None, repr=False)
    error: None = None


PartResult = PartWritten | PartVerified | PartProbed | PartDigested


def compressed_receipt(digests: Iterable[WindowDigest]) -> bytes:
    """Return a receipt as the state file keeps it."""
    return gzip.compress(b"".join(Receipt.of(digests).lines()), compresslevel=6, mtime=0)


def totals_of(report: WriteReport) -> dict[str, Any]:
    """Return the numbers of a report, for the state file."""
    plain = report.summary().to_dict()
    totals = {name: plain[name] for name in _TOTALS}
    return totals | {"spooled": [str(Path(path).absolute()) for path in report.spooled]}
