"""Which returned samples are surplus: copies, conflicting or foreign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of, export_line
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.series_diff import Surplus

Y = {"__name__": "y", "host": "a"}


def surplus(block: SeriesBlock, *lines: bytes) -> dict[int, tuple[int, int, int]]:
    """Return how many copies, conflicting and foreign samples came back, by series."""
    comparison = Comparison(block, range(block.n_series))
    for each in lines:
        comparison.add(each)
    return {s: each[:3] for s, each in comparison.surplus().items()}


def test_what_came_back_as_it_was_sent_leaves_no_surplus() -> None:
    block = block_of((Y, [0, 1, 2], [1, 2, 3]))
    assert surplus(block, export_line(Y, [0, 1, 2], "1,2,3")) == {}
    assert surplus(block, export_line(Y, [2], "3"), export_line(Y, [0, 1], "1,2")) == {}
    assert surplus(block, export_line(Y, [0, 2], "1,3.5")) == {}
    assert surplus(block) == {}


def test_equal_samples_beyond_the_first_are_copies() -> None:
    block = block_of((Y, [0, 1], [1, 2]), ({"__name__": "z"}, [5], [3]))
    whole = export_line(Y, [0, 1], "1,2")
    assert surplus(block, whole, whole, whole) == {0: (4, 0, 0)}
    assert surplus(block, export_line(Y, [0, 0, 1], "1,1,2"), whole) == {0: (3, 0, 0)}
    assert surplus(block, whole, export_line(Y, [1, 1], "2,2")) == {0: (2, 0, 0)}
    third = "0.333333333333"  # what the server makes of it
    assert surplus(block_of((Y, [0], [1 / 3])), export_line(Y, [0, 0], f"{third},{third}")) == {
        0: (1, 0, 0)
    }


def test_other_values_at_the_time_of_a_found_sample_are_conflicting() -> None:
    block = block_of((Y, [0, 1, 2], [1, 2, 3]))
    line = export_line(Y, [0, 0, 0, 1, 2], "9,1,7,2,3")
    assert surplus(block, line) == {0: (0, 2, 0)}
    comparison = Comparison(block, [0])
    comparison.add(export_line(Y, [0, 1, 1, 2], "1,2,2.5,3"))
    assert comparison.surplus() == {0: Surplus(0, 1, 0, T + 1)}


def test_a_mismatched_sample_stands_for_one_of_the_other_values() -> None:
    block = block_of((Y, [0, 1], [1, 2]))
    assert surplus(block, export_line(Y, [0, 1], "9,2")) == {}
    assert surplus(block, export_line(Y, [0, 0, 1], "9,9,2")) == {0: (0, 1, 0)}
    late = export_line(Y, [0], "1")  # which makes it found
    assert surplus(block, export_line(Y, [0, 1], "9,2"), late) == {0: (0, 1, 0)}


def test_samples_at_other_times_within_a_series_are_foreign() -> None:
    block = block_of((Y, [0, 10], [1, 2]), ({"__name__": "z"}, [0, 20], [1, 2]))
    line = export_line(Y, [-1, 0, 5, 5, 10, 11, 15], "7,1,7,8,2,7,7")
    assert surplus(block, line) == {0: (0, 0, 2)}


def test_of_several_samples_sent_for_one_time_only_more_are_surplus() -> None:
    block = block_of((Y, [0, 0, 0, 1], [1, 2, 2, 3]))
    assert surplus(block, export_line(Y, [0, 0, 0, 1], "2,1,2,3")) == {}
    assert surplus(block, export_line(Y, [0] * 6 + [1], "2,1,2,2,1,2,3")) == {0: (3, 0, 0)}
    assert surplus(block, export_line(Y, [0, 0, 0, 0, 1], "2,1,2,8,3")) == {0: (0, 1, 0)}
    assert surplus(block, export_line(Y, [0, 0, 1], "2,8,3")) == {}  # the 8 stands for the 1


def test_a_piece_that_breaks_off_leaves_no_copies() -> None:
    block = block_of((Y, [0, 1], [1, 2]), ({"__name__": "z"}, [0, 1], [3, 4]))
    lines = [export_line(Y, [0, 1], "1,2"), export_line({"__name__": "z"}, [0, 0, 1], "3,3,4")]
    comparison = Comparison(block, [0, 1])

    def read(broken: bool) -> None:
        with comparison.piece(T, T + 1, range(2)):
            for each in lines:
                comparison.add(each)
            if broken:
                comparison.add(b"error: cannot fetch data")

    for _ in range(2):
        with pytest.raises(ServerRejected):
            read(broken=True)
    assert comparison.series_diffs()[0].missing == 2
    read(broken=False)
    assert comparison.series_diffs() == {}
    assert comparison.surplus() == {1: Surplus(1, 0, 0, T)}


def test_samples_outside_of_a_piece_belong_to_another_one() -> None:
    block = block_of((Y, [0, 1, 2, 3], [1, 2, 3, 4]))
    comparison = Comparison(block, [0])
    for first, last in ((0, 1), (2, 3)):  # the server's end is a millisecond late
        with comparison.piece(T + first, T + last, range(1)):
            times = range(first, min(last + 2, 4))
            comparison.add(export_line(Y, times, ",".join(str(time + 1) for time in times)))
    assert comparison.series_diffs() == {}
    assert comparison.surplus() == {}


def test_series_of_another_piece_are_read_there() -> None:
    more_labels = {**Y, "zone": "b"}  # a selector of Y matches these too
    block = block_of((Y, [0, 1], [1, 2]), (more_labels, [0, 1], [3, 4]))
    comparison = Comparison(block, [0, 1])
    for slot in (0, 1):
        with comparison.piece(T, T + 1, range(slot, slot + 1)):
            assert comparison.add(export_line(Y, [0, 1], "1,2"))
            assert comparison.add(export_line(more_labels, [0, 1], "3,4"))
    assert comparison.series_diffs() == {}
    assert comparison.surplus() == {}


@given(st.data())
def test_every_returned_sample_of_ours_is_counted_exactly_once(data: st.DataObject) -> None:
    """However the samples are cut into lines, the counts are those of a plain loop."""
    values = st.sampled_from([0.0, 1.0, 2.0])
    many = st.lists(st.tuples(st.integers(0, 9), values), min_size=1, max_size=8)
    sent = sorted(data.draw(many | many.map(lambda samples: list(dict(samples).items()))))
    returned = data.draw(st.lists(st.tuples(st.integers(-1, 10), values), max_size=20))
    block = block_of((Y, [time for time, _ in sent], [value for _, value in sent]))
    comparison, rest = Comparison(block, [0]), returned
    while rest:
        n = data.draw(st.integers(1, len(rest)))
        line, rest = rest[:n], rest[n:]
        comparison.add(
            export_line(Y, [time for time, _ in line], ",".join(str(value) for _, value in line))
        )
        if data.draw(st.booleans()):
            comparison.deduplicated()  # compares what is pending
    copies = conflicting = 0
    for time in {time for time, _ in sent}:
        meant = [v for t, v in sent if t == time]
        got = [v for t, v in returned if t == time]
        n_found = sum(v in got for v in meant)
        n_equal = sum(v in meant for v in got)
        copies += max(0, n_equal - n_found)
        conflicting += max(0, len(got) - n_equal - (len(meant) - n_found))
    first, last = sent[0][0], sent[-1][0]
    foreign = sum(first < t < last and t not in dict(sent) for t, _ in returned)
    [found] = comparison.surplus().values() or [(0, 0, 0)]
    assert found[:3] == (copies, conflicting, foreign)
