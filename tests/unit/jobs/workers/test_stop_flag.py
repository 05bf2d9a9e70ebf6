"""Every process of a job is told to stop, whatever became of the others."""

from __future__ import annotations

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Semaphore

from vm_df_writer.jobs.workers.stop_flag import Stop


def ask_for_ever(stop: Stop, ready: Semaphore) -> None:
    ready.release()
    while True:
        stop.requested()


def wait_for_a_stop(stop: Stop) -> None:
    while not stop.requested():
        time.sleep(0.01)


def test_workers_that_are_killed_while_they_ask_hold_up_nobody() -> None:
    context = multiprocessing.get_context("spawn")
    stop, ready = Stop(), context.Semaphore(0)
    crew = [context.Process(target=ask_for_ever, args=(stop, ready), daemon=True) for _ in range(2)]
    for worker in crew:
        worker.start()
    for _ in crew:
        assert ready.acquire(timeout=120)
    time.sleep(0.3)  # all of them are at it now
    for worker in crew:
        worker.kill()
        worker.join()
    request = threading.Thread(target=stop.request, args=("SIGTERM",), daemon=True)
    request.start()
    request.join(5)
    assert not request.is_alive()
    other = context.Process(target=wait_for_a_stop, args=(stop,), daemon=True)
    other.start()
    other.join(120)
    assert other.exitcode == 0
