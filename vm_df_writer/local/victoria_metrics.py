"""LocalVictoriaMetrics: a throw-away server for demos, notebooks and tests (Linux and macOS)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from vm_df_writer.errors import ConfigError, ServerUnavailable
from vm_df_writer.local.process import ServerProcess

__all__ = ["LocalVictoriaMetrics", "ServerNotInstalled", "find_program"]

_BINARY_VARIABLE = "VICTORIA_METRICS_BIN"
_DOCKER_IMAGE = "victoriametrics/victoria-metrics:v1.150.0"


class ServerNotInstalled(ServerUnavailable):
    """There is neither the server program nor a running Docker on the machine."""


class LocalVictoriaMetrics(ServerProcess):
    """A throw-away VictoriaMetrics on a free loopback port, with a temporary data folder.

    Runs the program that the environment variable ``VICTORIA_METRICS_BIN`` names,
    else ``victoria-metrics`` or ``victoria-metrics-prod`` from the PATH or from
    beside the running Python, else the official image by Docker. The server is
    stopped, and its data removed, at the end of the ``with`` block. It stops too
    if this process dies before; its folder then stays in the temporary directory.

    Parameters
    ----------
    flags : sequence of str, optional
        Flags for the server, such as ``-dedup.minScrapeInterval=1ms``. Under
        Docker the server sees no file that a flag may name.
    retention : str, default "100y"
        How far back samples are kept (``-retentionPeriod``). The server's own
        default is one month, and it drops what is older without an error.
    start_timeout_s : float, default 60
        How long to wait for the server to answer on ``/health``.

    Examples
    --------
    >>> with LocalVictoriaMetrics() as server:  # doctest: +SKIP
    ...     print(server.url)
    http://127.0.0.1:38401
    """

    def __init__(
        self,
        *,
        flags: Sequence[str] = (),
        retention: str = "100y",
        start_timeout_s: float = 60.0,
    ) -> None:
        super().__init__(start_timeout_s=start_timeout_s)
        self._flags = [f"-retentionPeriod={retention}", *flags]
        self._container: str | None = None

    def _command(self, port: int, folder: Path) -> list[str]:
        flags = [f"-storageDataPath={folder / 'data'}", *self._flags]
        binary = _named_binary() or find_program("victoria-metrics")
        if binary is not None:
            return [binary, f"-httpListenAddr=127.0.0.1:{port}", *flags]
        _require_docker()
        self._container = folder.name
        return [
            *("docker", "run", "--rm", "--name", self._container),
            *("--publish", f"127.0.0.1:{port}:{port}", "--volume", f"{folder}:{folder}"),
            *("--user", f"{os.getuid()}:{os.getgid()}"),  # its files are then ours to remove
            *(_DOCKER_IMAGE, f"-httpListenAddr=:{port}", *flags),
        ]

    def _kill_program(self, process: subprocess.Popen[bytes]) -> None:
        if self._container is not None:
            # Docker's client hands SIGTERM on to the container; SIGKILL ends the client alone.
            _docker("kill", self._container)
        super()._kill_program(process)


def find_program(name: str) -> str | None:
    """Return the path of a VictoriaMetrics program, called `name` or ``<name>-prod``, or None.

    It is looked for on the PATH and beside the running Python.
    """
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), sysconfig.get_path("scripts")])
    return shutil.which(name, path=places) or shutil.which(f"{name}-prod", path=places)


def _named_binary() -> str | None:
    named = os.environ.get(_BINARY_VARIABLE)
    if named and shutil.which(named) is None:
        msg = f"{_BINARY_VARIABLE}: {named!r} is not a program that can run; correct or unset it"
        raise ConfigError(msg)
    return named or None


def _require_docker() -> None:
    if shutil.which("docker") is None or not _docker("version"):
        msg = (
            f"LocalVictoriaMetrics: no server found: {_BINARY_VARIABLE} is not set, there is no "
            "victoria-metrics or victoria-metrics-prod on the PATH, and no Docker runs; install "
            "the Debian package victoria-metrics, on macOS brew's victoriametrics, or start Docker"
        )
        raise ServerNotInstalled(msg)
    if not _docker("image", "inspect", _DOCKER_IMAGE):
        # `docker run` would download it too, but within the time that a start may take.
        _docker("pull", "--quiet", _DOCKER_IMAGE)


def _docker(*arguments: str) -> bool:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    return done.returncode == 0
