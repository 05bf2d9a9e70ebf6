"""Existing samples: those of some blocks at whose times the server has a sample already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vm_df_writer.display.text import format_utc
from vm_df_writer.model.series import BoolArray, SeriesBlock
from vm_df_writer.verification.block_reader import BlockReader

__all__ = ["ExistingSample", "ExistingSamples", "find_existing", "look_up_existing"]


class ExistingSample(NamedTuple):
    """A sample that the server has.

    Attributes
    ----------
    label_set : bytes
        Its series.
    time_ms : int
        Its time in epoch milliseconds.
    """

    label_set: bytes
    time_ms: int

    def __str__(self) -> str:
        """Name it.

        Examples
        --------
        >>> print(ExistingSample(b'{"__name__":"y"}', 1767225600000))
        {"__name__":"y"} at 2026-01-01 00:00:00 UTC
        """
        return f"{self.label_set[:300].decode(errors='replace')} at {format_utc(self.time_ms)}"


@dataclass(frozen=True)
class ExistingSamples:
    """What was found of some blocks; it takes a bit a sample, where a block has any.

    Attributes
    ----------
    masks : sequence of ndarray of uint8, or None
        For each block the packed mask of its values; None if it has none that exists.
    """

    masks: Sequence[npt.NDArray[np.uint8] | None]

    def left_out(self, blocks: Iterable[SeriesBlock]) -> Iterator[SeriesBlock]:
        """Yield the same blocks without these samples, which count as dropped: ``exists``."""
        for block, packed in zip(blocks, self.masks, strict=True):
            if packed is None:
                yield block
            else:
                mask = np.unpackbits(packed, count=block.values.size).astype(np.bool_)
                yield block.without(mask.reshape(block.values.shape), "exists")


def look_up_existing(blocks: Iterable[SeriesBlock], reader: BlockReader) -> ExistingSamples:
    """Look up which samples of some blocks exist, with whatever value.

    Raises
    ------
    DeliveryError
        If the server cannot be read.
    """
    masks = (_mask(block, reader) for block in blocks)
    return ExistingSamples([np.packbits(mask) if mask.any() else None for mask in masks])


def find_existing(blocks: Iterable[SeriesBlock], reader: BlockReader) -> ExistingSample | None:
    """Return a sample of some blocks that exists, if there is one; the first look ends with it.

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
            return ExistingSample(label_set, int(block.timestamps_ms[column]))
    return None


def _mask(block: SeriesBlock, reader: BlockReader) -> BoolArray:
    mask = np.zeros(block.values.shape, np.bool_)
    if block.n_series:
        for comparison in reader.existing(block):
            comparison.mark_returned(mask)
    return mask
