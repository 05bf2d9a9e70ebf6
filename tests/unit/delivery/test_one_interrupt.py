from __future__ import annotations

import signal
import threading

import pytest

from vm_df_writer.delivery.one_interrupt import OneInterrupt


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
