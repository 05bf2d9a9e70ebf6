"""Export: the samples of given series, as the server has them, compared as they come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple

import orjson

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.http_errors import RETRIED_STATUSES
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.read_strategy import MAX_SELECTORS, ReadStrategy
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["Exporter", "ReadBackPolicy"]

_MAX_FOREIGN_BYTES = 500  # per series: foreign series that are cheaper to read than to avoid

# More than a series of ours has in a block, so that only the lines of others are cut.
_MAX_ROWS_PER_LINE = 2**18

# An answer may be so long, for each sample of the block: a hundred copies of it are told as copies.
_MOST_BYTES_PER_SAMPLE = 2**12
_MOST_OTHER_BYTES = 2**28

# How servers answer to what is more than they are willing to read at a time.
_TOO_MUCH = frozenset({400, 413, 422})


@dataclass(frozen=True, kw_only=True)
class ReadBackPolicy:
    """How long to wait until what was acknowledged can be read. The caller passes it in.

    Attributes
    ----------
    unflushed_wait_s : float
        From the last acknowledgement to the first look, where the server does not
        let us flush its buffers. A look that comes too early makes new series
        invisible for some 10 s more: the server remembers that it found none.
    flushed_wait_s : float
        From a flush to a look at which whatever the server took before has to be seen. An old
        server shows the last of it up to half a second after it has answered.
    patience_s : float
        How long after the first look a shortfall is looked at again before it is
        called a loss, and how long a failing read is tried again.
    queued_patience_s : float
        The same for as long as a server in between says that it has not handed on everything.
    sleep, clock : callable
        Waits for so many seconds, and says how many have passed since some moment.

    Examples
    --------
    >>> ReadBackPolicy(patience_s=1.0).unflushed_wait_s
    5.0
    """

    unflushed_wait_s: float = 5.0
    flushed_wait_s: float = 0.5
    patience_s: float = 15.0
    queued_patience_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def settle(self) -> None:
        """Wait until what was just acknowledged can be read, where no server lets us flush it."""
        self.sleep(self.unflushed_wait_s)


class _Piece(NamedTuple):
    """What one request reads: some series, and from when to when."""

    series: Sequence[int]
    first_ms: int
    last_ms: int

    def halves(self) -> list[_Piece]:
        """Return two smaller pieces, or nothing if there are none."""
        n, length_ms = len(self.series), self.last_ms - self.first_ms
        if n > 1:
            parts = self.series[: n // 2], self.series[n // 2 :]
            return [_Piece(part, self.first_ms, self.last_ms) for part in parts]
        if length_ms:
            middle_ms = self.first_ms + length_ms // 2
            return [
                _Piece(self.series, self.first_ms, middle_ms),
                _Piece(self.series, middle_ms + 1, self.last_ms),
            ]
        return []


class Exporter:
    """Reads series of a block, in requests that the server can bear.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    policy : ReadBackPolicy
        How long a failing read is tried again.
    strategy : ReadStrategy
        What the server was seen to allow; the exporter adds what it learns.
    deduplication : KeepOneRule, optional
        The intervals of which the server keeps one sample each.
    as_stored : callable
        Gives the label set that the server stores for one that was sent.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        strategy: ReadStrategy,
        deduplication: KeepOneRule | None = None,
        *,
        as_stored: Callable[[bytes], bytes] = bytes,
    ) -> None:
        self._client = client
        self._url = endpoint.read_url("/api/v1/export")
        self._policy = policy
        self._strategy = strategy
        self._deduplication = deduplication
        self._as_stored = as_stored

    def read(self, block: SeriesBlock, series: Sequence[int]) -> Iterator[Comparison]:
        """Yield comparisons that together hold the given series.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        if self._strategy.shares_selectors(block, series):
            comparison = self._read_shared(block, series)
            if comparison is not None:
                yield comparison
                return
            self._strategy.can_share = False
        for batch in self._strategy.batches(block, series):
            yield self._read_exact(block, batch)

    def _read_shared(self, block: SeriesBlock, series: Sequence[int]) -> Comparison | None:
        """Read series by the labels they share; None if that is not the cheaper way."""
        selectors = shared_selectors(self._labels(block, s) for s in series)
        if len(selectors) > MAX_SELECTORS:
            return None
        comparison = Comparison(block, series, self._deduplication, as_stored=self._as_stored)
        foreign_bytes = 0
        try:
            with comparison.piece(*comparison.range_ms):
                found = self._export(block, selectors, *comparison.range_ms)
                for line in found:
                    if not comparison.add(line):
                        foreign_bytes += len(line)
                        if foreign_bytes > _MAX_FOREIGN_BYTES * len(series):
                            return None
        except DeliveryError:  # one large answer may be too much where small ones are not
            return None
        return comparison

    def _read_exact(self, block: SeriesBlock, series: Sequence[int]) -> Comparison:
        """Read series by all their labels, in smaller pieces where that is too much at once.

        A server that is only passing unwell is asked again.
        """
        comparison = Comparison(block, series, self._deduplication, as_stored=self._as_stored)
        selectors = {s: exact_selector(self._labels(block, s)) for s in series}
        pieces = [_Piece(series, *comparison.range_ms)]
        deadline = self._policy.clock() + self._policy.patience_s
        pauses = chain((1.0, 2.0, 4.0), repeat(5.0))
        has_failed = False
        while pieces:
            piece = pieces.pop()
            try:
                found = self._export(block, [selectors[s] for s in piece.series], *piece[1:])
                with comparison.piece(*piece[1:]):
                    for line in found:
                        comparison.add(line)
            except DeliveryError as error:
                smaller = piece.halves()
                if _is_too_much(error) and smaller:
                    self._strategy.most_series = max(1, len(piece.series) // 2)
                else:
                    pause_s = next(pauses)
                    if not _may_pass(error) or self._policy.clock() + pause_s > deadline:
                        raise
                    self._policy.sleep(pause_s)
                    # What fails twice in the middle of an answer may be more than can be read:
                    # by then a server can no longer say so.
                    if not has_failed or len(piece.series) == 1:
                        smaller = [piece]
                    has_failed = True
                pieces += reversed(smaller)
        return comparison

    def _labels(self, block: SeriesBlock, s: int) -> dict[str, str]:
        labels: dict[str, str] = orjson.loads(self._as_stored(block.label_sets[s]))
        return labels

    def _export(
        self, block: SeriesBlock, selectors: Iterable[str], first_ms: int, last_ms: int
    ) -> Iterator[bytes]:
        form = [("match[]", selector) for selector in selectors]
        form.append(("start", f"{first_ms / 1000:.3f}"))
        # The server makes milliseconds of these by cutting off, which may take one away; and an
        # old one reads five minutes where start and end are the same.
        form.append(("end", f"{(last_ms + 1) / 1000:.3f}"))
        form.append(("max_rows_per_line", str(_MAX_ROWS_PER_LINE)))
        most_bytes = _MOST_OTHER_BYTES + _MOST_BYTES_PER_SAMPLE * block.n_samples
        return self._client.stream_lines(self._url, form, most_bytes=most_bytes)


def _is_too_much(error: DeliveryError) -> bool:
    # The reason is in the text, but behind the query, which is longer than what is kept of it.
    return isinstance(error, ServerRejected) and error.status in _TOO_MUCH


def _may_pass(error: DeliveryError) -> bool:
    return not isinstance(error, ServerRejected) or error.status in RETRIED_STATUSES
