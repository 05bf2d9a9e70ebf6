"""The pages docs/howto/coming_from say what other clients do with a frame: they are asked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pandas as pd
import pytest

from tests.support.stored_samples import export, settled
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2026-01-01", periods=2, freq="1min", tz="UTC")
FIRST_MS = 1767225600000
INFINITY = math.inf

Write = Callable[[str, pd.DataFrame, str], None]


def by_influxdb_client(url: str, frame: pd.DataFrame, measurement: str) -> None:
    from influxdb_client.client.influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import SYNCHRONOUS

    with InfluxDBClient(url, token="", org="") as client:
        client.write_api(write_options=SYNCHRONOUS).write(
            bucket="scores",
            record=frame,
            data_frame_measurement_name=measurement,
            data_frame_tag_columns=["host"],
            data_frame_timestamp_column="time" if "time" in frame else None,
        )


def by_questdb(url: str, frame: pd.DataFrame, table: str) -> None:
    from questdb import Sender

    address = url.removeprefix("http://")
    conf = f"http::addr={address};protocol_version=1;retry_timeout=0;"
    with Sender.from_conf(conf) as sender:
        sender.dataframe(frame, table_name=table, symbols=["host"], at="time")


def frame_of(values: list[Any], times: Any = TIMES) -> pd.DataFrame:
    return pd.DataFrame({"time": times, "host": "a", "v": values})


CLIENTS: dict[str, Write] = {"influxdb_client": by_influxdb_client, "questdb": by_questdb}
NAT = frame_of([1.0, 2.0], pd.DatetimeIndex([TIMES[0], None]))
SECONDS = frame_of([1.0, 2.0], [1767225600, 1767225660])
TWICE = frame_of([1.0, 2.0], TIMES[[0, 0]])

each_client = pytest.mark.parametrize("client", CLIENTS)


def stored_by(
    client: str, server: LocalVictoriaMetrics, frame: pd.DataFrame, name: str
) -> list[tuple[int, float]]:
    """Write a frame, and return the samples of its only series, ordered by time and value."""
    if find_spec(client) is None:
        pytest.skip(f"{client} is not installed")
    CLIENTS[client](server.url, frame, name)
    settled(server)
    stored = export(server.url, f'{{__name__="{name}_v",host="a"}}')
    assert len(stored) <= 1
    return next(iter(stored.values()), [])


@each_client
@pytest.mark.parametrize(
    ("frame", "values"),
    [
        pytest.param(frame_of([math.inf, 1.0]), [INFINITY, 1.0], id="infinite"),
        pytest.param(frame_of(["high", "7"]), [0.0, 7.0], id="text"),
        pytest.param(frame_of([None, 2.0]), [2.0], id="nan"),
        pytest.param(TWICE, [1.0, 2.0], id="twice"),
    ],
)
def test_values_are_stored_as_the_pages_say(
    client: str,
    frame: pd.DataFrame,
    values: list[float],
    victoria_metrics: LocalVictoriaMetrics,
    name: str,
) -> None:
    stored = stored_by(client, victoria_metrics, frame, name)
    assert [value for _, value in stored] == values


@each_client
def test_what_they_wrote_is_found_by_verify(
    client: str, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    frame = frame_of([1.5, 2.5])
    assert len(stored_by(client, victoria_metrics, frame, name)) == 2
    with VmWriter(victoria_metrics.url, metric_format={"__name__": f"{name}_$VAR"}) as writer:
        assert writer.verify(frame, label_columns=["host"]).ok


def test_influxdb_client_takes_numbers_for_nanoseconds(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    stored = stored_by("influxdb_client", victoria_metrics, SECONDS, name)
    assert [ms for ms, _ in stored] == [1767, 1767]
    stored = stored_by(
        "influxdb_client", victoria_metrics, SECONDS.drop(columns="time"), f"{name}_numbered"
    )
    assert stored[0][0] == 0


def test_influxdb_client_leaves_a_row_without_time_out_and_questdb_stores_it_now(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    stored = stored_by("influxdb_client", victoria_metrics, NAT, f"{name}_influx")
    assert stored == [(FIRST_MS, 1.0)]
    before, now = stored_by("questdb", victoria_metrics, NAT, f"{name}_questdb")
    assert before == (FIRST_MS, 1.0)
    assert now[0] == pytest.approx(time.time() * 1000, abs=60_000)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (SECONDS, "Bad argument `at`"),
        (frame_of([1.0, 2.0]).assign(host=[5, 6]), "Bad argument `symbols`"),
        (frame_of([1.0, 2.0], TIMES.as_unit("ms")), "Unsupported pandas dtype"),
    ],
)
def test_questdb_refuses_what_the_page_says(
    frame: pd.DataFrame, message: str, victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    questdb = pytest.importorskip("questdb")
    with pytest.raises(questdb.QuestDBError, match=message):
        by_questdb(victoria_metrics.url, frame, name)
