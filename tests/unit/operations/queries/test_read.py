"""What is refused before a server is asked, and what a server is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from tests.support.blocks import T, export_line
from tests.support.read_back_scene import Scene
from tests.support.writers import writer_with
from vm_df_writer import ConflictingSamplesWarning, FrameError, VmWriter, WriteReport

Y = {"__name__": "y"}
FRAME = pd.DataFrame({"y": [1.0, 2.0]}, index=pd.to_datetime([T, T + 1], unit="ms", utc=True))


@pytest.fixture
def scene(httpserver: HTTPServer) -> Scene:
    return Scene(httpserver)


@pytest.fixture
def writer(scene: Scene, httpserver: HTTPServer) -> Iterator[VmWriter]:
    scene.last = export_line(Y, [0, 1], "1,2")
    with writer_with(
        httpserver.url_for("").rstrip("/"), metric_format={"__name__": "$VAR"}
    ) as writer:
        yield writer


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({}, "match: pass what selects series, .* or like="),
        ({"match": "y", "like": FRAME}, "match: pass what .* not both"),
        ({"match": " "}, "match: expected selectors, got ' '"),
        ({"match": []}, r"match: expected selectors, got \[\]"),
        ({"match": "y", "query_key": "cpu"}, "query_key: it says how a frame is read"),
        ({"match": "y", "start": T, "end": T - 1}, "start: .* is later than end="),
        ({"match": "y", "layout": "tall"}, "layout: expected one of wide, long, melted"),
        ({"match": "y", "backend": "dask"}, "backend: expected one of pandas"),
        ({"match": "y", "start": "soon"}, "start: 'soon' cannot be read as a time"),
        ({"match": "y", "querykey": "a"}, "querykey: not a reading keyword"),
        (
            {"like": WriteReport(layout="wide", samples=5)},
            "like: the report does not hold which series.*a summary; pass the frame",
        ),
    ],
    ids=range(11),
)
def test_what_cannot_be_read_is_refused_before_a_server_is_asked(
    scene: Scene, writer: VmWriter, call: dict[str, Any], message: str
) -> None:
    with pytest.raises(FrameError, match=message):
        writer.read(**call)
    assert scene.asked == []


def test_buffers_are_flushed_first_and_a_refusal_of_that_is_no_error(
    scene: Scene, writer: VmWriter
) -> None:
    scene.flush_status = 401
    assert writer.read("y")["y"].tolist() == [1.0, 2.0]
    assert scene.events == ["flush", "look"]


def test_all_times_that_a_writer_takes_are_read_unless_told_otherwise(
    scene: Scene, writer: VmWriter
) -> None:
    writer.read("y")
    writer.read("y", start=T, end=T + 1)
    writer.read("y", start="2026-01-01T01:00", naive_tz="Europe/Berlin")
    spans = [(form["start"][0], form["end"][0]) for form in scene.asked]
    assert spans == [
        ("31536000.000", "2200-01-01T00:00:00.001Z"),
        ("1767225600.000", "1767225600.002"),
        ("1767225600.000", "2200-01-01T00:00:00.001Z"),
    ]


def test_a_series_like_one_of_a_frame_is_read_from_its_first_to_its_last_sample(
    scene: Scene, writer: VmWriter
) -> None:
    scene.last = b"\n".join(
        [export_line(Y, [0, 1, 2], "1,2,3"), export_line({"__name__": "z"}, [0, 1, 2], "4,5,6")]
    )
    frame = FRAME.assign(z=[float("nan"), 1.0])
    found = writer.read(like=frame)
    assert found.fillna(0).to_numpy().tolist() == [[1.0, 0.0], [2.0, 5.0]]
    later = writer.read(like=frame, end=T + 9)
    assert later.fillna(0).to_numpy().tolist() == [[1.0, 0.0], [2.0, 5.0], [3.0, 6.0]]
    assert writer.read(like=frame, start=T + 9).empty


def test_what_is_not_there_yet_after_a_flush_is_looked_for_once_more(
    scene: Scene, writer: VmWriter
) -> None:
    scene.answers = [export_line(Y, [0], "1")]
    assert writer.read(like=FRAME)["y"].tolist() == [1.0, 2.0]
    assert scene.events.count("look") == 2


def test_a_choice_between_values_is_warned_of(scene: Scene, writer: VmWriter) -> None:
    scene.last = export_line(Y, [0, 0, 1], "1,7,2")
    text = (
        r"read: at 1 times of series the server holds several values, such as of "
        r"\{'__name__': 'y'\} at 2026-01-01 00:00:00 UTC, and duplicates='last' chose one of each"
    )
    with pytest.warns(ConflictingSamplesWarning, match=text):
        assert writer.read("y")["y"].tolist() == [7.0, 2.0]
    assert writer.read("y", duplicates="keep")["y"].tolist() == [1.0, 7.0, 2.0]


def test_a_frame_without_samples_is_like_nothing(scene: Scene, writer: VmWriter) -> None:
    assert writer.read(like=FRAME.iloc[:0]).empty
    assert scene.asked == []
