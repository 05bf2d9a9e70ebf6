"""Outcome: what became of one body."""

from __future__ import annotations

from dataclasses import dataclass

from vm_df_writer.errors import DeliveryError
from vm_df_writer.wire.packing import Body

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one body.

    Attributes
    ----------
    body : Body
        The body.
    error : DeliveryError or None
        None if the server acknowledged the body; else why it did not.
    bytes_sent : int
        Size of an acknowledged body as it went over the wire; 0 if it is not acknowledged.
    attempts : int
        Requests made for it; 0 if it was never sent.
    in_doubt : bool
        True if an attempt that was not acknowledged may have been stored.
    """

    body: Body
    error: DeliveryError | None
    bytes_sent: int
    attempts: int
    in_doubt: bool
