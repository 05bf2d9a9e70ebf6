"""Conflicts: what the server has at the times of some blocks, and of which series it has more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vm_df_writer.model.series import BoolArray, FloatArray, IntArray, SeriesBlock
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.existing_samples import PackedMask, packed_mask, unpacked
from vm_df_writer.wire.line_block import block_of_pieces

__all__ = ["Conflicts", "look_up_conflicts"]

# How much of the frame is replaced at a time: it bounds memory, and what one request selects.
_GROUP_SAMPLES = 500_000
_GROUP_SERIES = 200


@dataclass(frozen=True)
class Conflicts:
    """What was found of some blocks.

    Attributes
    ----------
    masks : sequence of PackedMask, or None
        For each block the mask of the samples that exist; None if there is none.
    last_block : mapping of bytes to int
        The series that have another value, or more than one sample, at a time of the blocks; and
        the number of the last block that has samples of each.
    """

    masks: Sequence[PackedMask | None]
    last_block: Mapping[bytes, int]

    def lacking(self, blocks: Iterable[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Yield what the server lacks of the series that have no conflict.

        What it has of them counts as dropped: ``exists``.
        """
        for block, packed in zip(blocks, self.masks, strict=True):
            conflicting = self._conflicting(block)
            exists = unpacked(packed, block) & ~conflicting
            dropped = dict(block.dropped)
            if n := int(exists.sum()):
                dropped["exists"] = n
            rest = block.without(exists | conflicting, "exists")
            yield block if rest is block else replace(rest, dropped=dropped)

    def groups(self, blocks: Iterable[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Yield all samples of the series that have conflicts, each series whole in one block."""
        if not self.last_block:
            return
        pieces: dict[bytes, list[tuple[IntArray, FloatArray]]] = {}
        whole: dict[bytes, int] = {}
        for number, block in enumerate(blocks):
            for label_set, times, values in block:
                if label_set not in self.last_block:
                    continue
                pieces.setdefault(label_set, []).append((times, values))
                if self.last_block[label_set] == number:
                    whole[label_set] = sum(len(piece) for piece, _ in pieces[label_set])
                if len(whole) >= _GROUP_SERIES or sum(whole.values()) >= _GROUP_SAMPLES:
                    yield block_of_pieces({each: pieces.pop(each) for each in whole})
                    whole = {}
        if whole:
            yield block_of_pieces({each: pieces.pop(each) for each in whole})

    def _conflicting(self, block: SeriesBlock) -> BoolArray:
        """Return a mask of the values that are of series with conflicts."""
        mask = np.zeros(block.values.shape, np.bool_)
        if not self.last_block or not block.n_series:
            return mask
        n_groups = len(block.offsets) - 1
        for s, label_set in enumerate(block.label_sets):
            if label_set in self.last_block:
                row, group = divmod(s, n_groups)
                mask[row, block.offsets[group] : block.offsets[group + 1]] = True
        return mask


def look_up_conflicts(
    blocks: Callable[[], Iterator[SeriesBlock]], reader: BlockReader
) -> Conflicts:
    """Look up what the server has of some blocks, which are walked twice if there are conflicts.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    masks: list[PackedMask | None] = []
    conflicting: set[bytes] = set()
    for block in blocks():
        mask = np.zeros(block.values.shape, np.bool_)
        if block.n_series:
            for comparison in reader.existing(block):
                comparison.mark_returned(mask)
                conflicting |= {block.label_sets[s] for s in _contradicted(comparison)}
        masks.append(packed_mask(mask))
    last_block: dict[bytes, int] = {}
    if conflicting:
        for number, block in enumerate(blocks()):
            for label_set in block.label_sets:
                if label_set in conflicting:
                    last_block[label_set] = number
    return Conflicts(masks, last_block)


def _contradicted(comparison: Comparison) -> set[int]:
    """Return the series that have something else, or more, at the times of what was compared."""
    wrong = {s for s, each in comparison.series_diffs().items() if each.mismatched}
    return wrong | {
        s for s, each in comparison.surplus().items() if each.copies or each.conflicting
    }
