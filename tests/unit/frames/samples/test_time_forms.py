"""Text in other forms than ISO 8601: which form it has, and what to do."""

from __future__ import annotations

import pandas as pd
import pytest

from vm_df_writer.frames.samples.time_forms import forms_of, how_to_convert


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Mar 1, 2026 @ 00:05:00.000", "%b %d, %Y @ %H:%M:%S.%f"),
        ("01/Mar/2026:00:05:00 +0000", "%d/%b/%Y:%H:%M:%S %z"),
        ("01-MAR-26 12.00.00.000000 AM", "%d-%b-%y %I.%M.%S.%f %p"),
        ("Sun Mar  1 00:05:00 2026", "%a %b %d %H:%M:%S %Y"),
        ("2026-03-01 00:05:00,250", "%Y-%m-%d %H:%M:%S,%f"),
        ("13.03.2026 18.00.00", "%d.%m.%Y %H.%M.%S"),
        ("2026-W02-1", "%G-W%V-%u"),
    ],
)
def test_the_one_form_that_fits_is_named(text: str, form: str) -> None:
    hint, file_hint = how_to_convert(pd.Index([text]), "frame['t']")
    assert hint == f"convert it with frame['t'] = pd.to_datetime(frame['t'], format={form!r})"
    assert file_hint == f"pass time_format={form!r}"


def test_of_several_forms_the_owner_chooses() -> None:
    assert how_to_convert(pd.Index(["26-03-01"]), "t")[1] == (
        "pass the form that is meant: time_format='%d-%m-%y', or time_format='%y-%m-%d'"
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("13.01.2026 00:00 - 13.01.2026 01:00", ".split(' - ').str[0], format='%d.%m.%Y %H:%M')"),
        ("2026-03-01T00:00Z/2026-03-01T01:00Z", ".split('/').str[0])"),
    ],
)
def test_of_intervals_the_starts_are_taken(text: str, code: str) -> None:
    hint, file_hint = how_to_convert(pd.Index([text]), "t")
    assert hint == f"these are intervals; take their starts with t = pd.to_datetime(t.str{code}"
    assert file_hint == "these are intervals; write the start of each into the file"


def test_every_text_has_to_fit() -> None:
    assert forms_of(pd.Index(["03/04/2026", "13/04/2026"])) == ["%d/%m/%Y"]
    assert forms_of(pd.Index(["03/04/2026", "04/13/2026"])) == ["%m/%d/%Y"]
    assert forms_of(pd.Index(["13/04/2026", "04/13/2026"])) == []


def test_no_text_has_no_form() -> None:
    assert forms_of(pd.Index([], dtype=object)) == []
    assert forms_of(pd.Index(["soon"])) == []


def advice(*texts: str) -> tuple[str, str]:
    return how_to_convert(pd.Index(texts), "frame['t']")


def test_day_and_month_are_not_guessed() -> None:
    hint, file_hint = advice("03/04/2026")
    assert hint == (
        "convert it with pd.to_datetime, and say with format= whether the day comes first "
        "('%d/%m/%Y') or the month ('%m/%d/%Y')"
    )
    assert file_hint == (
        "pass time_format='%d/%m/%Y' if the day comes first, or time_format='%m/%d/%Y' if the "
        "month does"
    )


def test_quarters_become_their_first_day() -> None:
    assert advice("2026Q1", "2026-Q4") == (
        "convert it with frame['t'] = pd.PeriodIndex(frame['t'], freq='Q').to_timestamp()",
        "write the first day of each quarter into the file",
    )


def test_without_a_form_the_way_is_told_alone() -> None:
    assert advice("soon") == (
        "convert the column with pd.to_datetime",
        "name the form with time_format=, such as time_format='%d/%m/%Y %H:%M'",
    )
    assert advice() == advice("soon")


@pytest.mark.parametrize(
    "text", ["9999-12-31 23:59:59 US/Pacific", "2026-03-29 02:30:00 Europe/Berlin"]
)
def test_an_hour_that_pandas_cannot_place_has_no_form_or_one(text: str) -> None:
    assert forms_of(pd.Index([text])) in ([], ["%Y-%m-%d %H:%M:%S %Z"])
