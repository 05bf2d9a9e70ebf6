from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import block_of_rows
from vm_df_writer.verification.read_strategy import MAX_SELECTORS, ReadStrategy


def batch_sizes(strategy: ReadStrategy, lengths: list[int]) -> list[int]:
    label_sets = [b"x" * length for length in lengths]
    return [len(batch) for batch in strategy.batches(label_sets, range(len(lengths)))]


@pytest.mark.parametrize(
    ("n_series", "samples_per_series", "shares"),
    [
        (MAX_SELECTORS, 1.0, False),
        (MAX_SELECTORS + 1, 99.9, True),
        (MAX_SELECTORS + 1, 100.0, False),
    ],
)
def test_many_series_of_few_samples_are_looked_for_by_the_labels_that_they_share(
    n_series: int, samples_per_series: float, shares: bool
) -> None:
    assert ReadStrategy().shares_selectors(n_series, samples_per_series) is shares


def test_labels_that_match_much_else_are_not_looked_for() -> None:
    assert not ReadStrategy(can_share=False).shares_selectors(10**6, 1.0)


@pytest.mark.parametrize(
    ("can_share_counts", "n_samples", "counts_first"),
    [(True, 29, False), (True, 30, True), (False, 199, False), (False, 200, True)],
)
def test_a_count_comes_first_where_it_costs_less_than_the_samples(
    can_share_counts: bool, n_samples: int, counts_first: bool
) -> None:
    block = block_of_rows(np.ones((3, n_samples)))
    strategy = ReadStrategy(can_share_counts=can_share_counts)
    assert strategy.counts_first(block) is counts_first


def test_no_request_asks_for_more_series_than_the_server_reads_at_a_time() -> None:
    assert batch_sizes(ReadStrategy(most_series=2), [10] * 5) == [2, 2, 1]
    assert batch_sizes(ReadStrategy(), [10] * (MAX_SELECTORS + 1)) == [MAX_SELECTORS, 1]


def test_the_selectors_of_a_request_have_half_a_mebibyte() -> None:
    quarter = 2**17
    assert batch_sizes(ReadStrategy(), [quarter] * 5) == [4, 1]
    assert batch_sizes(ReadStrategy(), [quarter] * 3 + [quarter + 1, quarter]) == [3, 2]


def test_a_label_set_that_is_too_long_by_itself_is_asked_for_alone() -> None:
    assert batch_sizes(ReadStrategy(), [2**20, 2**20, 10]) == [1, 1, 1]


def test_only_the_series_that_are_wanted_are_asked_for_and_each_once() -> None:
    label_sets = [b"{}"] * 9
    strategy = ReadStrategy(most_series=2)
    assert list(strategy.batches(label_sets, [8, 3, 5])) == [[8, 3], [5]]
    assert list(strategy.batches(label_sets, [])) == []
