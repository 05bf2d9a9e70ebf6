"""ReadStrategy: how to read the series of a block, by what was learnt of the server so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vm_df_writer.model.series import SeriesBlock

__all__ = ["MAX_SELECTORS", "ReadStrategy"]

# Measured on 1.79.5: a series found by its own selector costs the server 60 us in requests of
# 100 selectors, 45 us in requests of 500 and no less in larger ones; a series found by a selector
# that it shares with many costs 6 us.
MAX_SELECTORS = 500
_MAX_SELECTOR_BYTES = 2**19  # far below the 10 MiB that the server takes as a form
_MANY_SAMPLES = 100  # per series: from here on, finding the series is not what costs

# A count costs as much as reading so many samples, by labels that series share or by all of theirs.
_WORTH_COUNTING = 30
_WORTH_SELECTING = 200

# Samples a series from which on its blocks cost less than its line in an export.
_WORTH_READING_NATIVE = 200


@dataclass(kw_only=True)
class ReadStrategy:
    """What a server was seen to allow; all that reads for one verification shares it.

    Attributes
    ----------
    reads_by : {"export", "query"}
        By what samples are read.
    can_flush : bool
        Whether the server lets us flush its buffers.
    can_share : bool
        Whether the labels that our series share match little else.
    can_share_counts : bool
        The same in a query that counts.
    can_read_native : bool
        Whether the server shows all that it stores, and gives it as blocks that we understand.
    most_series : int
        How many series the server reads at a time.

    Examples
    --------
    >>> label_sets = [b'{"__name__":"y"}', b'{"__name__":"yhat"}', b'{"__name__":"trend"}']
    >>> list(ReadStrategy(most_series=2).batches(label_sets, range(3)))
    [[0, 1], [2]]
    """

    reads_by: str = "export"
    can_flush: bool = True
    can_share: bool = True
    can_share_counts: bool = True
    can_read_native: bool = False
    most_series: int = MAX_SELECTORS

    def shares_selectors(self, n_series: int, samples_per_series: float) -> bool:
        """Return whether to look for so many series by the labels that they share."""
        is_sparse = samples_per_series < _MANY_SAMPLES
        return self.can_share and is_sparse and n_series > MAX_SELECTORS

    def counts_first(self, block: SeriesBlock) -> bool:
        """Return whether counting the samples of a block costs less than reading them."""
        worth = _WORTH_COUNTING if self.can_share_counts else _WORTH_SELECTING
        return block.n_samples >= worth * block.n_series

    def reads_native(self, block: SeriesBlock) -> bool:
        """Return whether to compare what the server stores before what it exports."""
        is_worth = block.n_samples >= _WORTH_READING_NATIVE * block.n_series
        return self.can_read_native and self.reads_by == "export" and is_worth

    def batches(
        self, label_sets: Sequence[bytes] | Mapping[int, bytes], series: Iterable[int]
    ) -> Iterator[list[int]]:
        """Cut series into what one request asks for by exact selectors."""
        batch: list[int] = []
        size = 0
        for s in series:
            length = len(label_sets[s])
            if batch and (len(batch) >= self.most_series or size + length > _MAX_SELECTOR_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(s)
            size += length
        if batch:
            yield batch
