from __future__ import annotations

from itertools import permutations, product

from vm_df_writer.model.cache_reset import CACHE_RESETS, CacheReset, worst_reset

FROM_WORST: list[CacheReset] = ["failed", "advised", "done", "automatic"]


def test_the_worst_is_what_is_told() -> None:
    for one, other in product(FROM_WORST, repeat=2):
        worst = min(one, other, key=FROM_WORST.index)
        assert worst_reset([one, other]) == worst
        assert worst_reset([None, one, other, None]) == worst
    for order in permutations(FROM_WORST):
        assert worst_reset(order) == "failed"


def test_where_none_was_asked_for_there_is_none() -> None:
    assert worst_reset([]) is None
    assert worst_reset([None, None]) is None


def test_each_is_described() -> None:
    assert list(CACHE_RESETS) == FROM_WORST
    assert all(CACHE_RESETS.values())
