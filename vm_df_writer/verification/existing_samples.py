"""Existing samples: those of some blocks at whose times the server has a sample already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vm_df_writer.display.text import format_utc
from vm_df_writer.model.series import BoolArray, SeriesBlock
from vm_df_writer.verification.block_reader import BlockReader

__all__ = [
    "ExistingSamples",
    "PackedMask",
    "find_existing",
    "look_up_existing",
    "packed_mask",
    "unpacked",
]

PackedMask = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ExistingSamples:
    """What was found of some blocks; it takes a bit a sample, where a block has any.

    Attributes
    ----------
    masks : sequence of PackedMask, or None
        For each block the mask of its values; None if it has none that exists.
    """

    masks: Sequence[PackedMask | None]

    def left_out(self, blocks: Iterable[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Yield the same blocks without these samples, which count as dropped: ``exists``."""
        for block, packed in zip(blocks, self.masks, strict=True):
            yield block.without(unpacked(packed, block), "exists")


def packed_mask(mask: BoolArray) -> PackedMask | None:
    """Return a mask of a block's values in a bit each; None if it marks nothing."""
    return np.packbits(mask) if mask.any() else None


def unpacked(packed: PackedMask | None, block: SeriesBlock) -> BoolArray:
    """Return the mask that `packed_mask` has packed."""
    if packed is None:
        return np.zeros(block.values.shape, np.bool_)
    mask = np.unpackbits(packed, count=block.values.size).astype(np.bool_)
    return mask.reshape(block.values.shape)


def look_up_existing(blocks: Iterable[SeriesBlock], reader: BlockReader) -> ExistingSamples:
    """Look up which samples of some blocks exist, with whatever value.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    return ExistingSamples([packed_mask(_mask(block, reader)) for block in blocks])


def find_existing(blocks: Iterable[SeriesBlock], reader: BlockReader) -> str | None:
    """Name a sample of some blocks that exists, if there is one; the first look ends with it.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    for block in blocks:
        mask = _mask(block, reader)
        if mask.any():
            row, column = divmod(int(np.argmax(mask)), mask.shape[1])
            group = int(np.searchsorted(block.offsets, column, side="right")) - 1
            label_set = block.label_sets[row * (len(block.offsets) - 1) + group]
            time = format_utc(int(block.timestamps_ms[column]))
            return f"{label_set[:300].decode(errors='replace')} at {time}"
    return None


def _mask(block: SeriesBlock, reader: BlockReader) -> BoolArray:
    mask = np.zeros(block.values.shape, np.bool_)
    if block.n_series:
        for comparison in reader.existing(block):
            comparison.mark_returned(mask)
    return mask
