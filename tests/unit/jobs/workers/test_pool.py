"""Tasks are run here or in workers, and nothing is sent before it is marked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.deadly_auth import DeadlyAuth
from vm_df_writer import WriterConfig
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import ConfigError
from vm_df_writer.files.locations import find_files
from vm_df_writer.jobs import JobOptions, StateError
from vm_df_writer.jobs.overlap.series_spans import SeriesSpans
from vm_df_writer.jobs.plan import make_plan, plan_tasks
from vm_df_writer.jobs.state.records import PartState
from vm_df_writer.jobs.state.store import StateStore
from vm_df_writer.jobs.workers.pool import WorkerPool
from vm_df_writer.jobs.workers.results import PartResult
from vm_df_writer.jobs.workers.stop_flag import Stop
from vm_df_writer.jobs.workers.tasks import JobSpec, OtherPart, Task

N_FILES = 3


class Receiver:
    """Takes import lines, and knows in which order what came; each is answered when it may be."""

    def __init__(self, server: HTTPServer) -> None:
        self.events: list[str] = []
        self.answers: Callable[[], object] = lambda: None
        server.expect_request("/api/v1/import").respond_with_handler(self._take)
        self.url = server.url_for("")

    def _take(self, request: Request) -> Response:
        if body := request.get_data():
            self.events.append(f"sent {body.decode().split('file_')[1][0]}")
            self.answers()
        return Response(status=204)


class Book:
    """Notes what happens beside what the receiver gets; `mark` may say more of it."""

    def __init__(
        self,
        receiver: Receiver,
        mark: Callable[[int, Sequence[int]], bool] = lambda *_: True,
    ) -> None:
        self.results: list[PartResult] = []
        self.shown: list[PartResult] = []
        self._receiver, self._mark = receiver, mark
        self._new: list[str] = []

    @contextmanager
    def together(self) -> Iterator[None]:
        yield
        self._receiver.events += self._new
        self._new.clear()

    def begin(
        self, part_id: int, _: SeriesSpans | None, in_flight: Sequence[int]
    ) -> list[OtherPart] | None:
        if not self._mark(part_id, in_flight):
            return None
        self._new.append(f"marked {part_id}")
        return []

    def record(self, result: PartResult) -> None:
        self.results.append(result)

    def show(self, result: PartResult) -> None:
        self.shown.append(result)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with HTTPServer(threaded=True) as server:
        yield Receiver(server)


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


def spec(url: str, workers: int = 1, at_once: int = 4) -> JobSpec:
    config = WriterConfig(datasource_url=url, metric_format={"__name__": "$VAR"}, concurrency=4)
    made = JobSpec.of(config, {}, JobOptions(workers=workers))
    return replace(made, parts_at_once=at_once)


def run(given: JobSpec, tasks: Sequence[Task] | Iterator[Task], book: Book) -> None:
    WorkerPool(given, tasks, book, Stop()).run()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_part_is_marked_before_it_is_sent_and_shown_when_that_is_noted(
    receiver: Receiver, tasks: list[Task], workers: int
) -> None:
    book = Book(receiver)
    run(spec(receiver.url, workers), tasks, book)
    assert {(r.record.id, r.state) for r in book.results} == {
        (task.records[0].id, PartState.SENT) for task in tasks
    }
    assert book.shown == book.results
    for number, task in enumerate(tasks, 1):
        marked = receiver.events.index(f"marked {task.records[0].id}")
        assert marked < receiver.events.index(f"sent {number}")


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_is_sent_of_a_part_whose_mark_cannot_be_made(
    receiver: Receiver, tasks: list[Task], workers: int
) -> None:
    first, *_ = tasks

    def refuse(part_id: int, _: Sequence[int]) -> bool:
        if part_id != first.records[0].id:
            raise StateError("the disk is full")
        return True

    with pytest.raises(StateError, match="the disk is full"):
        run(spec(receiver.url, workers), tasks, Book(receiver, refuse))
    assert {event for event in receiver.events if "sent" in event} <= {"sent 1"}


def test_tasks_are_taken_one_by_one_as_they_are_worked_off(
    receiver: Receiver, tasks: list[Task]
) -> None:
    """Frames come from the caller's generator, which may hold no more than one of them."""

    def come() -> Iterator[Task]:
        for number, task in enumerate(tasks, 1):
            receiver.events.append(f"came {number}")
            yield task

    run(spec(receiver.url, at_once=1), come(), Book(receiver))
    told = [event for event in receiver.events if "marked" not in event]
    assert told == [f"{what} {n}" for n in (1, 2, 3) for what in ("came", "sent")]


