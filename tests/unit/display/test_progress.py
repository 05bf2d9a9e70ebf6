from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from typing import Any

import pytest

from vm_df_writer.display.progress import ProgressBar, is_interactive


def show(choice: Any = True) -> None:
    with ProgressBar(choice, 2_000, lambda: 2_000, status=lambda: "fine"):
        pass


def test_a_bar_counts_samples_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2.00k/2.00k" in shown.err
    assert "samples/s, fine]" in shown.err


@pytest.mark.parametrize("choice", [False, "auto"])
def test_no_bar_is_shown_where_none_is_wanted_or_seen(
    choice: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = threading.enumerate()
    with ProgressBar(choice, 10, lambda: 10):  # pytest takes in standard error: it is no terminal
        assert threading.enumerate() == threads
    assert capsys.readouterr().err == ""


def test_without_a_bar_nothing_of_tqdm_is_touched() -> None:
    script = """
import sys
import vm_df_writer.cli, vm_df_writer.jobs
from vm_df_writer.display.progress import ProgressBar
for choice in (False, "auto"):
    with ProgressBar(choice, 10, lambda: 10):
        pass
sys.exit("tqdm" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, stderr=subprocess.PIPE)  # noqa: S603


class _Deaf(io.StringIO):
    """A stream that takes nothing."""

    def write(self, _: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    def isatty(self) -> bool:
        return True


class _Detached(io.StringIO):
    def isatty(self) -> bool:
        raise ValueError("underlying buffer has been detached")


def _closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "stream", [None, _closed(), _Deaf(), _Detached(), object()], ids=lambda stream: type(stream)
)
def test_whatever_standard_error_is_a_bar_does_no_harm(
    stream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert is_interactive() is isinstance(stream, _Deaf)
    show()
    show("auto")
    lock = _lock_of_tqdm()
    with lock:  # else this waits for ever
        pass


def test_a_bar_that_cannot_get_tqdms_lock_holds_nothing_up() -> None:
    lock, held, over = _lock_of_tqdm(), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            over.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    try:
        started = time.monotonic()
        show()
        assert time.monotonic() - started < 20
    finally:
        over.set()
        holder.join()


@pytest.mark.parametrize("fault", [ZeroDivisionError, KeyError])
def test_numbers_that_cannot_be_had_do_no_harm(fault: type[Exception]) -> None:
    def done() -> int:
        raise fault

    with ProgressBar(True, 10, done):
        pass


def _lock_of_tqdm() -> Any:
    from tqdm import tqdm

    return tqdm.get_lock()  # type: ignore[no-untyped-call]
