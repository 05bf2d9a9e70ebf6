"""PieceReader: what selectors match between two times, in requests that the server can bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, repeat
from typing import NamedTuple, Protocol, TypeVar

import orjson

from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.transport.receiver import RETRIED_STATUSES
from vm_df_writer.verification.export.sample_source import lines_of_export, lines_of_queries
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.verification.read_strategy import MAX_SELECTORS, ReadStrategy
from vm_df_writer.wire.metricsql import exact_selector, shared_selectors

__all__ = ["MOST_BYTES", "PieceReader", "SampleSink", "most_bytes_of"]

# An answer may be so long, for each sample that is expected: a hundred copies of it are told as
# copies.
_MOST_BYTES_PER_SAMPLE = 2**12
_MOST_OTHER_BYTES = 2**28
# Where it is not known how many samples there are: more than fit into memory.
MOST_BYTES = 2**40

_MAX_FOREIGN_BYTES = 500  # per series: foreign series that are cheaper to read than to avoid

# How servers answer to what is more than they are willing to read at a time.
_TOO_MUCH = frozenset({400, 413, 422})


class SampleSink(Protocol):
    """What takes in the lines of an export."""

    def piece(self, first_ms: int, last_ms: int, slots: range) -> AbstractContextManager[None]:
        """Take in what one request reads; if that fails, forget what came of it.

        Where each selector is of one series, those of other `slots` may come too, since a selector
        also matches series with more labels; they are not wanted, as another request reads them.
        """

    def add(self, line: bytes) -> bool:
        """Take a line in; return whether its series is wanted."""


_Sink = TypeVar("_Sink", bound=SampleSink)


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
        self._client, self._endpoint = client, endpoint
        self._policy = policy
        self._strategy = strategy
        self._most_bytes = most_bytes

    def read_series(
        self,
        label_sets: Mapping[int, bytes],
        samples_per_series: float,
        open_sink: Callable[[Sequence[int]], tuple[_Sink, int, int]],
    ) -> Iterator[tuple[Sequence[int], _Sink]]:
        """Yield some series after the other, and what has taken them in.

        Parameters
        ----------
        label_sets : mapping of int to bytes
            The series by their numbers, as the server stores them.
        samples_per_series : float
            How many samples each has in the mean.
        open_sink : callable
            Returns what takes in the lines of series, given their numbers, and epoch milliseconds
            between which to read.

        Raises
        ------
        DeliveryError
            If the server cannot be read.
        """
        if self._strategy.shares_selectors(len(label_sets), samples_per_series):
            every = list(label_sets)
            sink, first_ms, last_ms = open_sink(every)
            labels = list(map(orjson.loads, label_sets.values()))
            # If that is not the cheaper way, the sink holds a part of the samples.
            self._strategy.can_share = self._has_read_shared(labels, first_ms, last_ms, sink)
            if self._strategy.can_share:
                yield every, sink
                return
        for batch in self._strategy.batches(label_sets, label_sets):
            sink, first_ms, last_ms = open_sink(batch)
            selectors = [self._selector(orjson.loads(label_sets[s])) for s in batch]
            self.read(selectors, first_ms, last_ms, sink)
            yield batch, sink

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

    def _has_read_shared(
        self, labels: Sequence[Mapping[str, str]], first_ms: int, last_ms: int, sink: SampleSink
    ) -> bool:
        selectors = shared_selectors(labels, self._selector)
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

    def _selector(self, labels: Mapping[str, str]) -> str:
        return exact_selector(labels, quotes_names=self._strategy.reads_by == "query")

    def _export(self, selectors: Sequence[str], first_ms: int, last_ms: int) -> Iterator[bytes]:
        lines = lines_of_queries if self._strategy.reads_by == "query" else lines_of_export
        return lines(
            self._client, self._endpoint, selectors, first_ms, last_ms, most_bytes=self._most_bytes
        )


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
