"""Verification: says of what was written whether the server keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest

import numpy as np

from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.comparison import SeriesDiff
from vm_df_writer.verification.findings import VerificationResult

__all__ = ["missing_blocks", "verify_blocks"]

_WORST_KEPT = 100


def verify_blocks(
    blocks: Iterable[SeriesBlock],
    read_back: BlockReader,
    *,
    only: Mapping[int, Sequence[int]] | None = None,
) -> VerificationResult:
    """Read back what was written, and compare it sample by sample.

    To be called with the same blocks again that were sent; it holds one of them at a time.

    Parameters
    ----------
    blocks : iterable of SeriesBlock
        What was sent. A block bounds what one request reads: its series, from its
        first to its last timestamp.
    read_back : BlockReader
        Who looks at the server; made when the last sample was acknowledged.
    only : mapping of int to sequence of int, optional
        Some series alone: their positions in each block, by the number of the block.

    Returns
    -------
    VerificationResult
        The counts, and the series that are short.

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
        expected = _count(block, series)
        look = read_back.verify(block, None if only is None else series)
        in_short = sum(each.expected for each in look.incomplete.values())
        not_short = [n for s, n in look.deduplicated.items() if s not in look.incomplete]
        intact += _tally(expected - in_short, deduplicated=sum(not_short))
        verification += _tally(
            expected,
            missing=sum(each.missing for each in look.incomplete.values()),
            mismatched=sum(each.mismatched for each in look.incomplete.values()),
            deduplicated=sum(look.deduplicated.values()),
        )
        for each in look.incomplete.values():
            known = series_diffs.get(each.label_set)
            series_diffs[each.label_set] = known.merge(each) if known else each
        if look.incomplete:
            incomplete[number] = list(look.incomplete)
    return VerificationResult(
        verification=verification,
        short_series=len(series_diffs),
        worst=tuple(nlargest(_WORST_KEPT, series_diffs.values(), key=lambda each: each.lost)),
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
        Who looks at the server.
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


def _tally(
    expected: int, *, missing: int = 0, mismatched: int = 0, deduplicated: int = 0
) -> Verification:
    return Verification(
        expected=expected,
        found=expected - missing - mismatched - deduplicated,
        missing=missing,
        mismatched=mismatched,
        deduplicated=deduplicated,
    )
