from __future__ import annotations

import pytest

from vm_df_writer.display.progress import ProgressBar


def test_a_bar_counts_samples_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar(True, 2_000) as bar:
        bar.add(1_500)
        bar.add(500)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2.00k/2.00k" in shown.err


@pytest.mark.parametrize("choice", [False, "auto"])
def test_no_bar_is_shown_where_none_is_wanted_or_seen(
    choice: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with ProgressBar(choice, 10) as bar:  # pytest takes in standard error: it is no terminal
        bar.add(10)
    assert capsys.readouterr().err == ""


def test_outside_of_its_block_a_bar_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    bar = ProgressBar(True, 10)
    bar.add(10)
    assert capsys.readouterr().err == ""
