"""What is refused before Spark is asked for anything."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from vm_df_writer import WriterConfig
from vm_df_writer.jobs import JobError
from vm_df_writer.jobs.spark import to_victoriametrics

CONFIG = WriterConfig(datasource_url="http://127.0.0.1:1")


class Asked(Exception):  # noqa: N818 - it says that the write went on
    pass


def frame_of(settings: dict[str, str]) -> Any:
    """A frame of a session with settings that raises once it is to be computed."""

    def coalesce(_: int) -> None:
        raise Asked

    session = SimpleNamespace(conf=SimpleNamespace(get=settings.get))
    return SimpleNamespace(sparkSession=session, coalesce=coalesce)


@pytest.mark.parametrize("value", ["true", "True"])
def test_two_attempts_at_a_time_must_not_replace(value: str) -> None:
    frame = frame_of({"spark.speculation": value})
    with pytest.raises(JobError, match=r"^if_exists: 'replace' deletes .* spark.speculation is on"):
        to_victoriametrics(frame, CONFIG, if_exists="replace")


@pytest.mark.parametrize(
    ("settings", "if_exists"),
    [
        ({"spark.speculation": "true"}, "skip"),
        ({"spark.speculation": "false"}, "replace"),
        ({}, "replace"),
    ],
)
def test_other_writes_go_on(settings: dict[str, str], if_exists: str) -> None:
    with pytest.raises(Asked):
        to_victoriametrics(frame_of(settings), CONFIG, if_exists=cast("Any", if_exists))
