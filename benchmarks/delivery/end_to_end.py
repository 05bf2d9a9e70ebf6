"""From a frame to the server's acknowledgement, against curl and against the peers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pandas as pd
import requests

from benchmarks.formatting.peers import DisagreementError
from benchmarks.measuring.frames import METRIC_FORMAT, Input, epoch_ms, wide_frame
from benchmarks.measuring.optional import NotInstalledError, optional
from benchmarks.measuring.server import Curl, settle, stored_samples
from benchmarks.measuring.sizes import Sizes
from benchmarks.measuring.timing import Comparison, Timing, alternate, timed
from benchmarks.measuring.versions import VersionedServer, is_new, servers_for
from benchmarks.peers.writers import csv_text, json_line
from vm_df_writer import VmWriter

__all__ = ["EndToEndRun", "compare_end_to_end", "write_with_peers"]

_CURL = "curl with the same bytes"
_TIMEOUT_S = 600
_BODY_BYTES = 4 * 2**20
_Protocol = Literal["import", "remote_write"]


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


def compare_end_to_end(sizes: Sizes) -> Iterator[Comparison]:
    """Write one wide frame on both wires, into the oldest and the newest server, beside curl.

    Raises
    ------
    DisagreementError
        If a writer stored more or fewer samples than the frame has.
    """
    data = wide_frame(sizes.end_to_end)
    shape = f"wide {sizes.end_to_end.rows:,} x {sizes.end_to_end.series}"
    for version, program in servers_for(sizes).items():
        goals: dict[_Protocol, float] = {
            "import": 1.15 if is_new(version) else 1.0,
            "remote_write": 0.55 if is_new(version) else 0.77,
        }
        timings = _against_curl(data, program, goals, sizes.few_repetitions)
        # The stricter yardstick of the two.
        curls = {name: timing for name, timing in timings.items() if name not in goals}
        curl = min(curls, key=lambda name: curls[name].median_s)
        for protocol, goal in goals.items():
            case = f"VmWriter.write, protocol={protocol!r}, {shape}, end to end, {version}"
            yield Comparison(case, curl, data.n_samples, timings[protocol], timings[curl], goal)


def _against_curl(
    data: Input, program: str, protocols: Iterable[_Protocol], repetitions: int
) -> dict[str, Timing]:
    with VersionedServer(program) as server, TemporaryDirectory() as folder, ExitStack() as writers:
        curl = Curl(server.url, Path(folder), list(data.lines()))
        measures = {
            f"{_CURL}, in one request": timed(curl.post_whole),
            f"{_CURL}, two requests at a time": timed(curl.post_two_at_a_time),
        }
        for protocol in protocols:
            writer = VmWriter(
                server.url, protocol=protocol, metric_format=METRIC_FORMAT, timeout="1m"
            )
            writers.enter_context(writer)
            measures[protocol] = timed(partial(writer.write, data.frame, progress=False))
        timings = alternate(measures, repetitions, settle=partial(settle, server.url))
        _require_stored(server.url, data, {"vm": len(measures) * (repetitions + 1)})
    return timings


def write_with_peers(sizes: Sizes) -> Iterator[EndToEndRun | str]:
    """Yield what each peer takes for one wide frame, and which are missing.

    Raises
    ------
    DisagreementError
        If a writer stored more or fewer samples than the frame has.
    """
    data = wide_frame(sizes.server_wide)
    writers: dict[str, tuple[str, Callable[[str, str, Input], object]]] = {
        "VmWriter.write": ("vm", _write),
        "a loop by hand, json and requests": ("loop", _write_by_hand),
        "DataFrame.to_csv and requests": ("csv", _write_csv),
    }
    try:
        optional("influxdb_client")
    except NotInstalledError as error:
        yield str(error)
    else:
        writers["influxdb-client"] = ("influx", _write_influx)
    *_, newest = servers_for(sizes).values()
    with VersionedServer(newest) as server:
        timings = alternate(
            {
                name: timed(partial(write, server.url, prefix, data))
                for name, (prefix, write) in writers.items()
            },
            sizes.few_repetitions,
            settle=partial(settle, server.url),
        )
        times = sizes.few_repetitions + 1
        _require_stored(server.url, data, {prefix: times for prefix, _ in writers.values()})
    for name, timing in timings.items():
        yield EndToEndRun(name, data.n_samples, timing)


def _require_stored(url: str, data: Input, times: Mapping[str, int]) -> None:
    index = pd.DatetimeIndex(data.frame.index)
    for prefix, n in times.items():
        found = stored_samples(url, prefix, index, n * data.n_samples)
        if found != n * data.n_samples:
            raise DisagreementError(
                f"{prefix}: {n} times {data.n_samples} samples were written, the server has {found}"
            )


def _write(url: str, prefix: str, data: Input) -> None:
    with VmWriter(url, metric_format={"__name__": f"{prefix}_$VAR"}, timeout="1m") as writer:
        writer.write(data.frame, progress=False)


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
