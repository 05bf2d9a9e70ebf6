"""A few of many: ``python -m tests.support.signal_shots write 1000`` shoots more often."""

from __future__ import annotations

import pytest

from tests.support.signal_shots import Command, shoot


@pytest.mark.parametrize("command", ["write", "replay", "backfill"])
def test_signals_at_random_moments_lose_nothing_and_nothing_is_claimed_that_is_not_there(
    command: Command,
) -> None:
    found = shoot(command, 8, seed=15)
    assert found.faults == []
    assert found.ends.total() == 10
