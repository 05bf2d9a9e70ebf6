"""The servers of each packaged version, and what they spend."""

from __future__ import annotations

from pathlib import Path

import psutil

from benchmarks.measuring.child import ROOT
from benchmarks.measuring.sizes import Sizes
from vm_df_writer.local import LocalVictoriaMetrics, find_program

__all__ = ["VersionedServer", "is_new", "programs", "servers_for"]

_SERVERS = ROOT / ".servers"
# Since which version a server parses remote write at a third of the cost of lines, not at a half.
_NEW = (1, 145)


def servers_for(sizes: Sizes) -> dict[str, str]:
    """Return the oldest and the newest program by version; for small frames the newest alone."""
    found = list(programs().items())
    return dict(found[-1:] if sizes.name == "small" else found)


def programs() -> dict[str, str]:
    """Return the oldest and the newest of `make servers` by version, else the one on the PATH."""
    found = {
        path.parts[-4].rpartition("-")[2]: str(path)
        for path in _SERVERS.glob("victoria-metrics-*/usr/bin/victoria-metrics")
    }
    if not found:
        program = find_program("victoria-metrics")
        return {"on the PATH": program} if program else {}
    by_age = sorted(found.items(), key=lambda named: _numbers(named[0]))
    return dict([by_age[0], by_age[-1]])


def is_new(version: str) -> bool:
    """Say whether the goals are those of the newest servers."""
    return version == "on the PATH" or _numbers(version) >= _NEW


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


class VersionedServer(LocalVictoriaMetrics):
    """A server of a version of its own."""

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def _command(self, port: int, folder: Path) -> list[str]:
        return [self._program, *super()._command(port, folder)[1:]]

    def cpu_s(self) -> float:
        """Return the CPU time that it has spent; its own page of metrics lags behind."""
        if self._process is None:
            return 0.0
        spent = psutil.Process(self._process.pid).cpu_times()
        return float(spent.user + spent.system)
