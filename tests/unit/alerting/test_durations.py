from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vm_df_writer.alerting.durations import duration_text, read_duration
from vm_df_writer.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("250ms", 0.25), ("90s", 90), ("1.5h", 5400), ("2d", 172_800)],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert read_duration("for_", text) == seconds


@pytest.mark.parametrize("text", ["", "5", "soon", "-5m", "1h-30m"])
def test_what_is_no_duration_is_refused_with_its_keyword(text: str) -> None:
    with pytest.raises(ConfigError, match=r"^keep_firing_for: ") as caught:
        read_duration("keep_firing_for", text)
    assert "Value error" not in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1, "1s"), (59.1, "1m"), (60, "1m"), (3600, "1h"), (90_061, "1d1h1m1s"),
     (86_400 * 30, "30d"), (3601, "1h1s")],
)  # fmt: skip
def test_a_duration_is_written_in_whole_seconds_rounded_up(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


@given(st.integers(0, 10**7))
def test_what_is_written_is_read_as_the_same(seconds: int) -> None:
    assert read_duration("for_", duration_text(seconds)) == seconds
