from __future__ import annotations

import pytest

from vm_df_writer.display.progress import progress_bar


def test_a_bar_counts_samples_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar(True, 2_000) as done:
        done(1_500)
        done(500)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2.00k/2.00k" in shown.err


@pytest.mark.parametrize("choice", [False, "auto"])
def test_no_bar_is_shown_where_none_is_wanted_or_seen(
    choice: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with progress_bar(choice, 10) as done:  # pytest takes in standard error: it is no terminal
        done(10)
    assert capsys.readouterr().err == ""
