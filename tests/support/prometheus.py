"""Prometheus, in every version that is here, as a server that is written to."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.support.packaged_servers import SERVERS, version_of
from tests.support.programs import miss
from tests.support.thorough import thorough
from vm_df_writer.local import find_program
from vm_df_writer.local.process import ServerProcess

_CONFIG = """
global: {scrape_interval: 1h}
storage: {tsdb: {out_of_order_time_window: %s}}
"""


class Prometheus(ServerProcess):
    """A Prometheus that scrapes nothing.

    Parameters
    ----------
    program : str
        Its path.
    window : str, default ``"0s"``
        For how long it takes samples in any order.
    receives : bool, default True
        Whether it takes remote write at all.
    """

    _HEALTH_PATH = "/-/ready"

    def __init__(
        self, program: str, *flags: str, window: str = "0s", receives: bool = True
    ) -> None:
        super().__init__()
        self._program, self._window = program, window
        self._flags = [*flags, *(["--web.enable-remote-write-receiver"] if receives else [])]

    def _command(self, port: int, folder: Path) -> list[str]:
        config = folder / "prometheus.yml"
        config.write_text(_CONFIG % self._window)
        return [
            self._program,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
            *self._flags,
        ]


def programs() -> list[object]:
    """Return a parameter for each version, the oldest first; the one on the PATH without any.

    Those between the oldest and the newest are for the thorough tests.
    """
    found = sorted(SERVERS.glob("prometheus-*/usr/bin/prometheus"), key=version_of)
    return [
        pytest.param(str(path), id=path.parts[-4], marks=thorough if path in found[1:-1] else ())
        for path in found
    ] or [pytest.param(find_program("prometheus"), id="prometheus")]


def newest_program() -> str:
    """Return the newest version that is here, or end the test."""
    found = sorted(SERVERS.glob("prometheus-*/usr/bin/prometheus"), key=version_of)
    return str(found[-1]) if found else require(find_program("prometheus"))


def require(program: str | None) -> str:
    """Return a program, or end the test."""
    return program or miss("prometheus is not on the PATH; `make servers` gets it")


def stored(server: ServerProcess, name: str, at_s: float) -> dict[str, list[tuple[int, float]]]:
    """Return the samples of each series of a metric, by its labels as text."""
    query = {"query": f'{{__name__="{name}"}}[3650d]', "time": f"{at_s:.3f}"}
    answer = requests.get(f"{server.url}/api/v1/query", query, timeout=60).json()
    return {
        ",".join(f"{k}={v}" for k, v in sorted(series["metric"].items()) if k != "__name__"): [
            (round(time * 1000), float(value)) for time, value in series["values"]
        ]
        for series in answer["data"]["result"]
    }
