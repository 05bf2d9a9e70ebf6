"""Other ways to turn a frame into text that VictoriaMetrics takes in.

Each yields what would be sent, piece by piece; names and labels are those that vm_df_writer gives.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from benchmarks.measuring.frames import VALUE_COLUMNS, Input, epoch_ms, metric_name
from benchmarks.measuring.optional import optional
from benchmarks.peers.parse_back import Samples, parse_csv, parse_import_lines, parse_line_protocol
from benchmarks.peers.polars_lines import lines_of_long, lines_of_wide

__all__ = ["OURS", "PEERS", "Peer", "csv_text", "influx_lines", "json_line"]

Writer = Callable[[Input], Iterable[bytes | memoryview]]

OURS = "vm_df_writer"

_VALUE = VALUE_COLUMNS[0]
_LABELS = ["host", "device"]


@dataclass(frozen=True)
class Peer:
    """A way to write a frame.

    Attributes
    ----------
    name : str
        What the results call it.
    long, wide : callable or None
        Yields what would be sent of such a frame; None where it has no way of its own.
    parse : callable
        Reads that back.
    package : str or None
        What has to be installed.
    """

    name: str
    long: Writer
    wide: Writer | None
    parse: Callable[[Input, bytes], Samples]
    package: str | None = None


def json_line(labels: Mapping[str, str], values: list[float], timestamps: list[int]) -> bytes:
    """Return an import line, made by the standard library."""
    line = {"metric": labels, "values": values, "timestamps": timestamps}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def _long_labels(host: str, device: str) -> dict[str, str]:
    return {"__name__": metric_name(_VALUE), "host": host, "device": device}


def _loop_long(data: Input) -> Iterator[bytes]:
    series: dict[tuple[str, str], tuple[list[float], list[int]]] = {}
    for time, host, device, value in data.frame.itertuples(index=False, name=None):
        values, timestamps = series.setdefault((host, device), ([], []))
        values.append(value)
        timestamps.append(int(time.timestamp() * 1000))
    for (host, device), (values, timestamps) in series.items():
        yield json_line(_long_labels(host, device), values, timestamps)


def _loop_wide(data: Input) -> Iterator[bytes]:
    timestamps = [int(time.timestamp() * 1000) for time in data.frame.index]
    for name, column in data.frame.items():
        yield json_line({"__name__": metric_name(str(name))}, column.tolist(), timestamps)


def _group_by_long(data: Input) -> Iterator[bytes]:
    for (host, device), group in data.frame.groupby(_LABELS):
        labels = _long_labels(str(host), str(device))
        yield json_line(labels, group[_VALUE].tolist(), epoch_ms(group["timestamp"]).tolist())


def _polars_long(data: Input) -> Iterator[memoryview]:
    yield lines_of_long(optional("polars").from_pandas(data.frame), _VALUE).getbuffer()


def _polars_wide(data: Input) -> Iterator[memoryview]:
    frame = optional("polars").from_pandas(data.frame, include_index=True)
    yield lines_of_wide(frame).getbuffer()


def influx_lines(data: Input, measurement: str = "vm") -> list[str]:
    """Return the line protocol that influxdb-client makes."""
    serializer = optional("influxdb_client.client.write.dataframe_serializer")
    write_api = optional("influxdb_client.client.write_api")
    is_long = "timestamp" in data.frame
    lines: list[str] = serializer.data_frame_to_list_of_points(
        data.frame,
        write_api.PointSettings(),
        precision="ms",
        data_frame_measurement_name=measurement,
        data_frame_tag_columns=_LABELS if is_long else None,
        data_frame_timestamp_column="timestamp" if is_long else None,
    )
    return lines


def _influx(data: Input) -> Iterator[bytes]:
    yield "\n".join(influx_lines(data)).encode()


@cache
def _questdb_buffer() -> Any:
    # Version 1 is the protocol that is all text; with it named, no server is asked.
    address = "http::addr=127.0.0.1:1;auto_flush=off;protocol_version=1;"
    sender = optional("questdb").Sender.from_conf(address)
    sender.establish()
    return sender.new_buffer()


def _questdb(data: Input) -> Iterator[bytes]:
    buffer = _questdb_buffer()
    buffer.clear()
    is_long = "timestamp" in data.frame
    frame = data.frame if is_long else data.frame.reset_index()
    symbols = _LABELS if is_long else False
    buffer.dataframe(frame, table_name="vm", symbols=symbols, at="timestamp")
    yield bytes(buffer)


def csv_text(data: Input) -> str:
    """Return what `to_csv` makes; milliseconds are written faster than any format of times."""
    if "timestamp" in data.frame:
        times = epoch_ms(data.frame["timestamp"])
        return data.frame.assign(timestamp=times).to_csv(header=False, index=False)
    return data.frame.set_axis(epoch_ms(data.frame.index)).to_csv(header=False)


def _csv(data: Input) -> Iterator[bytes]:
    yield csv_text(data).encode()


def _parse_lines(_: Input, text: bytes) -> Samples:
    return parse_import_lines(text)


def _parse_csv(data: Input, text: bytes) -> Samples:
    columns = [name for name in data.frame.columns if name != "timestamp"]
    n_labels = len(_LABELS) if "timestamp" in data.frame else 0
    return parse_csv(
        text, labels=columns[:n_labels], values=[metric_name(name) for name in columns[n_labels:]]
    )


PEERS = [
    Peer(OURS, Input.lines, Input.lines, _parse_lines),
    Peer("polars", _polars_long, _polars_wide, _parse_lines, "polars"),
    Peer(
        "questdb buffer",
        _questdb,
        _questdb,
        lambda _, text: parse_line_protocol(text, units_per_ms=10**6),
        "questdb",
    ),
    Peer("group-by with json", _group_by_long, None, _parse_lines),
    Peer("loop with json", _loop_long, _loop_wide, _parse_lines),
    Peer("DataFrame.to_csv", _csv, _csv, _parse_csv),
    Peer(
        "influxdb-client",
        _influx,
        _influx,
        lambda _, text: parse_line_protocol(text, units_per_ms=1),
        "influxdb_client",
    ),
]
