"""What users see of an error: in IPython, at a plain prompt, and with the logger at DEBUG."""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from vm_df_writer import (
    ConfigError,
    FrameError,
    ServerUnavailable,
    VmDfWriterError,
    VmWriter,
    WriterConfig,
    to_import_lines,
)
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.display.tracebacks import one_line_traceback, shortened
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

NOBODY = "http://127.0.0.1:1"
TIMES = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
FRAME = pd.DataFrame({"y": [1.0, 2.0]}, index=TIMES)
CONFIG = WriterConfig(datasource_url=NOBODY, retry_deadline="100ms", timeout="1s")
AT_ONCE = ReadBackPolicy(patience_s=0.0)
WRITER = VmWriter.from_backend(Backend.of(CONFIG, read_back=AT_ONCE))
UNREADABLE = pd.DataFrame({"y": ["a", "b"]}, index=TIMES)

MISTAKES: list[tuple[type[VmDfWriterError], Callable[[], object]]] = [
    (ConfigError, lambda: VmWriter(NOBODY, timeout="5x")),
    (ConfigError, lambda: VmWriter()),
    (FrameError, lambda: WRITER.write(UNREADABLE, value_columns=["y"])),
    (FrameError, lambda: WRITER.preview(FRAME.rename_axis("a"), time="b")),
    (FrameError, lambda: to_import_lines(UNREADABLE, value_columns=["y"])),
    (ServerUnavailable, lambda: WRITER.write(FRAME)),
    (ServerUnavailable, lambda: WRITER.check()),
    (ServerUnavailable, lambda: WRITER.read('{job="node"}')),
]


def mistake(kind: type[VmDfWriterError], call: Callable[[], object]) -> VmDfWriterError:
    with pytest.raises(kind) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(("kind", "call"), MISTAKES)
def test_a_traceback_ends_at_the_public_name(
    kind: type[VmDfWriterError], call: Callable[[], object]
) -> None:
    error = mistake(kind, call)
    places = traceback.extract_tb(error.__traceback__)
    ours = [place for place in places if "/vm_df_writer/" in place.filename]
    assert len(ours) == 1
    assert "".join(traceback.format_exception(error)).count("Traceback (most recent") == 1


@pytest.mark.parametrize(("kind", "call"), MISTAKES)
def test_everything_is_shown_with_the_logger_at_debug(
    kind: type[VmDfWriterError], call: Callable[[], object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="vm_df_writer")
    error = mistake(kind, call)
    places = traceback.extract_tb(error.__traceback__)
    assert len([place for place in places if "/vm_df_writer/" in place.filename]) > 1
    assert "Traceback (most recent call last):" in one_line_traceback(error)


def test_a_backfill_is_short_too(tmp_path: Path) -> None:
    def job() -> object:
        return backfill([FRAME], WRITER, state=tmp_path / "s", options=JobOptions())

    places = traceback.extract_tb(mistake(ServerUnavailable, job).__traceback__)
    assert len([place for place in places if "/vm_df_writer/" in place.filename]) == 1


def test_an_error_of_the_caller_that_is_being_handled_stays_beside_ours() -> None:
    try:
        int("mine")
    except ValueError:
        with pytest.raises(ConfigError) as caught:
            VmWriter(NOBODY, timeout="5x")
    assert isinstance(caught.value.__context__, ValueError)


def test_errors_that_are_not_ours_are_left_as_they_are() -> None:
    def inner() -> None:
        raise ZeroDivisionError

    @shortened(VmDfWriterError)
    def outer() -> None:
        inner()

    with pytest.raises(ZeroDivisionError) as caught:
        outer()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "inner"


def test_arguments_are_in_no_frame_of_a_traceback() -> None:
    @shortened(VmDfWriterError)
    def connect(**parameters: object) -> None:
        del parameters
        raise ZeroDivisionError

    secret = "hunter2" + "secret"
    with pytest.raises(ZeroDivisionError) as caught:
        connect(password=secret)
    shown: list[str] = []
    at: Any = caught.value.__traceback__.tb_next  # type: ignore[union-attr]
    while at is not None:
        shown += map(repr, at.tb_frame.f_locals.values())
        at = at.tb_next
    assert shown
    assert not [text for text in shown if secret in text]


def test_a_decorated_function_is_called_as_it_was() -> None:
    assert VmWriter.write.__name__ == "write"
    assert VmWriter.write.__code__.co_name == "write"
    assert "if_exists" in inspect.signature(VmWriter.write).parameters


def in_ipython(*lines: str) -> str:
    pytest.importorskip("IPython")
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(colors='NoColor')\n"
        f"shell.run_cell({chr(10).join(lines)!r})\n"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True
    )
    return run.stdout


def test_a_mistake_in_a_notebook_is_one_line() -> None:
    shown = in_ipython("from vm_df_writer import VmWriter", "VmWriter('http://h', timeot='5s')")
    assert shown.splitlines() == [
        "ConfigError: timeot: not a writer parameter; did you mean 'timeout'?"
    ]


def test_a_notebook_names_the_line_of_a_function_of_the_caller() -> None:
    shown = in_ipython(
        "from vm_df_writer import VmWriter",
        "def connect():",
        "    return VmWriter('http://h', timeot='5s')",
        "connect()",
    ).splitlines()
    assert len(shown) == 2
    assert shown[1].startswith("  in connect, ")
    assert shown[1].endswith(", line 3: return VmWriter('http://h', timeot='5s')")


def test_a_notebook_completes_parameters_and_keywords() -> None:
    shown = in_ipython(
        "from vm_df_writer import VmWriter",
        "w = VmWriter('http://h')",
        "from IPython.core.completer import provisionalcompleter",
        "def names(text):",
        "    with provisionalcompleter():",
        "        found = get_ipython().Completer.completions(text, len(text))",
        "        return [one.text for one in found]",
        "print([*names('VmWriter(timeo'), *names('w.write(1, query_k')])",
    )
    assert "timeout=" in shown
    assert "query_key=" in shown
