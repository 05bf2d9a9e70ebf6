"""A few of many: ``python -m tests.support.signal_shots write 1000`` shoots more often still."""

from __future__ import annotations

import pytest

from tests.support.signal_shots import Command, shoot
from tests.support.thorough import few_or_many


@pytest.mark.parametrize("command", ["write", "replay", "backfill"])
@few_or_many("n_shots", 3, 40)
def test_signals_at_random_moments_lose_nothing_and_nothing_is_claimed_that_is_not_there(
    command: Command, n_shots: int
) -> None:
    found = shoot(command, n_shots, seed=15)
    assert found.faults == []
    assert found.ends.total() == n_shots + 2
