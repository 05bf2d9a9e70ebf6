"""SendPlan: what a write sends of a frame, block by block and body by body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from vm_df_writer.errors import ConfigError
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.server import ServerPair
from vm_df_writer.wire.packing import Body, pack_bodies
from vm_df_writer.wire.protocol import Wire

__all__ = ["SendPlan"]


@dataclass(frozen=True, kw_only=True)
class SendPlan:
    """A frame as it is read, and what the servers take of it.

    Attributes
    ----------
    parsed : ParsedFrame
        The frame.
    servers : ServerPair
        What the servers reported of themselves.
    limits : ServerLimits
        What they store, by that and by the configuration.
    wire : Wire
        How blocks become bodies.
    max_bytes, max_series : int
        The size of a body.
    query_key : str
        The one query key of all series; empty if there are several, or none.
    select : callable
        Takes the blocks of the frame, and yields what is left of each, which counts what it lacks.
    """

    parsed: ParsedFrame
    servers: ServerPair
    limits: ServerLimits
    wire: Wire
    max_bytes: int
    max_series: int
    query_key: str = ""
    select: Callable[[Iterator[SeriesBlock]], Iterator[SeriesBlock]] = field(default=iter)

    def require(self, *, verify: bool, reset_cache: bool) -> None:
        """Refuse what the caller asks for and the server cannot do.

        Raises
        ------
        ConfigError
            If samples cannot be read back, or there is no cache to reset.
        """
        if verify:
            self.require_reading_back("verify")
        receiver = self.servers.receiver
        if reset_cache and receiver.name != "victoria_metrics":
            raise ConfigError(
                f"reset_cache: {receiver.title} keeps no results of queries that would have to be "
                "reset; leave it out",
                keyword="reset_cache",
            )

    def require_reading_back(self, keyword: str) -> None:
        """Refuse what a keyword asks for if samples cannot be read back.

        Raises
        ------
        ConfigError
            If it is neither VictoriaMetrics nor Prometheus that is read from.
        """
        if not self.servers.reads_back:
            raise ConfigError(
                f"{keyword}: samples are read back from VictoriaMetrics and Prometheus, and the "
                f"server does not say that it is one of them; leave {keyword}= out, or set "
                "query_url to one",
                keyword=keyword,
            )

    def blocks(self) -> Iterator[SeriesBlock]:
        """Yield what the servers store of each block of the frame, which is read anew."""
        return self.select(map(self.limits.times.keep, self.parsed.blocks()))

    def filtered(
        self, select: Callable[[Iterator[SeriesBlock]], Iterator[SeriesBlock]]
    ) -> SendPlan:
        """Return the plan without what a function leaves out of the blocks, and counts as dropped.

        The function takes all blocks and yields what is left of them, in the same order.
        """
        before = self.select
        return replace(self, select=lambda blocks: select(before(blocks)))

    def blocks_after(self, n_samples: int) -> Iterator[SeriesBlock]:
        """Yield what follows the first samples, in the order in which bodies carry them."""
        for block in self.blocks():
            if n_samples >= block.n_samples:
                n_samples -= block.n_samples
            else:
                yield from _rest_of(block, n_samples)
                n_samples = 0

    def bodies(self, blocks: Iterable[SeriesBlock]) -> Iterator[Body]:
        """Format blocks and pack them into bodies."""
        limit = self.limits.max_line_bytes
        return pack_bodies(
            blocks,
            max_bytes=min(self.max_bytes, limit) if self.wire.limits_bodies else self.max_bytes,
            max_series=self.max_series,
            wire=self.wire,
            max_chunk_bytes=limit,
        )


def _rest_of(block: SeriesBlock, n_samples: int) -> Iterator[SeriesBlock]:
    """Yield a block without its first samples: the rest of a row, and the rows after it.

    Examples
    --------
    >>> block = SeriesBlock(
    ...     [b"a", b"b", b"c", b"d"],
    ...     np.array([0, 1, 3]),
    ...     np.array([10, 20, 30]),
    ...     np.array([[1.0, 2, 3], [4.0, 5, 6]]),
    ... )
    >>> [(labels, values.tolist()) for rest in _rest_of(block, 2) for labels, _, values in rest]
    [(b'b', [3.0]), (b'c', [4.0]), (b'd', [5.0, 6.0])]
    """
    n_groups = len(block.offsets) - 1
    row, column = divmod(n_samples, block.values.shape[1])
    if column:
        group = int(np.searchsorted(block.offsets, column, side="right")) - 1
        yield replace(
            block,
            label_sets=block.label_sets[row * n_groups + group : (row + 1) * n_groups],
            offsets=np.append(column, block.offsets[group + 1 :]) - column,
            timestamps_ms=block.timestamps_ms[column:],
            values=block.values[row : row + 1, column:],
        )
        row += 1
    if row < len(block.values):
        label_sets = block.label_sets[row * n_groups :]
        yield replace(block, label_sets=label_sets, values=block.values[row:])
