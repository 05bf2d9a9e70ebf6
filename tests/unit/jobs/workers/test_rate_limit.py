"""A rate is kept on the whole, whichever processes send."""

from __future__ import annotations

import multiprocessing
import time
from multiprocessing.synchronize import Barrier

import numpy as np
import pytest

from vm_df_writer import WriteReport
from vm_df_writer.jobs.workers.rate_limit import JobThrottle, RateLimiter
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.packing import Body

RATE = 10_000.0
TIMES = np.array([1767225600000])
BODY = Body(bytes(1000), SampleCounts([b"{}"], np.array([1]), TIMES, TIMES))


def send_in_turn(limiter: RateLimiter, ready: Barrier, seconds: float) -> None:
    ready.wait()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(max(0.0, limiter.reserve(500) - time.monotonic()))


def test_processes_share_one_rate() -> None:
    context, seconds = multiprocessing.get_context("spawn"), 2.0
    limiter, ready = RateLimiter(RATE), context.Barrier(3)
    workers = [
        context.Process(target=send_in_turn, args=(limiter, ready, seconds), daemon=True)
        for _ in range(2)
    ]
    for process in workers:
        process.start()
    ready.wait(60)
    first = limiter.reserve(0)
    for process in workers:
        process.join()
    elapsed_s = time.monotonic() - first
    taken = (limiter.reserve(0) - first) * RATE
    # Each process may have taken one turn that lies ahead.
    assert taken <= RATE * elapsed_s + 2 * 500
    assert taken >= RATE * seconds / 2  # less than all where the machine does not let them


def test_after_a_pause_a_burst_of_a_second_is_allowed() -> None:
    limiter = RateLimiter(100.0)
    limiter.reserve(0)
    time.sleep(1.2)
    before = time.monotonic()
    late = limiter.reserve(100)
    assert before <= late + 1.0 <= time.monotonic()
    assert limiter.reserve(1) == pytest.approx(late + 1.0)


def test_a_rate_is_kept_from_the_start() -> None:
    limiter = RateLimiter(100.0)
    before = time.monotonic()
    first = limiter.reserve(50)
    assert before <= first <= time.monotonic()
    assert limiter.reserve(50) == pytest.approx(first + 0.5)


def test_a_lock_that_died_with_its_holder_stops_no_process() -> None:
    limiter = RateLimiter(100.0)
    limiter._next.get_lock().acquire()
    holder = multiprocessing.get_context("spawn").Process(
        target=limiter.reserve, args=(1,), daemon=True
    )
    holder.start()
    holder.join(120)
    assert holder.exitcode == 0


def test_after_a_stop_no_body_is_passed_on() -> None:
    passed: list[Body] = []
    for body in JobThrottle(None, None, lambda: len(passed) == 2)([BODY] * 5):
        passed.append(body)  # noqa: PERF402 - it is asked how many there are so far
    assert len(passed) == 2


def test_a_stop_ends_the_wait_for_the_rate() -> None:
    slow = RateLimiter(1e-3)
    slow.reserve(1)
    began = time.monotonic()
    throttle = JobThrottle(slow, None, lambda: time.monotonic() > began + 0.2)
    assert list(throttle([BODY])) == []
    assert time.monotonic() - began < 20  # and not 1000


def test_bytes_count_as_compressed_once_a_write_shows_the_ratio() -> None:
    limiter = RateLimiter(1000.0)
    throttle = JobThrottle(None, limiter, lambda: False)
    throttle.note_size(WriteReport(layout="wide", bytes_raw=100, bytes_sent=25))
    first = limiter.reserve(0)
    assert len(list(throttle([BODY] * 4))) == 4
    assert limiter.reserve(0) - first == pytest.approx(1.0, abs=0.1)
