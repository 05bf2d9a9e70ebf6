from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from tests.support.blocks import T, export_line
from tests.support.read_back_scene import Scene
from tests.support.writers import writer_with
from vm_df_writer import VmWriter

FRAME = pd.DataFrame(
    {"time": [1.0, 2.0], "z": [3.0, 4.0]}, index=pd.to_datetime([T, T + 1], unit="ms", utc=True)
)
TIME, Z = {"__name__": "m", "time": "time"}, {"__name__": "m", "time": "z", "host": "a"}


@pytest.fixture
def scene(httpserver: HTTPServer) -> Scene:
    return Scene(httpserver)


@pytest.fixture
def writer(scene: Scene, httpserver: HTTPServer) -> Iterator[VmWriter]:
    url = httpserver.url_for("").rstrip("/")
    metric_format = {"__name__": "m", "time": "$VAR", "host": "a"}
    with writer_with(url, metric_format=metric_format, read_back=scene.policy) as writer:
        yield writer


def test_where_nothing_differs_there_are_no_rows(scene: Scene, writer: VmWriter) -> None:
    scene.last = b"\n".join(
        [export_line({**TIME, "host": "a"}, [0, 1], "1,2"), export_line(Z, [0, 1], "3,4")]
    )
    diff = writer.diff(FRAME)
    assert diff.empty
    assert diff.columns.tolist() == ["time", "difference", "sent", "stored"]
    assert scene.events.count("look") == 1


def test_each_difference_names_its_series(scene: Scene, writer: VmWriter) -> None:
    scene.last = b"\n".join(
        [export_line({**TIME, "host": "a"}, [0, 0, 1], "1,1,2"), export_line(Z, [0, 1], "3,5")]
    )
    diff = writer.diff(FRAME)
    assert diff.columns.tolist() == [
        *("__name__", "label_time", "host"),
        *("time", "difference", "sent", "stored"),
    ]
    assert diff["label_time"].tolist() == ["time", "z"]
    assert diff["difference"].tolist() == ["copied", "conflicting"]
    assert diff["time"].tolist() == [FRAME.index[0], FRAME.index[1]]
    assert diff["sent"].tolist() == [1.0, 4.0]
    assert diff["stored"].tolist() == [1.0, 5.0]


def test_what_is_missing_is_looked_for_until_patience_ends(scene: Scene, writer: VmWriter) -> None:
    scene.last = export_line({**TIME, "host": "a"}, [0, 1], "1,2")
    diff = writer.diff(FRAME)
    assert diff["difference"].tolist() == ["missing", "missing"]
    assert diff["stored"].isna().all()
    assert scene.events.count("look") > 2
