from __future__ import annotations

import math
import signal
import threading
import time
from contextlib import ExitStack

import pytest

from vm_df_writer.delivery.one_interrupt import OneInterrupt


def resume_after(seconds: float, interrupt: OneInterrupt) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    interrupt.resume()


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_first_interrupt_strikes_and_those_after_it_are_noted() -> None:
    with OneInterrupt() as interrupt:
        with pytest.raises(KeyboardInterrupt):
            press()
        assert not interrupt.noted
        press()
        press()
        assert interrupt.noted


def test_after_the_block_interrupts_strike_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), OneInterrupt():
        press()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        press()


def test_what_holds_is_not_struck_at_all() -> None:
    with OneInterrupt() as interrupt:
        interrupt.hold()
        press()
    assert interrupt.noted


def test_a_block_is_guarded_too_that_a_stack_of_contexts_has_entered() -> None:
    with ExitStack() as stack:
        interrupt = stack.enter_context(OneInterrupt())
        with pytest.raises(KeyboardInterrupt):
            press()
        press()
        assert interrupt.noted
    with pytest.raises(KeyboardInterrupt):
        press()


def test_the_outer_one_of_two_blocks_guards_both() -> None:
    with OneInterrupt() as outer, OneInterrupt() as inner:
        assert inner is outer
        with pytest.raises(KeyboardInterrupt):
            press()
        press()
    assert outer.noted
    with pytest.raises(KeyboardInterrupt):
        press()


def test_a_guard_that_outlives_its_block_holds_nothing_back() -> None:
    def guarded() -> None:
        OneInterrupt().__enter__()  # as if an interrupt had struck before __exit__ did anything

    before = signal.getsignal(signal.SIGINT)
    guarded()
    assert signal.getsignal(signal.SIGINT) is not before
    with pytest.raises(KeyboardInterrupt):
        press()
    assert signal.getsignal(signal.SIGINT) is before
    with pytest.raises(KeyboardInterrupt):
        press()


def test_a_handler_of_the_caller_that_raises_nothing_is_called_each_time() -> None:
    calls: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: calls.append(number))
    try:
        with OneInterrupt() as interrupt:
            press()
            press()
        assert calls == [signal.SIGINT] * 2
        assert not interrupt.noted
    finally:
        signal.signal(signal.SIGINT, before)


def test_ignored_interrupts_stay_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with OneInterrupt():
            press()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def guard() -> None:
        with OneInterrupt() as interrupt:
            interrupt.hold()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=guard)
    thread.start()
    thread.join()
    assert seen == [before]


def test_a_postponed_interrupt_strikes_at_the_end_of_its_patience() -> None:
    started = time.monotonic()
    with OneInterrupt() as interrupt:
        interrupt.postpone(0.1)
        press()
        with pytest.raises(KeyboardInterrupt):
            time.sleep(30)
    assert 0.1 <= time.monotonic() - started < 20


@pytest.mark.parametrize("patience_s", [60.0, math.inf])
def test_a_postponed_interrupt_strikes_when_it_may(patience_s: float) -> None:
    with OneInterrupt() as interrupt:
        interrupt.postpone(patience_s)
        press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.resume()
        press()
    assert interrupt.noted


def test_another_interrupt_makes_a_postponed_one_strike_unless_it_has_no_end() -> None:
    with OneInterrupt() as interrupt:
        interrupt.postpone(60.0)
        press()
        interrupt.postpone()
        press()
        press()
        with pytest.raises(KeyboardInterrupt):
            interrupt.resume()
    assert not interrupt.noted
    with OneInterrupt() as interrupt:
        interrupt.postpone(60.0)
        press()
        with pytest.raises(KeyboardInterrupt):
            press()
        interrupt.resume()
    assert not interrupt.noted


def test_without_an_interrupt_nothing_strikes_when_it_may() -> None:
    with OneInterrupt() as interrupt:
        interrupt.postpone(60.0)
        interrupt.resume()
        with pytest.raises(KeyboardInterrupt):
            press()


@pytest.mark.parametrize("shot", range(20))
def test_a_reminder_that_comes_just_when_it_is_cancelled_is_no_interrupt_of_its_own(
    shot: int,
) -> None:
    with OneInterrupt() as interrupt:
        interrupt.postpone(0.005)
        press()
        with pytest.raises(KeyboardInterrupt):
            resume_after(0.004 + 0.0001 * shot, interrupt)
    assert not interrupt.noted
    time.sleep(0.01)


def test_a_handler_that_does_not_raise_hears_of_a_postponed_interrupt() -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with OneInterrupt() as interrupt:
            interrupt.postpone(60.0)
            press()
            assert heard == []
            interrupt.resume()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]
