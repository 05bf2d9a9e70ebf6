from __future__ import annotations

import inspect
import pickle
import textwrap

import pytest

from vm_df_writer import errors, warning_classes
from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import (
    ConfigError,
    DeliveryError,
    FrameError,
    ServerRejected,
    ServerUnavailable,
    VerificationError,
    VmDfWriterError,
    WriteInterrupted,
)
from vm_df_writer.model.report import WriteReport

CLASSES = {
    cls
    for module in (errors, warning_classes)
    for name, cls in inspect.getmembers(module, inspect.isclass)
    if cls.__module__ == module.__name__ and not name.startswith("_")
}
NAMES = {cls.__name__ for cls in CLASSES}
REPORT = WriteReport(layout="wide", samples=7, undelivered=3)


def drawn_parents() -> dict[str, set[str]]:
    """Return the parents of each class as the docstring of the module draws them."""
    drawing = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\n")[0]
    parents: dict[str, set[str]] = {}
    above: list[str] = []
    for line in textwrap.dedent(drawing).splitlines():
        name, _, also = line.strip().partition(", a ")
        depth = (len(line) - len(line.lstrip())) // 4
        above[depth:] = [name]
        parents[name] = {*above[max(0, depth - 1) : depth], *([also] if also else [])}
    return parents


def test_the_drawing_of_the_tree_shows_every_class_under_its_parents() -> None:
    drawn = drawn_parents()
    assert set(drawn) - {"KeyboardInterrupt", "UserWarning"} == NAMES
    for cls in CLASSES:
        parents = {parent.__name__ for parent in cls.__bases__ if parent is not Exception}
        assert parents == drawn[cls.__name__], cls
        assert cls.__doc__


def test_a_message_is_composed_of_its_parts() -> None:
    error = ServerUnavailable("http://h: nothing listens", hint="start it", report=REPORT)
    assert (error.message, error.hint) == ("http://h: nothing listens", "start it")
    account = "3 of 10 samples are not acknowledged"
    assert str(error) == f"http://h: nothing listens; start it ({account}: see .report)"
    assert error.describe() == f"http://h: nothing listens; start it ({account})"
    error.report = None
    assert str(error) == error.describe() == "http://h: nothing listens; start it"


def test_a_refused_parameter_is_an_attribute() -> None:
    assert ConfigError("verify: expected a bool", keyword="verify").keyword == "verify"
    assert FrameError("x").keyword is None


def test_an_interrupt_carries_the_report_and_says_what_is_left() -> None:
    interrupt = WriteInterrupted(REPORT)
    assert interrupt.report is REPORT
    assert str(interrupt) == ("interrupted (3 of 10 samples are not acknowledged: see .report)")


@pytest.mark.parametrize(
    "name", ["TimestampError", "LabelError", "ColumnError", "DuplicateSeriesError"]
)
def test_what_is_wrong_with_a_frame_is_a_value_error(name: str) -> None:
    cls = getattr(errors, name)
    assert issubclass(cls, FrameError)
    assert issubclass(cls, ValueError)
    assert issubclass(ConfigError, ValueError)
    assert not issubclass(DeliveryError, ValueError)


@pytest.mark.parametrize("cls", [ServerRejected, ServerUnavailable, VerificationError])
def test_what_fails_after_sending_carries_a_report(cls: type[DeliveryError]) -> None:
    report = WriteReport(layout="wide", samples=1)
    assert cls("x").report is None
    assert cls("x", report=report).report is report


def test_a_rejection_carries_what_the_server_said() -> None:
    error = ServerRejected("x", status=429, body="slow down", retry_after_s=10.0, in_doubt=True)
    assert (error.status, error.body, error.retry_after_s) == (429, "slow down", 10.0)
    assert error.in_doubt
    assert str(error) == "x"


@pytest.mark.parametrize(
    "error",
    [
        FrameError("x"),
        ServerRejected("x", status=400, body="no", report=WriteReport(layout="wide", samples=1)),
        ServerUnavailable("x", in_doubt=True),
        VerificationError("x", report=WriteReport(layout="wide")),
        WriteInterrupted(REPORT),
    ],
)
def test_errors_survive_the_way_between_processes(
    error: VmDfWriterError | WriteInterrupted,
) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("hots", ["host", "score"], "; did you mean 'host'?"),
        ("zebra", ["host", "score"], ""),
        ("x", [], ""),
        (5, [55, "y"], "; did you mean '55'?"),
        ("a", [("a", 1), None, "ab"], "; did you mean 'ab'?"),
    ],
)
def test_the_nearest_name_is_hinted_at(name: object, known: list[object], hint: str) -> None:
    assert did_you_mean(name, known) == hint


def test_a_message_is_bounded_whatever_it_quotes() -> None:
    error = FrameError("x" * 10**6, hint="y" * 10**6)
    assert len(str(error)) < 9000
    assert len(pickle.dumps(error)) < 10_000
