"""Ctrl-C during a delivery: quick, and without a body that nobody accounts for."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import length_hint
from types import FrameType
from typing import Any

import numpy as np
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import accept, answer, hang
from tests.support.senders import body_of, sender_to
from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.errors import ServerRejected
from vm_df_writer.wire.packing import Body


@contextmanager
def ctrl_c_after(*seconds: float) -> Iterator[None]:
    timers = [threading.Timer(s, os.kill, (os.getpid(), signal.SIGINT)) for s in seconds]
    is_early = False
    try:
        for timer in timers:
            timer.start()
    except KeyboardInterrupt:  # on a busy machine, before anything has begun
        is_early = True
    try:
        yield
        if not is_early:
            time.sleep(5)  # if it comes too late
    except KeyboardInterrupt:
        return
    if not is_early:
        pytest.fail("no KeyboardInterrupt came out")


def no_thread_is_left() -> bool:
    deadline = time.monotonic() + 1
    while any(thread.name == "vm_df_writer sender" for thread in threading.enumerate()):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_ctrl_c_at_any_moment_loses_no_body(proxy: FaultProxy, run: str) -> None:
    rng = np.random.default_rng(20)
    bodies = [body_of(run, number, lines=1, samples=1) for number in range(1_000)]
    proxy.schedule(then=accept(0))
    sender = sender_to(proxy.url, encoding="gzip")
    acknowledged = 0
    for moment in rng.uniform(0.001, 0.03, 100).tolist():
        rest, outcomes = iter(bodies), list[Outcome]()
        with ctrl_c_after(moment):
            sender.deliver(rest, outcomes.append)
        pulled = bodies[: len(bodies) - length_hint(rest)]
        assert Counter(outcome.body for outcome in outcomes) == Counter(pulled)
        acknowledged += sum(outcome.error is None for outcome in outcomes)
    assert no_thread_is_left()
    assert acknowledged > 100


def test_ctrl_c_between_any_two_steps_of_the_callers_thread_loses_no_body(
    proxy: FaultProxy, run: str
) -> None:
    """Finer than a signal can strike: before each single instruction."""
    bodies = [body_of(run, number, lines=1, samples=1) for number in range(4)]
    proxy.schedule(then=accept(0))
    sender = sender_to(proxy.url, concurrency=1)
    step, interrupted = 0, True
    while interrupted:
        rest, outcomes = iter(bodies), list[Outcome]()
        interrupted = False
        sys.settrace(interrupt_before(step, ("run", "_feed", "_deliver_here")))
        try:
            sender.deliver(rest, outcomes.append)
        except KeyboardInterrupt:
            interrupted = True
        finally:
            sys.settrace(None)
        pulled = bodies[: len(bodies) - length_hint(rest)]
        assert Counter(outcome.body for outcome in outcomes) == Counter(pulled), step
        step += 1
    assert step > 100
    assert no_thread_is_left()


def interrupt_before(step: int, functions: tuple[str, ...]) -> Callable[..., Any]:
    steps = iter(range(step + 1))

    def trace(frame: FrameType, event: str, _: object) -> Callable[..., Any] | None:
        if frame.f_code.co_name not in functions or "dispatch" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(steps, None) == step:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    return trace


def test_ctrl_c_while_a_body_is_made_settles_those_before(proxy: FaultProxy, run: str) -> None:
    made: list[Body] = []

    def bodies() -> Iterator[Body]:
        for number in range(3):
            made.append(body_of(run, number))
            yield made[-1]
        time.sleep(60)

    proxy.schedule(then=accept(0.01))
    outcomes: list[Outcome] = []
    started = time.monotonic()
    with ctrl_c_after(0.3):
        sender_to(proxy.url).deliver(bodies(), outcomes.append)
    assert time.monotonic() - started < 20
    assert Counter(outcome.body for outcome in outcomes) == Counter(made)
    assert [outcome.error for outcome in outcomes] == [None] * 3


def test_ctrl_c_ends_the_wait_for_another_attempt(proxy: FaultProxy, run: str) -> None:
    proxy.schedule(then=answer(503, Retry_After="60"))
    outcomes: list[Outcome] = []
    started = time.monotonic()
    with ctrl_c_after(0.3):
        sender_to(proxy.url).deliver([body_of(run)], outcomes.append)
    assert time.monotonic() - started < 20
    [outcome] = outcomes
    assert isinstance(outcome.error, ServerRejected)
    assert (outcome.attempts, outcome.in_doubt) == (1, True)


@pytest.mark.parametrize("times", [1, 8])
def test_ctrl_c_does_not_wait_for_a_server_that_hangs(
    proxy: FaultProxy, run: str, times: int
) -> None:
    """However often it is pressed, all bodies are accounted for."""
    proxy.schedule(then=hang)
    bodies = iter([body_of(run, number, samples=2_000) for number in range(9)])
    outcomes: list[Outcome] = []
    started = time.monotonic()
    with ctrl_c_after(*np.linspace(0.3, 1.7, times).tolist()):
        sender_to(proxy.url, timeout_s=60).deliver(bodies, outcomes.append)
    assert time.monotonic() - started < 20
    assert len(outcomes) == 9 - length_hint(bodies) == 4
    never_answered = (
        "delivery: interrupted while the server had not answered yet, so that it may or may not "
        "store these samples; write them again"
    )
    never_sent = "delivery: interrupted before these samples were sent; write them again"
    assert Counter((o.attempts, o.in_doubt, str(o.error)) for o in outcomes) == {
        (1, True, never_answered): 2,
        (0, False, never_sent): 2,
    }


def test_a_small_body_is_sent_without_another_thread(proxy: FaultProxy, run: str) -> None:
    threads: list[set[threading.Thread]] = []
    sender_to(proxy.url).deliver(
        [body_of(run)], lambda _: threads.append(set(threading.enumerate()))
    )
    assert not [thread for thread in threads[0] if thread.name == "vm_df_writer sender"]


def test_ctrl_c_while_a_small_body_is_sent_waits_for_its_answer(
    proxy: FaultProxy, run: str
) -> None:
    proxy.schedule(then=accept(1.0))
    outcomes: list[Outcome] = []
    with ctrl_c_after(0.2):
        sender_to(proxy.url).deliver([body_of(run), body_of(run, 1)], outcomes.append)
    [outcome] = outcomes
    assert outcome.error is None


@pytest.mark.parametrize(("times", "most_s"), [((0.2,), 20), ((0.2, 0.4), 1.9)])
def test_ctrl_c_while_a_small_body_is_sent_does_not_wait_for_ever(
    proxy: FaultProxy, run: str, times: tuple[float, ...], most_s: float
) -> None:
    """Two seconds, or until it is pressed again."""
    proxy.schedule(then=hang)
    for is_last in (False, False, True):  # where the machine is busy with other things
        outcomes: list[Outcome] = []
        started = time.monotonic()
        with ctrl_c_after(*times):
            sender_to(proxy.url, timeout_s=60).deliver([body_of(run)], outcomes.append)
        took_s = time.monotonic() - started
        [outcome] = outcomes
        assert str(outcome.error).startswith("delivery: interrupted while the server had not")
        assert (outcome.attempts, outcome.in_doubt) == (1, True)
        if took_s < most_s or is_last:
            break
    assert took_s < most_s


def test_sigint_at_any_moment_of_small_writes_neither_loses_nor_tears_an_answer(
    proxy: FaultProxy, run: str
) -> None:
    """A server that answers soon always gets to answer, and an interrupt is never swallowed."""
    proxy.schedule(then=accept(0.002))
    sender, rng, answered = sender_to(proxy.url), np.random.default_rng(5), 0
    for shot, moment in enumerate(rng.uniform(0.0, 0.008, 100).tolist()):
        outcomes: list[Outcome] = []
        with ctrl_c_after(moment):
            sender.deliver([body_of(run, shot)], outcomes.append)
        assert all(o.error is None or not o.in_doubt for o in outcomes)
        answered += any(o.error is None for o in outcomes)
    assert answered > 10
