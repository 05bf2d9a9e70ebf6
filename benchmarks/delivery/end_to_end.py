"""From a frame to the server's acknowledgement, against curl and against the peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import requests

from benchmarks.formatting.peers import DisagreementError
from benchmarks.measuring.frames import METRIC_FORMAT, Input, epoch_ms, wide_frame
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.server import Curl, count_samples, settle
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, Timing, alternate, timed
from benchmarks.peers.writers import csv_text, json_line
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

__all__ = ["EndToEnd", "EndToEndRun", "compare_end_to_end"]

_GOAL = 1.10
_OURS = "VmWriter.write"
_CURL = "curl with the same bytes"
_TIMEOUT_S = 600
_BODY_BYTES = 4 * 2**20


@dataclass(frozen=True, slots=True)
class EndToEndRun:
    """How long a writer took until the server had acknowledged everything."""

    writer: str
    n_samples: int
    timing: Timing

    @property
    def samples_per_s(self) -> float:
        """Samples per second, by the median."""
        return self.n_samples / self.timing.median_s


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """All writers, the comparison with curl, and which are missing."""

    runs: list[EndToEndRun]
    goal: Comparison
    missing: list[str]


def compare_end_to_end(sizes: Sizes) -> EndToEnd:
    """Write one wide frame in all ways, and count what the server has then.

    Raises
    ------
    DisagreementError
        If a writer stored more or fewer samples than the frame has.
    """
    data = wide_frame(sizes.end_to_end)
    against_curl = _against_curl(data, sizes)
    peers, missing = _peers(data, sizes)
    # The stricter yardstick of the two.
    name, yardstick = min(
        ((name, t) for name, t in against_curl.items() if name != _OURS),
        key=lambda named: named[1].median_s,
    )
    case = f"{_OURS}, wide {sizes.end_to_end.rows:,} x {sizes.end_to_end.series}, end to end"
    goal = Comparison(case, name, data.n_samples, against_curl[_OURS], yardstick, _GOAL)
    runs = [
        EndToEndRun(name, data.n_samples, timing) for name, timing in (against_curl | peers).items()
    ]
    return EndToEnd(runs, goal, missing)


def _against_curl(data: Input, sizes: Sizes) -> dict[str, Timing]:
    with LocalVictoriaMetrics() as server, TemporaryDirectory() as folder:
        curl = Curl(server.url, Path(folder), list(data.lines()))
        with VmWriter(server.url, metric_format=METRIC_FORMAT, timeout="1m") as writer:
            timings = alternate(
                {
                    _OURS: timed(partial(writer.write, data.frame, progress=False)),
                    f"{_CURL}, in one request": timed(curl.post_whole),
                    f"{_CURL}, two requests at a time": timed(curl.post_two_at_a_time),
                },
                sizes.repetitions,
                settle=partial(settle, server.url),
            )
        _require_stored(server.url, data, {"vm": 3 * (sizes.repetitions + 1)})
    return timings


def _peers(data: Input, sizes: Sizes) -> tuple[dict[str, Timing], list[str]]:
    writers: dict[str, tuple[str, Callable[[str, str, Input], object]]] = {
        "a loop by hand, json and requests": ("loop", _write_by_hand),
        "DataFrame.to_csv and requests": ("csv", _write_csv),
    }
    missing = []
    try:
        optional("influxdb_client")
    except NotInstalledError as error:
        missing.append(str(error))
    else:
        writers["influxdb-client"] = ("influx", _write_influx)
    with LocalVictoriaMetrics() as server:
        timings = alternate(
            {
                name: timed(partial(write, server.url, prefix, data))
                for name, (prefix, write) in writers.items()
            },
            sizes.repetitions,
            settle=partial(settle, server.url),
        )
        times = sizes.repetitions + 1
        _require_stored(server.url, data, {prefix: times for prefix, _ in writers.values()})
    return timings, missing


def _require_stored(url: str, data: Input, times: Mapping[str, int]) -> None:
    settle(url)
    for prefix, n in times.items():
        found = count_samples(url, prefix, pd.DatetimeIndex(data.frame.index))
        if found != n * data.n_samples:
            raise DisagreementError(
                f"{prefix}: {n} times {data.n_samples} samples were written, the server has {found}"
            )


def _write_by_hand(url: str, prefix: str, data: Input) -> None:
    timestamps = epoch_ms(data.frame.index).tolist()
    with requests.Session() as session:

        def post(lines: list[bytes]) -> None:
            body = b"".join(lines)
            session.post(f"{url}/api/v1/import", body, timeout=_TIMEOUT_S).raise_for_status()

        lines: list[bytes] = []
        for name, column in data.frame.items():
            lines.append(json_line({"__name__": f"{prefix}_{name}"}, column.tolist(), timestamps))
            if sum(map(len, lines)) > _BODY_BYTES:
                post(lines)
                lines = []
        post(lines)


def _write_csv(url: str, prefix: str, data: Input) -> None:
    columns = [f"{i}:metric:{prefix}_{name}" for i, name in enumerate(data.frame.columns, start=2)]
    requests.post(
        f"{url}/api/v1/import/csv",
        csv_text(data).encode(),
        params={"format": ",".join(["1:time:unix_ms", *columns])},
        timeout=_TIMEOUT_S,
    ).raise_for_status()


def _write_influx(url: str, prefix: str, data: Input) -> None:
    client = optional("influxdb_client")
    write_api = optional("influxdb_client.client.write_api")
    timeout_ms = _TIMEOUT_S * 1000
    with client.InfluxDBClient(url, token="none", org="none", timeout=timeout_ms) as session:  # noqa: S106
        session.write_api(write_options=write_api.SYNCHRONOUS).write(
            "none",
            record=data.frame,
            write_precision="ms",
            data_frame_measurement_name=prefix,
        )
