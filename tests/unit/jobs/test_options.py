"""What a job is asked for, and what of it decides what is stored."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

from vm_df_writer import WriterConfig
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.jobs import JobError, JobOptions
from vm_df_writer.jobs.options import job_config, job_identity

CONFIG = WriterConfig(datasource_url="http://me:hush-hush@localhost:8428", concurrency=8)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"workers": 0}, "^workers: expected 1 or more, got 0$"),
        ({"rate_limit": 0}, "^rate_limit: expected a number above 0, got 0$"),
        ({"max_bytes_per_second": -1}, "^max_bytes_per_second: expected a number above 0, got -1$"),
        (
            {"if_exists": "update"},
            "^if_exists: expected append, skip, fail or replace, got 'update'$",
        ),
        ({"verify": "all"}, "^verify: expected a bool, 'count' or 'repair', got 'all'$"),
        ({"since": "soon"}, "^since: expected a time such as 2026-01-31T12:00Z, got 'soon'$"),
        ({"until": pd.NaT}, "^until: expected a time such as 2026-01-31T12:00Z, got NaT$"),
        (
            {"since": "2026-02", "until": "2026-01"},
            "^since: 2026-02 is not before until, 2026-01; swap them$",
        ),
    ],
)
def test_impossible_options_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(JobError, match=message):
        JobOptions(**wrong)


def test_a_time_without_a_zone_is_utc() -> None:
    assert JobOptions(since="2026-01-01").since_ms == 1767225600000
    assert JobOptions(since="2026-01-01T01:00+01:00").since_ms == 1767225600000


def test_a_time_is_exact_to_the_millisecond_also_after_2038() -> None:
    assert JobOptions(until="2038-08-17T20:57:11.108Z").until_ms == 2165691431108


def test_what_is_stored_can_be_kept_as_json_and_holds_no_secret() -> None:
    reading = ReadOptions(label_columns=["host"], labels={"n": 1}, time="t")
    stored = job_identity(CONFIG, reading, JobOptions(since="2026-01-01"))
    text = json.dumps(stored)
    assert "hush-hush" not in text
    assert stored["reading.label_columns"] == ["host"]
    assert stored["reading.labels"] == {"n": 1}
    assert stored["since_ms"] == 1767225600000


@pytest.mark.parametrize(
    "faster",
    [{"workers": 4}, {"rate_limit": 10.0}, {"newest_first": True}, {"verify": True}],
)
def test_pace_order_and_verification_do_not_decide_what_is_stored(faster: dict[str, Any]) -> None:
    plain = job_identity(CONFIG, ReadOptions(), JobOptions())
    assert job_identity(CONFIG, ReadOptions(), JobOptions(**faster)) == plain


def test_workers_share_the_concurrency() -> None:
    assert [job_config(CONFIG, JobOptions(workers=n)).concurrency for n in (1, 3, 20)] == [8, 2, 1]


def test_bodies_are_small_beside_a_rate() -> None:
    fast, slow, slowest = (
        job_config(CONFIG, JobOptions(rate_limit=rate)).batch_max_bytes for rate in (1e9, 1e5, 1)
    )
    assert (fast, slow, slowest) == (CONFIG.batch_max_bytes, 500_000, 64 * 2**10)
    limited = job_config(CONFIG, JobOptions(max_bytes_per_second=400_000))
    assert limited.batch_max_bytes == 100_000
