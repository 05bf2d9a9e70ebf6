"""Outcome: what became of one body, and what is sent of a refused one in its place."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from vm_df_writer.delivery.retry import Attempts
from vm_df_writer.errors import DeliveryError, ServerRejected
from vm_df_writer.transport.receiver import Receiver
from vm_df_writer.wire.packing import Body
from vm_df_writer.wire.write_request import cut_request

__all__ = ["Halving", "Outcome"]

# A server that refuses more than that has nothing against a few series, but against the frame.
_MOST_REFUSED = 100

_SHOWN_BYTES = 300


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one body.

    Attributes
    ----------
    body : Body
        The body.
    error : DeliveryError or None
        None if the server acknowledged the body; else why it did not.
    bytes_sent : int
        Size of an acknowledged body as it went over the wire; 0 if it is not acknowledged.
    attempts : int
        Requests made for it; 0 if it was never sent.
    in_doubt : bool
        True if an attempt that was not acknowledged may have been stored.
    others_may_follow : bool
        True if the server refused this body for what is in it, and takes others.
    """

    body: Body
    error: DeliveryError | None
    bytes_sent: int
    attempts: int
    in_doubt: bool
    others_may_follow: bool = False


class Halving:
    """Decides for one delivery which refused bodies are cut in two.

    A receiver that stores nothing of a body for the sake of one bad series is sent its halves,
    down to one message, so that the others are stored.

    Parameters
    ----------
    receiver : Receiver
        What its refusals mean.

    Examples
    --------
    >>> import numpy as np
    >>> from vm_df_writer.model.sample_counts import SampleCounts
    >>> from vm_df_writer.transport.receiver import VICTORIA_METRICS
    >>> ones = np.ones(2, dtype=np.int64)
    >>> counts = SampleCounts([b'{"__name__":"y"}', b'{"__name__":"z"}'], ones, ones, ones)
    >>> error = ServerRejected("h: answered 400", status=400, is_about_the_body=True)
    >>> outcome = Outcome(Body(bytes.fromhex("0a01ff0a01ff"), counts), error, 0, 1, in_doubt=False)
    >>> [body.n_samples for body in Halving(VICTORIA_METRICS).halves(outcome)]
    [1, 1]
    """

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._n_refused = 0
        self._lock = threading.Lock()

    def deliver(
        self, body: Body, attempts: Attempts, send: Callable[[Body, Attempts], Outcome]
    ) -> list[Outcome]:
        """Send a body, or its halves in its place where it was refused for what is in it.

        Returns
        -------
        list of Outcome
            What became of all of it, in order.
        """
        outcomes: list[Outcome] = []
        pieces = [body]
        while pieces:
            outcome = send(pieces.pop(), attempts)
            attempts = attempts.anew()
            if halves := self.halves(outcome):
                pieces += reversed(halves)
                continue
            outcomes.append(self.settle(outcome))
            if outcome.error is not None and not outcomes[-1].others_may_follow:
                pieces.reverse()
                outcomes += [Outcome(p, outcome.error, 0, 0, in_doubt=False) for p in pieces]
                break
        return outcomes

    def halves(self, outcome: Outcome) -> list[Body]:
        """Return what to send of a body in its place; nothing if its outcome is final."""
        counts, middle = outcome.body.counts, len(outcome.body.counts.samples) // 2
        if not middle or not self._is_refusal(outcome):
            return []
        first, rest = cut_request(outcome.body.data, middle)
        return [
            Body(first, counts.take(slice(middle))),
            Body(rest, counts.take(slice(middle, None))),
        ]

    def settle(self, outcome: Outcome) -> Outcome:
        """Return a final outcome, which names the series if it is one that was refused."""
        error = outcome.error
        if error is None or not self._is_refusal(outcome):
            return outcome
        with self._lock:
            self._n_refused += 1
        label_set = outcome.body.counts.label_sets[0][:_SHOWN_BYTES].decode(errors="replace")
        error.message += f", to {outcome.body.n_samples:,} samples of {label_set}"
        return replace(outcome, others_may_follow=True)

    def _is_refusal(self, outcome: Outcome) -> bool:
        """Say whether a body was refused for itself and stored nowhere, so that others may go."""
        error = outcome.error
        return (
            isinstance(error, ServerRejected)
            and error.is_about_the_body
            and error.status in self._receiver.stores_nothing
            and outcome.attempts > 0
            and not outcome.in_doubt
            and self._n_refused < _MOST_REFUSED
        )
