"""ServerProcess: a server program that ends with this process at the latest."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from vm_df_writer.errors import ServerUnavailable

__all__ = ["ServerProcess"]

_PORT_TRIES = 5

# The subshell stops the server when the pipe on descriptor 3 closes, and the kernel closes it
# however our process ends. (PR_SET_PDEATHSIG would act when the thread that started the server
# ends.) After `exec` the server is our own child. The system does not reuse its process id while
# the subshell, a member of its process group, lives.
_RUN_WHILE_WE_LIVE = (
    'exec 3<&0 </dev/null; (read -r _ <&3; kill -TERM $$ 2>/dev/null) & exec "$@" 3<&-'
)


class _PortTaken(ServerUnavailable):
    """Another process took the port before the server could listen on it."""


class _Home:
    """A free loopback port and a temporary folder, kept over restarts of a server."""

    def __init__(self) -> None:
        self._temporary = TemporaryDirectory(prefix="vm-df-writer-", ignore_cleanup_errors=True)
        self.folder = Path(self._temporary.name)
        self.log_path = self.folder / "server.log"
        self.log_path.touch()
        self._holder = socket.socket()
        self._holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._holder.bind(("127.0.0.1", 0))
        self.port: int = self._holder.getsockname()[1]
        # Linux does not hand out a bound port as a free one, yet lets a server that names it listen
        # there, as long as we do not listen. Other systems would refuse the server.
        if sys.platform != "linux":
            self._holder.close()

    @property
    def log_size(self) -> int:
        return self.log_path.stat().st_size

    def read_log(self, since: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def close(self) -> None:
        self._holder.close()
        self._temporary.cleanup()


class ServerProcess(ABC):
    """A server program on a free loopback port that keeps port and folder from start to close.

    A subclass gives the command line by `_command`, and where the program answers once it is
    healthy by `_HEALTH_PATH`. The program is stopped however this process ends.

    Parameters
    ----------
    start_timeout_s : float, default 60
        How long to wait for the server to answer on ``/health``.
    stop_timeout_s : float, default 20
        How long the server may take to stop before it is killed; VictoriaMetrics waits
        7 s for requests in flight.
    """

    _HEALTH_PATH = "/health"

    def __init__(self, *, start_timeout_s: float = 60.0, stop_timeout_s: float = 20.0) -> None:
        self._start_timeout_s, self._stop_timeout_s = start_timeout_s, stop_timeout_s
        self._home: _Home | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _command(self, port: int, folder: Path) -> list[str]:
        """Return program and arguments, to listen on `port` and to keep data in `folder`."""

    @property
    def url(self) -> str:
        """Base URL of the server, without a trailing slash."""
        if self._home is None:
            msg = (
                f"{type(self).__name__}: there is no URL, because the server is not started; "
                "use it in a with statement or call start()"
            )
            raise ServerUnavailable(msg)
        return f"http://127.0.0.1:{self._home.port}"

    def __repr__(self) -> str:
        """Name the URL, or say that there is none."""
        return f"<{type(self).__name__}: {self.url if self._home else 'not started'}>"

    @property
    def log(self) -> str:
        """The last 64 KiB of the server's log; empty before `start` and after `close`."""
        if self._home is None:
            return ""
        return self._home.read_log(max(0, self._home.log_size - 65_536))

    def start(self) -> Self:
        """Start the server and wait until it is healthy; do nothing if it runs already.

        Returns
        -------
        Self
            The object itself.

        Raises
        ------
        ServerUnavailable
            If the server ends or stays silent; the message holds the end of its log.
        """
        if self._process is not None and self._process.poll() is None:
            return self
        self.stop()  # puts away a program that has ended by itself
        if self._home is not None:
            self._process = self._launch(self._home)
            return self
        for tries_left in reversed(range(_PORT_TRIES)):
            self._home = _Home()
            try:
                self._process = self._launch(self._home)
                break
            except BaseException as error:
                self.close()
                if not (isinstance(error, _PortTaken) and tries_left):
                    raise
        return self

    def stop(self) -> None:
        """Stop the server gracefully, or by force if that takes long; port and data stay."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(self._stop_timeout_s)
        except subprocess.TimeoutExpired:
            self._kill_program(self._process)
        self._put_away(self._process)

    def kill(self) -> None:
        """End the server by SIGKILL, like a crash; its port and what is on disk stay."""
        if self._process is not None:
            self._kill_program(self._process)
            self._put_away(self._process)

    def restart(self) -> None:
        """Stop the server if it runs, and start it with the same port and data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop the server, remove its folder and free its port."""
        try:
            self.stop()
        finally:
            if self._home is not None:
                self._home.close()
                self._home = None

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove what it wrote."""
        self.close()

    def _launch(self, home: _Home) -> subprocess.Popen[bytes]:
        log_start = home.log_size
        command = self._command(home.port, home.folder)
        with home.log_path.open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - the program is the user's own choice
                ["/bin/sh", "-c", _RUN_WHILE_WE_LIVE, "sh", *command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that Ctrl-C, or a notebook's interrupt, misses it
            )
        try:
            self._wait_until_healthy(process, home, log_start)
        except BaseException:
            self._kill_program(process)
            self._put_away(process)
            raise
        return process

    def _wait_until_healthy(
        self, process: subprocess.Popen[bytes], home: _Home, log_start: int
    ) -> None:
        deadline = time.monotonic() + self._start_timeout_s
        while not _is_healthy(home.port, self._HEALTH_PATH):
            if process.poll() is not None:
                wrong = f"ended with status {process.returncode} before it answered"
            elif time.monotonic() > deadline:
                wrong = f"did not answer on {self._HEALTH_PATH} within {self._start_timeout_s:g} s"
            else:
                time.sleep(0.01)
                continue
            log_text = home.read_log(log_start)
            msg = f"{type(self).__name__}: the server {wrong}; see its log:\n{_excerpt(log_text)}"
            raise _PortTaken(msg) if _says_port_taken(log_text) else ServerUnavailable(msg)

    def _kill_program(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()

    def _put_away(self, process: subprocess.Popen[bytes]) -> None:
        with process:  # waits for it and closes the pipe
            self._process = None


def _is_healthy(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _says_port_taken(log_text: str) -> bool:
    return "address already in use" in log_text or "port is already allocated" in log_text


def _excerpt(log_text: str, *, head: int = 2, tail: int = 15) -> str:
    """Return the first and last lines: servers report a wrong flag first, a fatal error last."""
    lines = [line[:300] for line in log_text.splitlines() if line.strip()]
    if len(lines) > head + tail:
        lines = [*lines[:head], "...", *lines[-tail:]]
    return "\n".join(lines) or "(it is empty)"
