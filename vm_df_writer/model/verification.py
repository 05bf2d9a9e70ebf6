"""Verification: what reading back found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from vm_df_writer.display.html import facts_table

__all__ = ["Verification"]


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What reading back found, in samples.

    Every sample that was sent is counted once: as found, missing, mismatched or deduplicated.
    Every other sample that the server returned of these series, between the first and the last
    one that was sent, is counted once too: as a copy, conflicting or foreign.

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
    copies : int
        Samples that the server holds once more, with the time and the value of one that was sent.
    conflicting : int
        Samples with another value that stand at the time of one that was sent, beside it.
    foreign : int
        Samples at times that none was sent for.
    accepted : int
        Conflicting samples that the caller is content with, because it appends in so many words.

    Examples
    --------
    >>> verification = Verification(expected=10, found=7, deduplicated=3)
    >>> verification.ok, str(verification)
    (True, 'verified: 7 of 10 samples found, 0 missing, 0 mismatched, 3 deduplicated by the server')
    >>> Verification(expected=10, found=10, conflicting=1).ok
    False
    """

    expected: int = 0
    found: int = 0
    missing: int = 0
    mismatched: int = 0
    deduplicated: int = 0
    repaired: int = 0
    copies: int = 0
    conflicting: int = 0
    foreign: int = 0
    accepted: int = 0

    @property
    def ok(self) -> bool:
        """True if a query at these times gives these values: nothing is lost or contradicted.

        A sample may also be left out as configured; copies and foreign samples do no harm to it.
        """
        is_all_there = self.found + self.deduplicated == self.expected
        return is_all_there and self.conflicting <= self.accepted

    def __add__(self, other: Verification) -> Verification:
        """Merge two read-backs."""
        return Verification(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {**asdict(self), "ok": self.ok}

    def _surplus(self) -> Iterator[tuple[str, str]]:
        """Yield what the server holds besides, in words and in numbers."""
        for what, n in (
            ("copies", self.copies),
            ("with another value at the same time", self.conflicting),
            ("at other times", self.foreign),
        ):
            if n:
                yield what, f"{n:,}"

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
        if surplus := ", ".join(f"{n} {what}" for what, n in self._surplus()):
            counts += f"; the server also holds {surplus}"
        return counts

    def __repr__(self) -> str:
        """Return one line, for a prompt or a log."""
        return f"<Verification: {self}>"

    def _repr_html_(self) -> str:
        facts: dict[str, object] = {
            "verified": "yes" if self.ok else "NO",
            "expected": f"{self.expected:,}",
            "found": f"{self.found:,}",
            "missing": f"{self.missing:,}",
            "mismatched": f"{self.mismatched:,}",
        }
        if self.deduplicated:
            facts["deduplicated"] = f"{self.deduplicated:,}"
        if self.repaired:
            facts["sent again"] = f"{self.repaired:,}"
        facts |= {f"also held: {what}": n for what, n in self._surplus()}
        return facts_table("vm_df_writer: read back", facts)
