from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vm_df_writer.transport.http_dates import clock_of, http_date, retry_after_s

DATE = "Mon, 30 Nov 2026 08:00:00 GMT"
MOMENT = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", [DATE, "30 Nov 2026 10:00:00 +0200", "30 Nov 2026 08:00:00 -0000"])
def test_a_date_is_a_moment(text: str) -> None:
    assert http_date(text) == MOMENT


@pytest.mark.parametrize("text", ["", "soon", "Mon, 31 Feb 2026 08:00:00 GMT", "12", "2026-11-30"])
def test_what_is_no_date_holds_none(text: str) -> None:
    assert http_date(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), (" 7 ", 7), ("86400", 86_400), ("", None), ("-1", None),
                          ("1.5", None), ("soon", None), ("١٢", None)]
)  # fmt: skip
def test_a_wait_is_told_in_whole_seconds(text: str, seconds: float | None) -> None:
    assert retry_after_s({"Retry-After": text}) == seconds


def test_a_wait_until_a_date_is_measured_by_the_clock_of_the_server() -> None:
    until = "Mon, 30 Nov 2026 08:01:30 GMT"
    assert retry_after_s({"Retry-After": until, "Date": DATE}) == 90
    assert retry_after_s({"Retry-After": DATE, "Date": until}) == 0


def test_a_wait_until_a_date_is_measured_by_our_clock_where_the_server_tells_none() -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    text = ahead.strftime("%a, %d %b %Y %H:%M:%S GMT")
    for headers in ({"Retry-After": text}, {"Retry-After": text, "Date": "soon"}):
        waits_s = retry_after_s(headers)
        assert waits_s is not None
        assert 3300 < waits_s <= 3600


def test_a_cached_answer_is_as_old_as_it_says() -> None:
    assert clock_of({"Date": DATE}) == MOMENT
    assert clock_of({"Date": DATE, "Age": " 90 "}) == MOMENT + timedelta(seconds=90)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Age": "5"},
        {"Date": "soon"},
        {"Date": DATE, "Age": "-5"},
        {"Date": DATE, "Age": "1e3"},
        {"Date": DATE, "Age": "9999999999"},
        {"Date": "Fri, 31 Dec 9999 23:59:59 GMT", "Age": "1"},
    ],
)
def test_a_clock_that_is_not_told_is_not_guessed(headers: dict[str, str]) -> None:
    assert clock_of(headers) is None
