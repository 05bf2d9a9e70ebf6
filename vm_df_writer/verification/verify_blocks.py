"""Verification: says of what was written whether the server keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest

import numpy as np

from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.series_diff import BlockDiff, SeriesDiff

__all__ = ["missing_blocks", "verify_blocks"]

_WORST_KEPT = 100


def verify_blocks(
    blocks: Iterable[SeriesBlock],
    read_back: BlockReader,
    *,
    only: Mapping[int, Sequence[int]] | None = None,
    accept_conflicting: bool = False,
) -> VerificationResult:
    """Read back what was written, and compare it sample by sample.

    To be called with the same blocks again that were sent; it holds one of them at a time. Where a
    series is longer than a block, foreign samples between its blocks are not seen.

    Parameters
    ----------
    blocks : iterable of SeriesBlock
        What was sent. A block bounds what one request reads: its series, from its
        first to its last timestamp.
    read_back : BlockReader
        Looks at the server.
    only : mapping of int to sequence of int, optional
        Some series alone: their positions in each block, by the number of the block.
    accept_conflicting : bool
        Whether other values at the times of what was sent are no failure, since the caller appends.

    Returns
    -------
    VerificationResult
        The counts, and the series that are not as they were sent.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    verification = intact = Verification()
    series_diffs: dict[bytes, SeriesDiff] = {}
    incomplete: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        series = range(block.n_series) if only is None else only.get(number, ())
        if not series:
            continue
        look = read_back.verify(block, None if only is None else series)
        expected = _count(block, series)
        verification += _tally(expected, look)
        in_incomplete = sum(each.expected for each in look.incomplete.values())
        intact += _tally(expected - in_incomplete, look.of_intact())
        for each in _wrong_series(block, look, accept_conflicting=accept_conflicting):
            known = series_diffs.get(each.label_set)
            series_diffs[each.label_set] = known.merge(each) if known else each
        if look.incomplete:
            incomplete[number] = list(look.incomplete)
    if accept_conflicting:
        verification = replace(verification, accepted=verification.conflicting)
        intact = replace(intact, accepted=intact.conflicting)
    return VerificationResult(
        verification=verification,
        short_series=len(series_diffs),
        worst=tuple(nlargest(_WORST_KEPT, series_diffs.values(), key=lambda each: each.wrong)),
        deduplication=read_back.deduplication,
        is_queued=bool(verification.missing) and read_back.is_queued(),
        incomplete=incomplete,
        intact=intact,
    )


def missing_blocks(
    blocks: Iterable[SeriesBlock], read_back: BlockReader, incomplete: Mapping[int, Sequence[int]]
) -> Iterator[SeriesBlock]:
    """Yield the samples that the server does not have, looked up at this moment.

    Parameters
    ----------
    blocks : iterable of SeriesBlock
        What was sent.
    read_back : BlockReader
        Looks at the server.
    incomplete : mapping of int to sequence of int
        The series that were found incomplete.
    """
    for number, block in enumerate(blocks):
        if number in incomplete:
            yield from read_back.missing_block(block, incomplete[number])


def _count(block: SeriesBlock, series: Sequence[int]) -> int:
    if len(series) == block.n_series:
        return block.n_samples
    groups = np.asarray(series, np.int64) % (len(block.offsets) - 1)
    return int(np.diff(block.offsets)[groups].sum())


def _tally(expected: int, look: BlockDiff) -> Verification:
    missing = sum(each.missing for each in look.incomplete.values())
    mismatched = sum(each.mismatched for each in look.incomplete.values())
    deduplicated = sum(look.deduplicated.values())
    return Verification(
        expected=expected,
        found=expected - missing - mismatched - deduplicated,
        missing=missing,
        mismatched=mismatched,
        deduplicated=deduplicated,
        copies=sum(each.copies for each in look.surplus.values()),
        conflicting=sum(each.conflicting for each in look.surplus.values()),
        foreign=sum(each.foreign for each in look.surplus.values()),
    )


def _wrong_series(
    block: SeriesBlock, look: BlockDiff, *, accept_conflicting: bool
) -> Iterator[SeriesDiff]:
    """Yield the series that are incomplete, or contradicted where that is not accepted."""
    yield from look.incomplete.values()
    for s, each in look.surplus.items():
        if each.conflicting and not accept_conflicting:
            expected = 0 if s in look.incomplete else _count(block, [s])
            yield SeriesDiff(
                block.label_sets[s], expected, 0, 0, each.first_ms, conflicting=each.conflicting
            )
