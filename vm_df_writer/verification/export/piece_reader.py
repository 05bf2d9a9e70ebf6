"""PieceReader: what selectors match between two times, in requests that the server can bear."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple, Protocol

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.receiver import RETRIED_STATUSES
from vm_df_writer.verification.export.sample_source import source_of
from vm_df_writer.verification.read_strategy import MAX_SELECTORS, ReadStrategy
from vm_df_writer.wire.metricsql import shared_selectors

__all__ = [
    "MOST_BYTES",
    "PieceReader",
    "ReadBackPolicy",
    "SampleSink",
    "most_bytes_of",
]

# An answer may be so long, for each sample that is expected: a hundred copies of it are told as
# copies.
_MOST_BYTES_PER_SAMPLE = 2**12
_MOST_OTHER_BYTES = 2**28
# Where it is not known how many samples there are: more than fit into memory.
MOST_BYTES = 2**40

_MAX_FOREIGN_BYTES = 500  # per series: foreign series that are cheaper to read than to avoid

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
    settled_wait_s : float
        The same until the queries of others see new series too, where a dashboard has asked for
        them meanwhile: 7 to 12 s on 1.79.5, 1.145 and 1.150.
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
    settled_wait_s: float = 12.0
    flushed_wait_s: float = 0.5
    patience_s: float = 15.0
    queued_patience_s: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def settle(self) -> None:
        """Wait until all can read what was just acknowledged, where no server lets us flush it."""
        self.sleep(self.settled_wait_s)


class SampleSink(Protocol):
    """What takes in the lines of an export."""

    def piece(self, first_ms: int, last_ms: int, slots: range) -> AbstractContextManager[None]:
        """Take in what one request reads; if that fails, forget what came of it.

        Where each selector is of one series, those of other `slots` may come too, since a selector
        also matches series with more labels; they are not wanted, as another request reads them.
        """

    def add(self, line: bytes) -> bool:
        """Take a line in; return whether its series is wanted."""


class _Piece(NamedTuple):
    """What one request reads: by which selectors, and from when to when."""

    slots: range
    first_ms: int
    last_ms: int

    def halves(self, *, may_overlap: bool) -> list[_Piece]:
        """Return two smaller pieces, or nothing if there are none."""
        n, length_ms = len(self.slots), self.last_ms - self.first_ms
        if n > 1 and not may_overlap:
            parts = self.slots[: n // 2], self.slots[n // 2 :]
            return [_Piece(part, self.first_ms, self.last_ms) for part in parts]
        if length_ms:
            middle_ms = self.first_ms + length_ms // 2
            return [
                _Piece(self.slots, self.first_ms, middle_ms),
                _Piece(self.slots, middle_ms + 1, self.last_ms),
            ]
        return []


class PieceReader:
    """Reads samples, in smaller pieces where that is too much at once.

    Parameters
    ----------
    client : HttpClient
        Makes the requests.
    endpoint : Endpoint
        Where to read.
    policy : ReadBackPolicy
        How long a failing read is tried again.
    strategy : ReadStrategy
        What the server was seen to allow; the reader adds what it learns.
    most_bytes : int
        How long an answer may be.
    """

    def __init__(
        self,
        client: HttpClient,
        endpoint: Endpoint,
        policy: ReadBackPolicy,
        strategy: ReadStrategy,
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._source = source_of(strategy.reads_by, client, endpoint)
        self._policy = policy
        self._strategy = strategy
        self._most_bytes = most_bytes

    def selector(self, labels: Mapping[str, str]) -> str:
        """Return the narrowest selector that matches a label set."""
        return self._source.selector(labels)

    def read(
        self,
        selectors: Sequence[str],
        first_ms: int,
        last_ms: int,
        sink: SampleSink,
        *,
        may_overlap: bool = False,
    ) -> None:
        """Read what selectors match. A server that is only passing unwell is asked again.

        Parameters
        ----------
        selectors : sequence of str
            What matches the series.
        first_ms, last_ms : int
            Epoch milliseconds between which to read, both included.
        sink : SampleSink
            Takes the lines in.
        may_overlap : bool
            Whether two selectors may select one series, so that they have to be asked for in one
            request; else the samples of each series are wanted by one selector, that of its slot.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        pieces = [_Piece(range(len(selectors)), first_ms, last_ms)]
        deadline = self._policy.clock() + self._policy.patience_s
        pauses = chain((1.0, 2.0, 4.0), repeat(5.0))
        has_failed = False
        while pieces:
            piece = pieces.pop()
            try:
                asked = selectors[piece.slots.start : piece.slots.stop]
                found = self._export(asked, piece.first_ms, piece.last_ms)
                with sink.piece(piece.first_ms, piece.last_ms, piece.slots):
                    for line in found:
                        sink.add(line)
            except DeliveryError as error:
                smaller = piece.halves(may_overlap=may_overlap)
                if smaller and _is_too_much(error) and not (may_overlap and _is_unread(error)):
                    if not may_overlap:
                        self._strategy.most_series = max(1, len(piece.slots) // 2)
                else:
                    pause_s = next(pauses)
                    if not _may_pass(error) or self._policy.clock() + pause_s > deadline:
                        raise
                    self._policy.sleep(pause_s)
                    # What fails twice in the middle of an answer may be more than can be read:
                    # by then a server can no longer say so.
                    if not has_failed or len(piece.slots) == 1:
                        smaller = [piece]
                    has_failed = True
                pieces += reversed(smaller)

    def read_shared(
        self, labels: Sequence[Mapping[str, str]], first_ms: int, last_ms: int, sink: SampleSink
    ) -> bool:
        """Read series by the labels that they share, in one request.

        Returns
        -------
        bool
            False if that is not the cheaper way. Then the sink holds a part of the samples, and the
            strategy remembers.
        """
        self._strategy.can_share = self._has_read_shared(labels, first_ms, last_ms, sink)
        return self._strategy.can_share

    def _has_read_shared(
        self, labels: Sequence[Mapping[str, str]], first_ms: int, last_ms: int, sink: SampleSink
    ) -> bool:
        selectors = shared_selectors(labels, self._source.selector)
        if len(selectors) > MAX_SELECTORS:
            return False
        foreign_bytes = 0
        try:
            with sink.piece(first_ms, last_ms, range(len(labels))):
                for line in self._export(selectors, first_ms, last_ms):
                    if not sink.add(line):
                        foreign_bytes += len(line)
                        if foreign_bytes > _MAX_FOREIGN_BYTES * len(labels):
                            return False
        except DeliveryError:  # one large answer may be too much where small ones are not
            return False
        return True

    def _export(self, selectors: Sequence[str], first_ms: int, last_ms: int) -> Iterator[bytes]:
        return self._source.lines(selectors, first_ms, last_ms, most_bytes=self._most_bytes)


def most_bytes_of(n_samples: int) -> int:
    """Return how long the export of so many samples may be."""
    return _MOST_OTHER_BYTES + _MOST_BYTES_PER_SAMPLE * n_samples


def _is_too_much(error: DeliveryError) -> bool:
    # The reason is in the text, but behind the query, which is longer than what is kept of it.
    return isinstance(error, ServerRejected) and error.status in _TOO_MUCH


def _is_unread(error: DeliveryError) -> bool:
    """Say whether the server did not understand a selector, which no smaller piece changes."""
    return isinstance(error, ServerRejected) and "parse" in error.body


def _may_pass(error: DeliveryError) -> bool:
    return not isinstance(error, ServerRejected) or error.status in RETRIED_STATUSES
