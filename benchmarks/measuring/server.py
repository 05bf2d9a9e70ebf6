"""What the benchmarks ask of a server beside writing to it."""

from __future__ import annotations

import gc
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import requests

from benchmarks.measuring.optional import NotInstalledError

__all__ = ["Curl", "count_samples", "settle", "stored_samples"]

_QUIET_S = 0.1
_PATIENCE_S = 30.0
# A server refuses a query that reads too many samples at once.
_WINDOWS = 16


def settle(url: str) -> None:
    """Wait until the server has merged what it was sent, so that each run starts alike."""
    gc.collect()
    requests.get(f"{url}/internal/force_flush", timeout=_PATIENCE_S).raise_for_status()
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        time.sleep(_QUIET_S)
        if not _active_merges(url):
            return


def _active_merges(url: str) -> float:
    metrics = requests.get(f"{url}/metrics", timeout=_PATIENCE_S).text.splitlines()
    return sum(
        float(line.rsplit(" ", 1)[1]) for line in metrics if line.startswith("vm_active_merges")
    )


def stored_samples(url: str, prefix: str, index: pd.DatetimeIndex, expected: int) -> int:
    """Count samples as `count_samples` does, for as long as there are fewer than expected.

    A busy server shows its last samples some seconds after it has acknowledged and flushed them.
    """
    settle(url)
    deadline = time.monotonic() + _PATIENCE_S
    while (found := count_samples(url, prefix, index)) < expected and time.monotonic() < deadline:
        settle(url)
    return found


def count_samples(url: str, prefix: str, index: pd.DatetimeIndex) -> int:
    """Count the stored samples of all series whose name begins with a prefix."""
    first_ms, last_ms = (int(moment.timestamp() * 1000) for moment in (index[0], index[-1]))
    bounds = np.linspace(first_ms - 1, last_ms, _WINDOWS + 1).astype(np.int64).tolist()
    return sum(_count(url, prefix, start_ms, end_ms) for start_ms, end_ms in pairwise(bounds))


def _count(url: str, prefix: str, start_ms: int, end_ms: int) -> int:
    """Count behind a start, up to an end."""
    selector = f'{{__name__=~"{prefix}_.*"}}[{end_ms - start_ms}ms]'
    query = f"sum(count_over_time({selector}) keep_metric_names)"
    parameters = {"query": query, "time": f"{end_ms / 1000:.3f}", "nocache": "1"}
    answer = requests.get(f"{url}/api/v1/query", params=parameters, timeout=120)
    answer.raise_for_status()
    result = answer.json()["data"]["result"]
    return int(result[0]["value"][1]) if result else 0


class Curl:
    """curl, posting bodies that lie in files.

    Parameters
    ----------
    url : str
        The server.
    folder : Path
        Where the bodies are written to.
    bodies : list of bytes
        What is posted.
    """

    def __init__(self, url: str, folder: Path, bodies: list[bytes]) -> None:
        import_url = f"{url}/api/v1/import"
        whole = folder / "whole.jsonl"
        whole.write_bytes(b"".join(bodies))
        self._whole = ["--request", "POST", "--upload-file", str(whole), import_url]
        requests_of_config = []
        for i, body in enumerate(bodies):
            path = folder / f"body-{i}.jsonl"
            path.write_bytes(body)
            requests_of_config.append(
                f'url = "{import_url}"\ndata-binary = "@{path}"\nheader = "Expect:"\n'
                "silent\nshow-error\nfail\n"
            )
        config = folder / "bodies.curl"
        config.write_text("next\n".join(requests_of_config))
        self._two_at_a_time = ["--parallel", "--parallel-max", "2", "--config", str(config)]
        _run(["--version"])

    def post_whole(self) -> None:
        """Post all bodies as one request."""
        _run(["--silent", "--show-error", "--fail", "--header", "Expect:", *self._whole])

    def post_two_at_a_time(self) -> None:
        """Post each body as a request, two at a time."""
        _run(self._two_at_a_time)


def _run(arguments: list[str]) -> None:
    try:
        subprocess.run(["curl", *arguments], check=True, capture_output=True)  # noqa: S603, S607
    except FileNotFoundError as error:
        raise NotInstalledError("curl is not installed") from error
