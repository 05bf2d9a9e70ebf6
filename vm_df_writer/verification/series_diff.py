"""What came back of series otherwise than it was sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["BlockDiff", "SeriesDiff", "Surplus"]


class SeriesDiff(NamedTuple):
    """One series whose times do not hold exactly the values that were sent.

    Attributes
    ----------
    label_set : bytes
        Its labels as a JSON object.
    expected, missing, mismatched : int
        Samples that were sent, that did not come back, and that came back with another value.
    first_ms : int
        Epoch milliseconds of the first sample that was not found, or else that has another value
        beside it.
    conflicting : int
        Samples with another value beside those that were found.
    """

    label_set: bytes
    expected: int
    missing: int
    mismatched: int
    first_ms: int
    conflicting: int = 0

    @property
    def wrong(self) -> int:
        """Samples that are not as they were sent, for whatever reason."""
        return self.missing + self.mismatched + self.conflicting

    def merge(self, other: SeriesDiff) -> SeriesDiff:
        """Add up what two blocks hold of one series."""
        return SeriesDiff(
            self.label_set,
            self.expected + other.expected,
            self.missing + other.missing,
            self.mismatched + other.mismatched,
            min(self.first_ms, other.first_ms),
            self.conflicting + other.conflicting,
        )


class Surplus(NamedTuple):
    """Samples of one series that came back beside those that were sent.

    Attributes
    ----------
    copies, conflicting, foreign : int
        As in `Verification`.
    first_ms : int
        Epoch milliseconds of the first conflicting one, if there is one.
    """

    copies: int
    conflicting: int
    foreign: int
    first_ms: int


@dataclass(frozen=True, slots=True)
class BlockDiff:
    """What was seen of some series of a block, by their position in it.

    Attributes
    ----------
    incomplete : dict of int to SeriesDiff
        The series of which not every sample was there.
    deduplicated : dict of int to int
        The number of samples that the server left out as it is configured to.
    surplus : dict of int to Surplus
        The series of which more came back than was sent.
    """

    incomplete: dict[int, SeriesDiff] = field(default_factory=dict)
    deduplicated: dict[int, int] = field(default_factory=dict)
    surplus: dict[int, Surplus] = field(default_factory=dict)

    def renew(self, later: BlockDiff) -> BlockDiff:
        """Return what is known after the incomplete series were looked at once more."""
        kept = self.of_intact()
        return BlockDiff(
            later.incomplete,
            kept.deduplicated | later.deduplicated,
            kept.surplus | later.surplus,
        )

    def of_intact(self) -> BlockDiff:
        """Return what is known of the other series, of which every sample was there."""
        deduplicated = {s: n for s, n in self.deduplicated.items() if s not in self.incomplete}
        surplus = {s: each for s, each in self.surplus.items() if s not in self.incomplete}
        return BlockDiff({}, deduplicated, surplus)
