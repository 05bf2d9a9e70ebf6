from __future__ import annotations

from vm_df_writer.verification.series_diff import BlockDiff, SeriesDiff, Surplus

Y = b'{"__name__":"y"}'


def diff(missing: int = 1, first_ms: int = 10) -> SeriesDiff:
    return SeriesDiff(Y, 9, missing, 0, first_ms)


def test_whatever_is_not_as_it_was_sent_is_wrong() -> None:
    assert SeriesDiff(Y, 99, 1, 20, 0, conflicting=300).wrong == 321
    assert SeriesDiff(Y, 99, 0, 0, 0).wrong == 0


def test_two_blocks_of_a_series_add_up_and_the_earlier_time_stays() -> None:
    one = SeriesDiff(Y, 10, 1, 2, 70, 4)
    other = SeriesDiff(Y, 200, 30, 40, 60, 50)
    assert one.merge(other) == SeriesDiff(Y, 210, 31, 42, 60, 54)
    assert one.merge(other) == other.merge(one)


def test_a_second_look_replaces_what_was_known_of_incomplete_series_alone() -> None:
    before = BlockDiff(
        incomplete={1: diff(), 2: diff()},
        deduplicated={0: 5, 1: 6},
        surplus={0: Surplus(1, 0, 0, 0), 1: Surplus(2, 0, 0, 0)},
    )
    later = BlockDiff(
        incomplete={2: diff(missing=3)}, deduplicated={1: 7}, surplus={1: Surplus(0, 8, 0, 60)}
    )
    assert before.renew(later) == BlockDiff(
        incomplete={2: diff(missing=3)},
        deduplicated={0: 5, 1: 7},
        surplus={0: Surplus(1, 0, 0, 0), 1: Surplus(0, 8, 0, 60)},
    )


def test_what_a_second_look_no_longer_sees_of_an_incomplete_series_is_gone() -> None:
    before = BlockDiff({1: diff()}, {1: 6}, {1: Surplus(2, 0, 0, 0)})
    assert before.renew(BlockDiff()) == BlockDiff()


def test_of_the_intact_series_nothing_is_incomplete() -> None:
    seen = BlockDiff({1: diff()}, {0: 5, 1: 6}, {1: Surplus(2, 0, 0, 0), 3: Surplus(4, 0, 0, 0)})
    assert seen.of_intact() == BlockDiff({}, {0: 5}, {3: Surplus(4, 0, 0, 0)})
    assert seen.incomplete == {1: diff()}
