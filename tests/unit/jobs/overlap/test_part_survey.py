from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from tests.support.blocks import T, block_of
from vm_df_writer.jobs.errors import RepeatedSamplesError
from vm_df_writer.jobs.overlap.part_survey import PartSurvey, evenly_spread
from vm_df_writer.model.series import SeriesBlock

Y = {"__name__": "y"}


def part(times: Sequence[int], values: Sequence[float]) -> Callable[[], list[SeriesBlock]]:
    return lambda: [block_of((Y, times, values))]


def left_to_others(
    survey: PartSurvey, name: str, read: Callable[[], list[SeriesBlock]]
) -> list[int]:
    return [time - T for times in survey.add(name, name, read).values() for time in times.tolist()]


def test_what_stands_in_a_part_before_is_left_to_it() -> None:
    survey = PartSurvey("last")
    assert left_to_others(survey, "a.csv", part([0, 10, 20], [1, 2, 3])) == []
    assert left_to_others(survey, "b.csv", part([10, 20, 30], [2, 3, 4])) == [10, 20]
    assert left_to_others(survey, "c.csv", part([31, 40], [5, 6])) == []


def test_a_sample_of_three_parts_is_left_to_the_first_once() -> None:
    survey = PartSurvey("last")
    survey.add("a.csv", "a.csv", part([0, 10], [1, 2]))
    survey.add("b.csv", "b.csv", part([10, 20], [2, 3]))
    assert left_to_others(survey, "c.csv", part([10, 20], [2, 3])) == [10, 20]


@pytest.mark.parametrize(("policy", "left"), [("first", [10]), ("max", [10])])
def test_another_value_gives_way_where_the_policy_says_so(policy: str, left: list[int]) -> None:
    survey = PartSurvey(policy)  # type: ignore[arg-type]
    survey.add("a.csv", "a.csv", part([10], [2]))
    assert left_to_others(survey, "b.csv", part([10], [1])) == left


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("last", r"^b\.csv: has other values at 1 times at which a\.csv has samples of the same"),
        ("max", r"^b\.csv: has other values at 1 times at which a\.csv has samples of the same"),
        ("error", r"^b\.csv: has samples at 1 times at which a\.csv has samples of the same"),
    ],
)
def test_a_contradiction_is_refused_with_both_names(policy: str, said: str) -> None:
    survey = PartSurvey(policy)  # type: ignore[arg-type]
    survey.add("a.csv", "a.csv", part([10], [2]))
    with pytest.raises(RepeatedSamplesError, match=said):
        survey.add("b.csv", "b.csv", part([10], [3]))


def test_two_parts_of_one_file_are_not_told_apart_by_the_name_of_the_file() -> None:
    survey = PartSurvey("last")
    survey.add("a.csv, part 0", "a.csv", part([10], [2]))
    with pytest.raises(RepeatedSamplesError) as caught:
        survey.add("a.csv, part 1", "a.csv", part([10], [3]))
    assert "file_labels=" not in str(caught.value)


def test_rows_that_are_scattered_over_many_parts_are_refused() -> None:
    survey = PartSurvey("last")
    for number in range(33):
        survey.add(f"{number}.csv", f"{number}.csv", part([number, 100 + number], [1, 2]))
    with pytest.raises(RepeatedSamplesError, match=r"^more than 32 other parts have samples of"):
        survey.add("last.csv", "last.csv", part([0, 200], [1, 2]))


def test_a_part_is_read_once_if_nothing_overlaps_it() -> None:
    reads: list[str] = []

    def read() -> list[SeriesBlock]:
        reads.append("read")
        return [block_of((Y, [50], [1]))]

    survey = PartSurvey("last")
    survey.add("a.csv", "a.csv", part([0, 10], [1, 2]))
    survey.add("b.csv", "b.csv", read)
    survey.add("c.csv", "c.csv", part([90], [1]))
    assert reads == ["read"]


def test_some_of_many_are_spread_from_the_first_to_the_last() -> None:
    assert evenly_spread(range(101), 5) == [0, 25, 50, 75, 100]
    assert evenly_spread(range(3), 3) == [0, 1, 2]
    assert evenly_spread(range(9), 1) == [0]
    assert evenly_spread([], 5) == []
