"""Replaced: what a write exported, deleted and imported again to correct samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

__all__ = ["Replaced"]


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """The series that had other samples at the frame's times; of a dry run, those that have them.

    Attributes
    ----------
    series : int
        Those that were exported, deleted and imported again.
    samples : int
        Their samples at other times than the frame's, which stay as they were.
    bytes_raw : int
        Size of the import lines of all their samples, the frame's among them.

    Examples
    --------
    >>> print(Replaced(series=2, samples=600, bytes_raw=9000) + Replaced(series=1))
    3 series, whose 600 other samples stay; 9,000 bytes imported
    """

    series: int = 0
    samples: int = 0
    bytes_raw: int = 0

    def __add__(self, other: Replaced) -> Replaced:
        """Merge two."""
        return Replaced(
            **{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        )

    def to_dict(self) -> dict[str, int]:
        """Return plain values, ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        """Return the counts in a line."""
        return (
            f"{self.series:,} series, whose {self.samples:,} other samples stay; "
            f"{self.bytes_raw:,} bytes imported"
        )
