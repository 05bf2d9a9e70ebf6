from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import T, block_of
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans, series_digest
from vm_df_writer.model.series import SeriesBlock

Y, Z = {"__name__": "y"}, {"__name__": "z"}
NAMES = {series_digest(b'{"__name__":"%s"}' % name): name.decode() for name in (b"y", b"z")}


def spans_of(*blocks: SeriesBlock) -> dict[str, tuple[int, int]]:
    spans = SeriesSpans.of(blocks)
    assert (np.diff(spans.digests) > 0).all()
    return {
        NAMES[digest]: (first - T, last - T)
        for digest, first, last in zip(
            spans.digests.tolist(), spans.first_ms.tolist(), spans.last_ms.tolist(), strict=True
        )
    }


def test_the_order_of_labels_does_not_tell_series_apart() -> None:
    one = series_digest(b'{"__name__":"y","host":"a"}')
    assert one == series_digest(b'{"host":"a","__name__":"y"}')
    assert one != series_digest(b'{"host":"y","__name__":"a"}')
    assert -(2**63) <= one < 2**63


def test_a_series_spans_all_blocks_from_its_first_to_its_last_sample() -> None:
    early, late = block_of((Y, [5, 9], [1, 2])), block_of((Z, [7], [3]), (Y, [1, 6], [4, 5]))
    assert spans_of(early, late) == spans_of(late, early) == {"y": (1, 9), "z": (7, 7)}


def test_a_part_without_samples_spans_nothing_and_overlaps_nothing() -> None:
    nothing = SeriesSpans.of([SeriesBlock.of_nothing({"nan": 3})])
    assert nothing.digests.tolist() == nothing.first_ms.tolist() == nothing.last_ms.tolist() == []
    some = SeriesSpans.of([block_of((Y, [0], [1]))])
    assert not nothing.overlap(some)
    assert not some.overlap(nothing)
    assert not nothing.overlap(nothing)


@pytest.mark.parametrize(
    ("times", "overlap"),
    [
        ([0, 9], False),
        ([0, 10], True),  # both ends are included
        ([12, 13], True),
        ([20, 30], True),
        ([21, 30], False),
        ([0, 30], True),
    ],
)
def test_parts_overlap_where_a_series_shares_a_range_of_time(
    times: list[int], overlap: bool
) -> None:
    whole = SeriesSpans.of([block_of((Y, [10, 20], [1, 2]), (Z, [0, 99], [3, 4]))])
    other = SeriesSpans.of([block_of((Y, times, [1, 2]))])
    assert whole.overlap(other) is overlap
    assert other.overlap(whole) is overlap


def test_ranges_of_different_series_do_not_overlap() -> None:
    one = SeriesSpans.of([block_of((Y, [0, 9], [1, 2]))])
    assert not one.overlap(SeriesSpans.of([block_of((Z, [0, 9], [1, 2]))]))
