from __future__ import annotations

import threading
import time
from contextlib import suppress

import pytest

from vm_df_writer.delivery.concurrency_limit import ConcurrencyLimiter, RequestRoom, Stopped
from vm_df_writer.errors import ServerRejected, ServerUnavailable


def push_back(limiter: ConcurrencyLimiter, times: int, status: int = 503) -> None:
    for _ in range(times):
        with suppress(ServerRejected), limiter:
            raise ServerRejected("too much", status=status)


@pytest.mark.parametrize("status", [429, 503])
def test_room_is_halved_when_the_server_says_too_much_again(status: int) -> None:
    limiter = ConcurrencyLimiter(room := RequestRoom(8))
    push_back(limiter, 1, status)
    assert room.size == 8
    push_back(limiter, 1, status)
    assert room.size == 4


def test_there_is_always_room_for_one() -> None:
    limiter = ConcurrencyLimiter(room := RequestRoom(8))
    push_back(limiter, 100)
    assert room.size == 1
    with limiter:
        pass


def test_each_success_widens_the_gate_by_one_up_to_its_width() -> None:
    limiter = ConcurrencyLimiter(room := RequestRoom(4))
    push_back(limiter, 4)
    widths = []
    for _ in range(5):
        with limiter:
            pass
        widths.append(room.size)
    assert widths == [2, 3, 4, 4, 4]


def test_a_success_between_two_refusals_leaves_the_room_as_it_is() -> None:
    limiter = ConcurrencyLimiter(room := RequestRoom(4))
    for _ in range(5):
        push_back(limiter, 1)
        with limiter:
            pass
    assert room.size == 4


def test_other_failures_leave_the_room_as_it_is() -> None:
    limiter = ConcurrencyLimiter(room := RequestRoom(4))
    for error in [ServerUnavailable("gone"), ServerRejected("bad", status=502)] * 3:
        with suppress(ServerRejected, ServerUnavailable), limiter:
            raise error
    assert room.size == 4


def test_no_more_go_in_than_there_is_room_for() -> None:
    limiter = ConcurrencyLimiter(RequestRoom(3))
    inside, most, lock = 0, 0, threading.Lock()

    def go_in() -> None:
        nonlocal inside, most
        with limiter:
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.005)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=go_in) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_stopping_ends_sleep_and_waiting_at_once() -> None:
    limiter = ConcurrencyLimiter(RequestRoom(1))
    ended: list[str] = []

    def sleep() -> None:
        with pytest.raises(Stopped):
            limiter.sleep(60)
        ended.append("sleep")

    def wait() -> None:
        with pytest.raises(Stopped), limiter:
            pass
        ended.append("wait")

    threads = [threading.Thread(target=sleep), threading.Thread(target=wait)]
    with limiter:
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        limiter.stop()
        for thread in threads:
            thread.join(5)
    assert sorted(ended) == ["sleep", "wait"]
    with pytest.raises(Stopped), limiter:
        pass


def test_a_sleep_that_is_not_disturbed_lasts_its_time() -> None:
    started = time.monotonic()
    ConcurrencyLimiter(RequestRoom(1)).sleep(0.05)
    assert time.monotonic() - started >= 0.05
