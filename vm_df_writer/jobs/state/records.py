"""PartRecord: what the state file holds of a part, and how far the part has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vm_df_writer.files.part import Part

__all__ = ["PartRecord", "PartState"]


class PartState(StrEnum):
    """How far a part has come.

    A part is `SENT` once the server has acknowledged its last sample, and `VERIFIED` once all
    of it was read back. It is `SPOOLED` if some of its samples are not on the server, but in the
    spool folder; and `SKIPPED` if it lies outside the range of time that is asked for, or if the
    server had samples of it before.
    """

    PENDING = "pending"
    SENT = "sent"
    VERIFIED = "verified"
    SPOOLED = "spooled"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True)
class PartRecord:
    """A part as the state file holds it.

    Attributes
    ----------
    id : int
        Its key.
    path : str
        Its source.
    part : Part
        Where it is in the source.
    state : PartState
        How far it has come.
    attempts : int
        How often some of it may have been sent.
    is_new : bool
        Whether the server was asked, and had no samples of it before the job.
    reason : str or None
        Why it failed, or was left pending.
    totals : mapping
        The numbers of the WriteReport of the attempt to write it that came furthest.
    """

    id: int
    path: str
    part: Part
    state: PartState
    attempts: int
    is_new: bool
    reason: str | None
    totals: Mapping[str, Any]
