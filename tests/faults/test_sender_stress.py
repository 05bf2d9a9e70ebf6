"""Many schedules of faults: what is acknowledged is stored, and what is not is reported."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import length_hint

import numpy as np

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Fault, answer, hang, pass_on, passing_fault, store_and_hang
from tests.support.senders import body_of, deliver, sender_to, stored
from tests.support.thorough import few_or_many
from vm_df_writer.delivery.sender import Outcome, RetryPolicy
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.packing import Body

BODIES = 16
LINES, SAMPLES = 3, 400


def faults(rng: np.random.Generator) -> Iterator[Fault]:
    share = rng.uniform(0.1, 0.9)
    while True:
        if rng.random() > share:
            yield pass_on
        elif rng.random() < 0.04:
            yield [hang, store_and_hang][rng.integers(2)]
        elif rng.random() < 0.02:
            yield answer([400, 500][rng.integers(2)], stored=float(rng.choice([0.0, 0.5, 1.0])))
        else:
            yield passing_fault(rng, (2e5, 2e6))


@few_or_many("n_schedules", 20, 100)
def test_random_schedules_lose_and_miscount_nothing(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, n_schedules: int
) -> None:
    outcomes: list[Outcome] = []
    number_of: dict[Body, int] = {}
    never_pulled: list[int] = []
    for seed in range(n_schedules):
        rng = np.random.default_rng(seed)
        numbers = range(seed * BODIES, (seed + 1) * BODIES)
        bodies = [body_of(run, number, lines=LINES, samples=SAMPLES) for number in numbers]
        number_of |= dict(zip(bodies, numbers, strict=True))
        retry = RetryPolicy(
            reconnect_attempts=int(rng.integers(0, 9)),
            deadline_s=rng.uniform(0.2, 4),
            first_wait_s=0.01,
            longest_wait_s=0.1,
        )
        sender = sender_to(
            proxy.url,
            retry=retry,
            concurrency=int(rng.integers(1, 6)),
            encoding=["none", "gzip"][rng.integers(2)],
            timeout_s=0.4,
        )
        proxy.follow(faults(rng))
        rest = iter(bodies)
        settled = deliver(sender, rest)
        pulled = BODIES - length_hint(rest)
        assert Counter(o.body for o in settled) == Counter(bodies[:pulled]), f"seed {seed}"
        outcomes += settled
        never_pulled += numbers[pulled:]

    found = stored(victoria_metrics, run)
    whole = LINES * SAMPLES
    for outcome in outcomes:
        number = number_of[outcome.body]
        distinct, copies = found.get(number, (0, 0))
        if outcome.error is None:
            assert distinct == whole, f"body {number} is acknowledged and not stored"
        if not outcome.in_doubt:
            expected = 0 if outcome.error else whole
            assert copies == expected, f"body {number} is not in doubt, but {copies} are stored"
    assert not found.keys() & set(never_pulled)

    kinds = Counter((outcome.error is None, outcome.in_doubt) for outcome in outcomes)
    assert len(kinds) == 4, f"the faults are too few or too many to prove anything: {kinds}"
