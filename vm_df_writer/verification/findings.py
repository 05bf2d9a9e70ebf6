"""Findings: what reading back found, and how to tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vm_df_writer.display.text import format_utc
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.comparison import SeriesDiff

__all__ = ["VerificationResult"]

_WORST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """What reading back found, and where samples are short.

    Attributes
    ----------
    verification : Verification
        The counts over all series.
    short_series : int
        Series of which not every sample was found.
    worst : tuple of SeriesDiff
        Those with the most samples lost, at most 100 of them.
    incomplete : mapping of int to sequence of int
        The same series, as their positions in each block, by the number of the block.
    sound : Verification
        The counts over the other series.

    Examples
    --------
    >>> incomplete = SeriesDiff(b'{"__name__":"y"}', 20, 5, 0, 1767225600000)
    >>> findings = VerificationResult(
    ...     verification=Verification(expected=90, found=85, missing=5),
    ...     short_series=1,
    ...     worst=(incomplete,),
    ... )
    >>> print(findings.describe(["it runs with -relabelConfig=drop.yml"]))  # doctest: +ELLIPSIS
    verify: 5 of 90 samples, in 1 series, were not read back as they were sent (5 missing, 0 with \
another value): {"__name__":"y"} lacks 5 of 20, from 2026-01-01 00:00:00 UTC; the server tells \
that it runs with -relabelConfig=drop.yml; look for ...
    """

    verification: Verification
    short_series: int
    worst: tuple[SeriesDiff, ...]
    incomplete: Mapping[int, Sequence[int]] = field(default_factory=dict, repr=False, compare=False)
    intact: Verification = field(default=Verification(), repr=False, compare=False)

    def describe(self, hints: Iterable[str] = ()) -> str:
        """Return the counts, the worst series and what to do, for an error.

        Parameters
        ----------
        hints : iterable of str
            What the server tells that may be the reason, as sentences without a stop.
        """
        v = self.verification
        named = list(map(_describe, self.worst[:_WORST_NAMED]))
        if self.short_series > _WORST_NAMED:
            named.append(f"and {self.short_series - _WORST_NAMED:,} more series")
        told = " and that ".join(hints)
        if told:
            named.append(f"the server tells that {told}")
        if v.repaired:
            named.append(f"{v.repaired:,} samples were sent once more")
        if not v.missing:
            advice = (
                "look for another writer of these series, for deduplication, and for values of "
                "very different magnitude in one series"
            )
        elif v.repaired:
            advice = "look for the reason in the server's log (retention, label limits)"
        else:
            advice = (
                "look for the reason in the server's log (retention, label limits, a crash), then "
                "write these series again"
            )
        return (
            f"verify: {v.missing + v.mismatched:,} of {v.expected:,} samples, in "
            f"{self.short_series:,} series, were not read back as they were sent "
            f"({v.missing:,} missing, {v.mismatched:,} with another value): "
            f"{'; '.join(named)}; {advice}"
        )


def _describe(incomplete: SeriesDiff) -> str:
    """Name a series and what it lacks.

    Examples
    --------
    >>> _describe(SeriesDiff(b'{"__name__":"y"}', 20, 5, 2, 1767225600000))
    '{"__name__":"y"} lacks 5 and has another value at 2 of 20, from 2026-01-01 00:00:00 UTC'
    """
    short_of = [
        f"{what} {n:,}"
        for what, n in (
            ("lacks", incomplete.missing),
            ("has another value at", incomplete.mismatched),
        )
        if n
    ]
    labels = incomplete.label_set[:300].decode(errors="replace")
    since = format_utc(incomplete.first_ms)
    return f"{labels} {' and '.join(short_of)} of {incomplete.expected:,}, from {since}"
