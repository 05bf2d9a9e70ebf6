"""Findings: what reading back found, and how it is reported."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vm_df_writer.display.text import format_utc
from vm_df_writer.model.verification import Verification
from vm_df_writer.server.deduplication import KeepOneRule, describe_equal_times
from vm_df_writer.verification.series_diff import SeriesDiff

__all__ = ["VerificationResult"]

_WORST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class VerificationResult:
    """What reading back found, and which series are not as they were sent.

    Attributes
    ----------
    verification : Verification
        The counts over all series.
    short_series : int
        Series of which not every sample was found, or that have other values beside them.
    worst : tuple of SeriesDiff
        Those with the most such samples, at most 100 of them.
    deduplication : KeepOneRule or None
        The intervals of which the server keeps one sample each.
    is_queued : bool
        Whether a server in between still has samples to hand on, so that what is missing may
        arrive, and would be stored twice if it were sent again.
    incomplete : mapping of int to sequence of int
        The series of which not every sample was found, as their positions in each block, by the
        number of the block.
    intact : Verification
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
    deduplication: KeepOneRule | None = None
    is_queued: bool = False
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
        named = [_describe(each) for each in self.worst[:_WORST_NAMED]]
        if self.short_series > _WORST_NAMED:
            named.append(f"and {self.short_series - _WORST_NAMED:,} more series")
        told = " and that ".join(hints)
        if told:
            named.append(f"the server tells that {told}")
        if v.repaired:
            named.append(f"{v.repaired:,} samples were sent once more")
        if v.mismatched or v.conflicting:
            named.append(describe_equal_times(self.deduplication))
        return f"verify: {self._problem()}: {'; '.join(named)}; {self._advice()}"

    def describe_copies(self) -> str:
        """Return what to say of samples that the server holds more than once; else nothing.

        Examples
        --------
        >>> found = Verification(expected=90, found=90, copies=180)
        >>> result = VerificationResult(verification=found, short_series=0, worst=())
        >>> print(result.describe_copies())
        verify: the server holds 180 copies of the 90 samples that were sent; without \
deduplication, of which the server reports none, a query sees all samples of one time, so that \
sums and counts over time are too large; run it with -dedup.minScrapeInterval=1ms
        """
        v = self.verification
        if not v.copies:
            return ""
        return (
            f"verify: the server holds {v.copies:,} copies of the {v.expected:,} samples that were "
            f"sent; {describe_equal_times(None)}, so that sums and counts over time are too large; "
            "run it with -dedup.minScrapeInterval=1ms"
        )

    def _problem(self) -> str:
        v, where = self.verification, f"in {self.short_series:,} series"
        lost = v.missing + v.mismatched
        beside = f"{v.conflicting:,} samples with another value stand at the times of what was sent"
        if not lost:
            return f"{beside}, {where}, beside the {v.found:,} of {v.expected:,} that were found"
        problem = (
            f"{lost:,} of {v.expected:,} samples, {where}, were not read back as they were sent "
            f"({v.missing:,} missing, {v.mismatched:,} with another value)"
        )
        return f"{problem}, and {beside}" if v.conflicting > v.accepted else problem

    def _advice(self) -> str:
        v = self.verification
        if v.missing and self.is_queued:
            return (
                "verify again once it has handed them on, and send nothing again before, which may "
                "be stored twice"
            )
        reasons = "look for the reason in the server's log (retention, label limits"
        if v.missing and v.repaired:
            return f"{reasons})"
        if v.missing:
            # A vmselect does not report the deduplication of its vmstorages.
            return (
                f"{reasons}, deduplication on a vmstorage alone, a crash), then write these series "
                "again"
            )
        if v.mismatched:
            return (
                "look for another writer of these series, for an earlier write of these times "
                "(if_exists='replace' corrects it), and for values of very different magnitude in "
                "one series"
            )
        return (
            "write them once more with if_exists='replace', which corrects what was written "
            "before, or write to series of other labels"
        )


def _describe(diff: SeriesDiff) -> str:
    """Name a series and what it lacks, or has besides.

    Examples
    --------
    >>> _describe(SeriesDiff(b'{"__name__":"y"}', 20, 5, 2, 1767225600000))
    '{"__name__":"y"} lacks 5 and has another value at 2 of 20, from 2026-01-01 00:00:00 UTC'
    >>> _describe(SeriesDiff(b'{"__name__":"y"}', 20, 0, 0, 1767225600000, conflicting=3))
    '{"__name__":"y"} has 3 other values beside its 20, from 2026-01-01 00:00:00 UTC'
    """
    short_of = [
        f"{what} {n:,}"
        for what, n in (("lacks", diff.missing), ("has another value at", diff.mismatched))
        if n
    ]
    text = [f"{' and '.join(short_of)} of {diff.expected:,}"] if short_of else []
    if diff.conflicting:
        text.append(f"has {diff.conflicting:,} other values beside its {diff.expected:,}")
    labels = diff.label_set[:300].decode(errors="replace")
    return f"{labels} {' and '.join(text)}, from {format_utc(diff.first_ms)}"
