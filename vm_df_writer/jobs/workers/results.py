"""PartResult: what workers report of a part, be it written, read back or looked for."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vm_df_writer.errors import DeliveryError
from vm_df_writer.jobs.state.records import PartRecord, PartState
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.window_digest import WindowDigest

__all__ = ["PartResult", "Purpose", "compressed_receipt", "totals_of"]

_TOTALS = (
    *("rows", "series", "samples", "dropped", "adjusted", "undelivered", "bytes_raw"),
    *("bytes_sent", "requests", "retries", "in_doubt", "first_ms", "last_ms", "elapsed_s"),
    "verification",
)


Purpose = Literal["write", "verify", "probe", "digest"]
"""What is done with a part: write it, read back or sum up what an earlier run wrote of it, or ask
the server whether it has samples of it."""


@dataclass(frozen=True)
class PartResult:
    """What became of a part.

    Attributes
    ----------
    record : PartRecord
        The part, as it was before.
    state : PartState
        `PENDING` if the server or a stop ended the attempt, and not the part itself; as before if
        nothing was to be done but to ask, or to sum up.
    reason : str or None
        Why the part failed, or is not finished or not verified.
    totals : mapping or None
        The numbers of the WriteReport; None keeps those of an earlier attempt.
    nothing_sent : bool
        Whether it is certain that the server has nothing of this attempt.
    receipt : bytes or None
        What was written, compressed, if that is summed up and all of it is acknowledged.
    existing : str or None
        A sample that the server had before, if it was asked.
    error : DeliveryError or None
        Why the server cannot be written to or read, which ends the whole job.
    purpose : {"write", "verify", "probe", "digest"}
        What was done.
    """

    record: PartRecord
    state: PartState
    reason: str | None = None
    totals: Mapping[str, Any] | None = None
    nothing_sent: bool = False
    receipt: bytes | None = field(default=None, repr=False)
    existing: str | None = None
    error: DeliveryError | None = field(default=None, compare=False)
    purpose: Purpose = "write"


def compressed_receipt(digests: Iterable[WindowDigest]) -> bytes:
    """Return a receipt as the state file keeps it."""
    return gzip.compress(b"".join(Receipt.of(digests).lines()), compresslevel=6, mtime=0)


def totals_of(report: WriteReport) -> dict[str, Any]:
    """Return the numbers of a report, for the state file."""
    plain = report.summary().to_dict()
    totals = {name: plain[name] for name in _TOTALS}
    return totals | {"spooled": [str(Path(path).absolute()) for path in report.spooled]}
