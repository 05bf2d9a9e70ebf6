from __future__ import annotations

import inspect
import pickle
import warnings

import pytest

from vm_df_writer import errors
from vm_df_writer.errors import (
    ConfigError,
    DeliveryError,
    FrameError,
    InexactWarning,
    ServerRejected,
    ServerUnavailable,
    VerificationError,
    VmDfWriterError,
    VmDfWriterWarning,
    did_you_mean,
    warn_caller,
)
from vm_df_writer.model.report import WriteReport

CLASSES = [thing for _, thing in inspect.getmembers(errors, inspect.isclass)]


def test_every_error_has_one_base_and_every_warning_another() -> None:
    ours = [cls for cls in CLASSES if cls.__module__ == errors.__name__]
    for cls in ours:
        assert issubclass(cls, (VmDfWriterError, VmDfWriterWarning))
        assert cls.__doc__
    assert issubclass(VmDfWriterWarning, UserWarning)


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
    ],
)
def test_errors_survive_the_way_between_processes(error: VmDfWriterError) -> None:
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


def test_warnings_point_at_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_caller("careful", InexactWarning)
    (warning,) = caught
    assert warning.filename == __file__
    assert warning.category is InexactWarning
    assert str(warning.message) == "careful"
