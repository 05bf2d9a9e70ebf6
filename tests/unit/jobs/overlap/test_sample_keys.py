"""Pieces of a whole are searched for repeats exactly, a share of the keys at a time."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.jobs.overlap.sample_keys import (
    find_overlaps,
    key_of,
    repeated_keys,
    sample_keys,
)
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans, series_digest
from vm_df_writer.model.series import SeriesBlock

SERIES = [b'{"__name__":"a"}', b'{"__name__":"b"}', b'{"__name__":"c"}']
PIECES = st.lists(
    st.lists(st.tuples(st.sampled_from(SERIES), st.integers(0, 30)), max_size=8), max_size=5
)


def blocks(samples: list[tuple[bytes, int]]) -> list[SeriesBlock]:
    """One block for each sample."""
    return [
        SeriesBlock([labels], np.array([0, 1]), np.array([ms]), np.array([[1.0]]))
        for labels, ms in samples
    ]


def spans(samples: list[tuple[bytes, int]]) -> SeriesSpans:
    return SeriesSpans.of(blocks(samples))


def overlaps(one: Any, other: Any) -> bool:
    return bool(one and other) and spans(one).overlap(spans(other))


@given(PIECES)
def test_pieces_that_overlap_are_those_of_which_two_do(pieces: Any) -> None:
    found, digests = find_overlaps([*map(spans, pieces), spans([])])
    numbers = range(len(pieces))
    pairs = [(i, k) for i, k in combinations(numbers, 2) if overlaps(pieces[i], pieces[k])]
    assert {number for pair in pairs for number in pair} <= {*found}
    assert bool(found) == bool(pairs) == bool(len(digests))


@given(PIECES.filter(len), st.sampled_from([1, 2, 7]))
def test_repeated_keys_are_those_of_samples_of_two_pieces(pieces: Any, n_shares: int) -> None:
    only = np.array([series_digest(labels) for labels in SERIES])
    found = []
    for share in range(n_shares):
        keys = [sample_keys(blocks(piece), only, n_shares, share) for piece in pieces]
        found += repeated_keys(keys).tolist()
    expected = {
        int(key_of(labels, np.array([ms]))[0])
        for one, other in combinations(pieces, 2)
        for labels, ms in {*one} & {*other}
    }
    assert sorted(found) == sorted(expected)


def test_no_two_samples_of_a_series_have_one_key() -> None:
    times = 1767225600000 + 1000 * np.arange(100_000)
    assert len(np.unique(key_of(SERIES[0], times))) == len(times)
    assert not np.isin(key_of(SERIES[1], times), key_of(SERIES[0], times)).any()
