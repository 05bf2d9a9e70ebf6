from __future__ import annotations

import warnings

import pytest

from vm_df_writer.display.warn import capture_warnings, warn_caller
from vm_df_writer.warning_classes import DroppedWarning, InexactWarning


def test_warnings_point_at_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_caller("careful", InexactWarning)
    (warning,) = caught
    assert warning.filename == __file__
    assert warning.category is InexactWarning
    assert str(warning.message) == "careful"


def test_a_warning_is_bounded_whatever_it_quotes() -> None:
    with pytest.warns(InexactWarning) as caught:
        warn_caller("x" * 10**6, InexactWarning)
    assert len(str(caught[0].message)) < 10_000


def test_a_warning_that_is_an_error_is_raised() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", InexactWarning)
        with pytest.raises(InexactWarning, match=r"^careful$"):
            warn_caller("careful", InexactWarning)


def test_a_standard_error_that_is_closed_loses_the_warning_alone() -> None:
    def closed(*_: object, **__: object) -> None:
        raise ValueError("I/O operation on closed file")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = closed
        warn_caller("careful", InexactWarning)


def test_warnings_of_a_kind_are_handed_over_and_others_shown() -> None:
    heard: list[DroppedWarning] = []
    shown: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: shown.append(str(message))
        with capture_warnings(DroppedWarning, heard.append):
            warn_caller("dropped", DroppedWarning)
            warn_caller("inexact", InexactWarning)
        warn_caller("dropped later", DroppedWarning)
    assert list(map(str, heard)) == ["dropped"]
    assert shown == ["inexact", "dropped later"]


def test_each_warning_is_heard_though_it_would_be_shown_once() -> None:
    heard: list[DroppedWarning] = []
    with warnings.catch_warnings():
        warnings.simplefilter("once")
        with capture_warnings(DroppedWarning, heard.append):
            for _ in range(2):
                warn_caller("dropped", DroppedWarning)
    assert len(heard) == 2
