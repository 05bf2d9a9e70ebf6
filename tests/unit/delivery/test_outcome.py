from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import T
from vm_df_writer.delivery.outcome import Halving, Outcome
from vm_df_writer.errors import DeliveryError, ServerRejected, ServerUnavailable
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.transport.receiver import IMPORTING, OTHER, PROMETHEUS, VICTORIA_METRICS, Receiver
from vm_df_writer.wire.packing import Body, pack_bodies
from vm_df_writer.wire.protocol import REMOTE_WRITE

LABEL_SETS = [b'{"__name__":"y","host":"%d"}' % i for i in range(11)]
BLOCK = SeriesBlock(LABEL_SETS, np.array([0, 3]), T + np.arange(3), np.ones((11, 3)))
(BODY,) = pack_bodies([BLOCK], max_bytes=2**20, max_series=99, wire=REMOTE_WRITE)


def refused(body: Body, status: int = 400, **changes: bool) -> Outcome:
    error = ServerRejected(f"h: answered {status}", status=status, is_about_the_body=True)
    return Outcome(body, error, 0, 1, changes.get("in_doubt", False))


def test_a_refused_body_comes_down_to_each_of_its_series_once() -> None:
    halving = Halving(PROMETHEUS)
    pieces, single = [BODY], []
    while pieces:
        piece = pieces.pop()
        halves = halving.halves(refused(piece))
        pieces += reversed(halves)
        if not halves:
            single.append(piece)
    assert b"".join(piece.data for piece in single) == BODY.data
    assert [list(piece.counts.label_sets) for piece in single] == [[each] for each in LABEL_SETS]
    for piece in single:
        assert REMOTE_WRITE.read_counts(piece.data).samples.tolist() == [3]


@pytest.mark.parametrize(
    ("receiver", "outcome"),
    [
        (IMPORTING, refused(BODY)),
        (OTHER, refused(BODY)),
        (VICTORIA_METRICS, refused(BODY, 503)),
        (VICTORIA_METRICS, refused(BODY, in_doubt=True)),
        (PROMETHEUS, Outcome(BODY, ServerUnavailable("h: gone"), 0, 1, in_doubt=True)),
        (PROMETHEUS, Outcome(BODY, DeliveryError("not sent"), 0, 0, in_doubt=False)),
        (PROMETHEUS, Outcome(BODY, None, 9, 1, in_doubt=False)),
    ],
)
def test_a_body_that_may_be_stored_in_part_is_not_cut(receiver: Receiver, outcome: Outcome) -> None:
    halving = Halving(receiver)
    assert halving.halves(outcome) == []
    assert halving.settle(outcome) is outcome


def test_a_refused_series_is_named_and_lets_others_follow() -> None:
    halving = Halving(PROMETHEUS)
    (single,) = pack_bodies([BLOCK], max_bytes=2**20, max_series=99, wire=REMOTE_WRITE)
    outcome = halving.settle(refused(single))
    assert outcome.others_may_follow
    assert 'answered 400, to 33 samples of {"__name__":"y","host":"0"}' in str(outcome.error)


def test_a_server_that_refuses_a_hundred_series_refuses_the_frame() -> None:
    halving = Halving(PROMETHEUS)
    assert [halving.settle(refused(BODY)).others_may_follow for _ in range(101)] == [
        *[True] * 100,
        False,
    ]
    assert halving.halves(refused(BODY)) == []
