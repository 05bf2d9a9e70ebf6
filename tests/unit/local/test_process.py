"""Server processes, whose program is a small web server written in Python."""

from __future__ import annotations

import os
import signal
import socket
import sys
import textwrap
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.local.process import ServerProcess

SCRIPT = """
    import http.server, os, signal, sys
    port, folder = int(sys.argv[1]), sys.argv[2]
    os.chdir(folder)
    open("health", "w").write("OK")
    open("pid", "w").write(f"{os.getpid()} {os.getpgid(0)}")
    handler = http.server.SimpleHTTPRequestHandler
    http.server.ThreadingHTTPServer(("127.0.0.1", port), handler).serve_forever()
"""


class WebServer(ServerProcess):
    """Serves its folder; `before` are statements that run first."""

    def __init__(self, before: str = "", **timeouts: float) -> None:
        super().__init__(**timeouts)
        self._script = before + textwrap.dedent(SCRIPT)
        self.folders: list[Path] = []

    def _command(self, port: int, folder: Path) -> list[str]:
        self.folders.append(folder)
        return [sys.executable, "-IS", "-c", self._script, str(port), str(folder)]

    def read(self, name: str) -> str:
        with urllib.request.urlopen(f"{self.url}/{name}", timeout=10) as answer:  # noqa: S310
            return str(answer.read(), "utf-8")

    @property
    def pid(self) -> int:
        return int(self.read("pid").split()[0])

    @property
    def is_up(self) -> bool:
        try:
            return self.read("health") == "OK"
        except OSError:
            return False


Start = Callable[..., WebServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *args, **timeouts: stack.enter_context(WebServer(*args, **timeouts))


def test_url_and_log_are_there_while_the_server_runs(start: Start) -> None:
    server = start("print('hello', flush=True)\n")
    assert server.is_up
    assert server.url.startswith("http://127.0.0.1:")
    assert repr(server) == f"<WebServer: {server.url}>"
    assert "hello\n" in server.log
    server.close()
    assert repr(server) == "<WebServer: not started>"
    assert server.log == ""
    with pytest.raises(ServerUnavailable, match=r"^WebServer: there is no URL, because the server"):
        _ = server.url


def test_start_of_a_running_server_changes_nothing(start: Start) -> None:
    server = start()
    pid = server.pid
    assert server.start() is server
    assert server.pid == pid


def test_restart_keeps_port_and_folder(start: Start) -> None:
    server = start()
    url, pid = server.url, server.pid
    (server.folders[0] / "kept").write_text("still here")
    server.restart()
    assert (server.url, server.read("kept")) == (url, "still here")
    assert server.pid != pid


def test_the_folder_is_gone_once_the_server_is_closed(start: Start) -> None:
    server = start()
    [folder] = server.folders
    assert folder.is_dir()
    server.close()
    server.close()
    assert not folder.exists()


def test_a_closed_server_starts_anew_with_another_folder(start: Start) -> None:
    server = start()
    server.close()
    server.start()
    first, second = server.folders
    assert first != second
    assert server.is_up


@pytest.mark.parametrize("end", [ServerProcess.stop, ServerProcess.kill])
def test_an_ended_server_does_not_answer_and_can_be_started_again(
    start: Start, end: Callable[[ServerProcess], None]
) -> None:
    server = start()
    end(server)
    end(server)
    assert not server.is_up
    server.start()
    assert server.is_up


def test_a_server_that_crashed_by_itself_can_be_started_again(start: Start) -> None:
    server = start()
    pid = server.pid
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: not server.is_up)
    assert wait_until(lambda: server.start().is_up)  # at first its end may not be seen yet
    assert server.pid != pid


def test_a_server_that_ignores_sigterm_is_stopped_by_force(start: Start) -> None:
    server = start(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n", stop_timeout_s=0.2
    )
    server.stop()
    assert not server.is_up


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can hold a port for a server")
def test_the_port_of_a_stopped_server_is_not_free(start: Start) -> None:
    server = start()
    server.stop()
    port = int(server.url.rpartition(":")[2])
    with socket.socket() as other, pytest.raises(OSError, match="already in use"):
        other.bind(("127.0.0.1", port))


def test_another_port_is_tried_when_another_process_takes_the_first(
    start: Start, tmp_path: Path
) -> None:
    mark = tmp_path / "tried"
    server = start(
        "import os, sys\n"
        f"if not os.path.exists({str(mark)!r}):\n"
        f"    open({str(mark)!r}, 'w').close()\n"
        "    sys.exit('listen tcp4 127.0.0.1:1: bind: address already in use')\n"
    )
    assert server.is_up
    first, second = server.folders
    assert first != second
    assert not first.exists()


def test_a_port_that_is_always_taken_is_told_after_five_tries() -> None:
    server = WebServer("import sys; sys.exit('bind: address already in use')\n")
    with pytest.raises(ServerUnavailable, match="ended with status 1 before it answered; see its"):
        server.start()
    assert len(server.folders) == 5
    assert not any(folder.exists() for folder in server.folders)


def test_an_interrupt_of_the_terminal_does_not_reach_the_server(start: Start) -> None:
    group = int(start().read("pid").split()[1])
    assert group != os.getpgid(0)
