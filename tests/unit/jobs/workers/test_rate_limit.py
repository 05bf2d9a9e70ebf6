"""A pace is kept on the whole, whoever takes the turns."""

from __future__ import annotations

import multiprocessing
import time

import numpy as np
import pytest

from vm_df_writer import WriteReport
from vm_df_writer.jobs.workers.rate_limit import JobThrottle, RateLimiter
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.packing import Body

RATE = 10_000.0
TIMES = np.array([1767225600000])
BODY = Body(bytes(1000), SampleCounts([b"{}"], np.array([1]), TIMES, TIMES))


def take_turns(pace: RateLimiter, until: float) -> None:
    while time.monotonic() < until:
        time.sleep(max(0.0, pace.reserve(500) - time.monotonic()))


def test_processes_share_one_pace() -> None:
    pace = RateLimiter(RATE)
    first = pace.reserve(0)
    context = multiprocessing.get_context("spawn")
    until = time.monotonic() + 3.0
    crew = [context.Process(target=take_turns, args=(pace, until), daemon=True) for _ in range(2)]
    for process in crew:
        process.start()
    for process in crew:
        process.join()
    elapsed_s = time.monotonic() - first
    taken = (pace.reserve(0) - first) * RATE
    # Each process may have taken one turn that lies ahead.
    assert taken <= RATE * elapsed_s + 2 * 500
    assert taken >= RATE * (elapsed_s - 1.5)


def test_who_was_late_catches_up_on_a_second_at_most() -> None:
    pace = RateLimiter(100.0)
    pace.reserve(0)
    time.sleep(1.2)
    late = pace.reserve(100)
    assert time.monotonic() - late == pytest.approx(1.0, abs=0.1)
    assert pace.reserve(1) == pytest.approx(late + 1.0)


def test_a_pace_is_kept_from_the_start() -> None:
    pace = RateLimiter(100.0)
    first = pace.reserve(50)
    assert first == pytest.approx(time.monotonic(), abs=0.1)
    assert pace.reserve(50) == pytest.approx(first + 0.5)


def test_a_lock_that_died_with_its_holder_stops_nobody() -> None:
    pace = RateLimiter(100.0)
    pace._next.get_lock().acquire()
    holder = multiprocessing.get_context("spawn").Process(
        target=pace.reserve, args=(1,), daemon=True
    )
    holder.start()
    holder.join(20)
    assert holder.exitcode == 0


def test_after_a_stop_no_body_gets_its_turn() -> None:
    passed: list[Body] = []
    for body in JobThrottle(None, None, lambda: len(passed) == 2)([BODY] * 5):
        passed.append(body)  # noqa: PERF402 - it is asked how many there are so far
    assert len(passed) == 2


def test_a_stop_ends_the_wait_for_a_turn() -> None:
    slow = RateLimiter(1e-3)
    slow.reserve(1)
    began = time.monotonic()
    throttle = JobThrottle(slow, None, lambda: time.monotonic() > began + 0.2)
    assert list(throttle([BODY])) == []
    assert time.monotonic() - began < 1.0


def test_bytes_are_reckoned_as_compressed_once_a_write_has_told() -> None:
    pace = RateLimiter(1000.0)
    throttle = JobThrottle(None, pace, lambda: False)
    throttle.note_size(WriteReport(layout="wide", bytes_raw=100, bytes_sent=25))
    first = pace.reserve(0)
    assert len(list(throttle([BODY] * 4))) == 4
    assert pace.reserve(0) - first == pytest.approx(1.0, abs=0.1)
