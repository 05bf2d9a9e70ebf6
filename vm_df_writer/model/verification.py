"""Verification: what reading back found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

__all__ = ["Verification"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What reading back found, in samples.

    Every sample that was sent is counted once: as found, missing, mismatched or deduplicated.

    Attributes
    ----------
    expected : int
        Samples that were sent.
    found : int
        Those whose series and timestamp the server returned with the value that was sent.
    missing : int
        Those whose timestamp the server did not return.
    mismatched : int
        Those that came back with another value, beyond the tolerance.
    deduplicated : int
        Those that the server leaves out because it is configured to keep one sample per
        interval (deduplication or downsampling), and of whose interval it returned that one.
    repaired : int
        Those that were missing and were sent again; all are counted above as well, by what was
        found after that.

    Examples
    --------
    >>> verification = Verification(expected=10, found=7, deduplicated=3)
    >>> verification.ok, str(verification)
    (True, 'verified: 7 of 10 samples found, 0 missing, 0 mismatched, 3 deduplicated by the server')
    """

    expected: int = 0
    found: int = 0
    missing: int = 0
    mismatched: int = 0
    deduplicated: int = 0
    repaired: int = 0

    @property
    def ok(self) -> bool:
        """True if nothing is lost: everything was found, or left out as configured."""
        return self.found + self.deduplicated == self.expected

    def __add__(self, other: Verification) -> Verification:
        """Merge two read-backs."""
        return Verification(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {**asdict(self), "ok": self.ok}

    def __str__(self) -> str:
        """Return the counts in a line."""
        if not self.expected:
            return "nothing to verify"
        counts = (
            f"{'verified' if self.ok else 'FAILED'}: {self.found:,} of {self.expected:,} samples "
            f"found, {self.missing:,} missing, {self.mismatched:,} mismatched"
        )
        if self.deduplicated:
            counts += f", {self.deduplicated:,} deduplicated by the server"
        if self.repaired:
            counts += f", {self.repaired:,} of them sent again"
        return counts