def test_parts_are_in_flight_together_and_marked_in_their_order(
    receiver: Receiver, tasks: list[Task]
) -> None:
    all_in_flight = threading.Barrier(N_FILES)
    receiver.answers = lambda: all_in_flight.wait(20)
    book = Book(receiver)
    run(spec(receiver.url), tasks, book)
    ids = [task.records[0].id for task in tasks]
    assert [e for e in receiver.events if "marked" in e] == [f"marked {part}" for part in ids]
    assert {r.state for r in book.results} == {PartState.SENT}


def test_no_more_requests_are_in_flight_than_the_config_allows(
    receiver: Receiver, tasks: list[Task]
) -> None:
    in_flight, most, lock = 0, 0, threading.Lock()

    def answer() -> None:
        nonlocal in_flight, most
        with lock:
            in_flight += 1
            most = max(most, in_flight)
        time.sleep(0.1)
        with lock:
            in_flight -= 1

    receiver.answers = answer
    given = spec(receiver.url)
    config = given.config.model_copy(update={"concurrency": 2})
    run(replace(given, config=config), tasks, Book(receiver))
    assert most == 2


def test_a_part_that_is_large_is_in_hand_alone(receiver: Receiver, tasks: list[Task]) -> None:
    """So that no more than one part, or some small ones, are in memory."""
    first, second, third = tasks
    part = replace(second.records[0].part, rows=10**8)
    large = replace(second, records=[replace(second.records[0], part=part)])
    receiver.answers = lambda: time.sleep(0.1)
    run(spec(receiver.url), [first, large, third], Book(receiver))
    order = [event for event in receiver.events if "sent" in event]
    assert order == ["sent 1", "sent 2", "sent 3"]
    _, second_id, third_id = (task.records[0].id for task in tasks)
    assert receiver.events.index(f"marked {second_id}") > receiver.events.index("sent 1")
    assert receiver.events.index(f"marked {third_id}") > receiver.events.index("sent 2")


def test_a_part_whose_mark_waits_for_another_part_is_sent_after_it(
    receiver: Receiver, tasks: list[Task]
) -> None:
    """And so are those after it, since parts are marked in their order."""
    first, second, _ = (task.records[0].id for task in tasks)
    receiver.answers = lambda: time.sleep(0.2)
    book = Book(receiver, lambda part, in_flight: part != second or first not in in_flight)
    run(spec(receiver.url), tasks, book)
    ended = [result.record.id for result in book.results]
    assert ended[0] == first
    sent = [event for event in receiver.events if "sent" in event]
    assert sent[0] == "sent 1"
    assert receiver.events.index(f"marked {second}") > receiver.events.index("sent 1")


def test_an_error_that_is_none_of_a_part_ends_the_job(
    receiver: Receiver, tasks: list[Task]
) -> None:
    given = replace(spec(receiver.url), options=JobOptions(if_exists="replace"))
    with pytest.raises(ConfigError, match="if_exists: 'replace' needs spool_dir="):
        run(given, tasks, Book(receiver))
    assert not [event for event in receiver.events if "sent" in event]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_ends_what_is_in_flight_and_begins_nothing_else(
    receiver: Receiver, tasks: list[Task], workers: int
) -> None:
    stop, book = Stop(), Book(receiver)
    receiver.answers = lambda: stop.request("SIGTERM")
    WorkerPool(spec(receiver.url, workers, at_once=1), tasks, book, stop).run()
    sent = {event for event in receiver.events if "sent" in event}
    assert 1 <= len(sent) <= workers
    states = [r.state for r in book.results]
    assert states.count(PartState.SENT) == len(sent)


@pytest.mark.parametrize("at_once", [1, 4])
def test_a_part_that_a_worker_dies_of_fails_alone(
    receiver: Receiver, tasks: list[Task], at_once: int
) -> None:
    book, given = Book(receiver), spec(receiver.url, 2, at_once)
    config = given.config.model_copy(update={"auth": DeadlyAuth(b"file_2")})
    run(replace(given, config=config), tasks, book)
    assert sorted(result.record.id for result in book.results) == [
        task.records[0].id for task in tasks
    ]
    ends = {r.record.path[-5]: r for r in book.results}
    assert {number: end.state for number, end in ends.items()} == {
        "1": PartState.SENT,
        "2": PartState.FAILED,
        "3": PartState.SENT,
    }
    reason = ends["2"].reason
    assert reason is not None
    assert reason.startswith("the worker process ended with SIGKILL; if it ran out of memory")
