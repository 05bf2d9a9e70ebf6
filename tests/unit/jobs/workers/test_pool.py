"""Tasks are run here or in workers, and nothing is sent before it is marked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from vm_df_writer import WriterConfig
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.files.locations import find_files
from vm_df_writer.jobs import JobOptions, StateError
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.plan import make_plan, plan_tasks
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.pool import run_tasks
from vm_df_writer.jobs.workers.results import PartWritten
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task

N_FILES = 3


class Receiver:
    """Takes import lines, and knows in which order what came."""

    def __init__(self, server: HTTPServer) -> None:
        self.events: list[str] = []
        server.expect_request("/api/v1/import").respond_with_handler(self._take)
        self.url = server.url_for("")

    def _take(self, request: Request) -> Response:
        if body := request.get_data():
            self.events.append(f"sent {body.decode().split('file_')[1][0]}")
        return Response(status=204)


@pytest.fixture
def receiver(httpserver: HTTPServer) -> Receiver:
    return Receiver(httpserver)


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    """One part for each of the columns file_1, file_2, ... in files of their own."""
    for number in range(1, N_FILES + 1):
        times = pd.date_range("2026-01-01", periods=5, freq="1min", tz="UTC")
        frame = pd.DataFrame({f"file_{number}": range(5)}, index=times)
        frame.to_csv(tmp_path / f"{number}.csv", index_label="time")
    with StateStore(tmp_path / "job.sqlite") as store:
        files = find_files([str(tmp_path / "*.csv")])
        make_plan(store, files, ReadOptions(layout="wide"), JobOptions(), lambda: False)
        return list(plan_tasks(store, store.parts(PartState.PENDING), JobOptions()))


def spec(url: str, workers: int) -> JobSpec:
    config = WriterConfig(datasource_url=url, metric_format={"__name__": "$VAR"})
    return JobSpec.of(config, {}, JobOptions(workers=workers))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_part_is_marked_before_it_is_sent_whoever_takes_the_results(
    receiver: Receiver, tasks: list[Task], workers: int
) -> None:
    def mark(part_id: int, _: SeriesSpans | None) -> list[OtherPart]:
        receiver.events.append(f"marked {part_id}")
        return []

    results = list(run_tasks(spec(receiver.url, workers), tasks, mark, Stop()))
    assert {(r.record.id, r.state) for r in results if isinstance(r, PartWritten)} == {
        (task.records[0].id, PartState.SENT) for task in tasks
    }
    for number, task in enumerate(tasks, 1):
        marked = receiver.events.index(f"marked {task.records[0].id}")
        assert marked < receiver.events.index(f"sent {number}")


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_sent_of_a_part_whose_mark_cannot_be_made(
    receiver: Receiver, tasks: list[Task], workers: int
) -> None:
    first, *_ = tasks

    def refuse(part_id: int, _: SeriesSpans | None) -> list[OtherPart]:
        if part_id != first.records[0].id:
            raise StateError("the disk is full")
        return []

    with pytest.raises(StateError, match="the disk is full"):
        list(run_tasks(spec(receiver.url, workers), tasks, refuse, Stop()))
    assert set(receiver.events) <= {"sent 1"}


def test_tasks_are_taken_one_by_one_as_they_are_worked_off(
    receiver: Receiver, tasks: list[Task]
) -> None:
    """Frames come from the caller's generator, which may hold no more than one of them."""

    def come() -> Iterator[Task]:
        for number, task in enumerate(tasks, 1):
            receiver.events.append(f"came {number}")
            yield task

    list(run_tasks(spec(receiver.url, 1), come(), lambda *_: [], Stop()))
    assert receiver.events == [f"{what} {n}" for n in (1, 2, 3) for what in ("came", "sent")]
