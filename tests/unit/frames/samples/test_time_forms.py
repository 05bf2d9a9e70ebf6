"""Text in other forms than ISO 8601: which form it has, and what to do."""

from __future__ import annotations

import pandas as pd
import pytest

from vm_df_writer.frames.samples.time_forms import how_to_convert


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
