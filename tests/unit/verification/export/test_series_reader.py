"""How whole series are asked for."""

from __future__ import annotations

import numpy as np
import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.blocks import T, export_line
from tests.support.read_back_scene import Scene
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.verification.export.series_reader import SeriesReader

Y = {"__name__": "y"}


@pytest.fixture
def scene(httpserver: HTTPServer) -> Scene:
    return Scene(httpserver)


def reader_of(scene: Scene) -> SeriesReader:
    return SeriesReader(scene.client, scene.endpoint, scene.policy)


def hosts(n: int, samples: int = 200) -> tuple[SampleCounts, bytes]:
    """Return series, and the lines that the server has of them."""
    series = [{"__name__": "y", "host": str(i)} for i in range(n)]
    counts = np.full(n, samples)
    wanted = SampleCounts([orjson.dumps(each) for each in series], counts, counts, counts)
    return wanted, b"\n".join(export_line(each, [0, 1], "1,2") for each in series)


def test_what_selectors_match_is_asked_for_at_once(scene: Scene) -> None:
    scene.last = export_line(Y, [0], "1") + b"\n" + export_line({"__name__": "z"}, [0], "2")
    found = reader_of(scene).matching(['{a="b"}', "z"], T, T + 9)
    assert [each.labels["__name__"] for each in found] == ["y", "z"]
    [form] = scene.asked
    assert form["match[]"] == ['{a="b"}', "z"]
    assert (form["start"], form["end"]) == (["1767225600.000"], ["1767225600.010"])


def test_what_is_too_much_at_once_is_read_span_by_span(scene: Scene) -> None:
    times = range(8)
    scene.last = export_line(Y, times, ",".join(map(str, times)))
    scene.refuses = lambda form: float(form["end"][0]) - float(form["start"][0]) > 0.003
    [found] = reader_of(scene).matching(["y", "z"], T, T + 7)
    assert (found.timestamps_ms - T).tolist() == list(times)
    assert {len(form["match[]"]) for form in scene.asked} == {2}  # one may match both


def test_a_selector_that_a_server_does_not_read_is_asked_for_once(scene: Scene) -> None:
    scene.answers = [Response('cannot parse match[]="{": missing', status=400)]
    with pytest.raises(ServerRejected, match="cannot parse"):
        reader_of(scene).matching(["{"], T, T + 9)
    assert len(scene.asked) == 1


def test_given_series_come_in_their_order_also_without_samples(scene: Scene) -> None:
    wanted, lines = hosts(3)
    scene.last = b"\n".join(reversed(lines.split(b"\n")[1:]))
    found = reader_of(scene).given(wanted, T, T + 9)
    assert [each.labels["host"] for each in found] == ["0", "1", "2"]
    assert [len(each.values) for each in found] == [0, 2, 2]


def test_many_short_series_are_looked_for_by_the_labels_that_they_share(scene: Scene) -> None:
    wanted, lines = hosts(600, samples=2)
    scene.last = lines
    assert len(reader_of(scene).given(wanted, T, T + 9)) == 600
    assert [form["match[]"] for form in scene.asked] == [['{__name__="y"}']]


def test_series_that_share_too_little_are_looked_for_one_by_one(scene: Scene) -> None:
    wanted, lines = hosts(600, samples=2)
    foreign = b"\n".join(
        export_line({"__name__": "y", "zone": str(i)}, [0], "1" * 300) for i in range(2000)
    )
    scene.answers, scene.last = [foreign], lines
    found = reader_of(scene).given(wanted, T, T + 9)
    assert sum(len(each.values) for each in found) == 1200
    assert [len(form["match[]"]) for form in scene.asked] == [1, 500, 100]


def test_series_that_are_too_much_at_once_are_read_in_halves(scene: Scene) -> None:
    wanted, lines = hosts(8)
    scene.last = lines  # those of other pieces too
    scene.refuses = lambda form: len(form["match[]"]) > 2
    found = reader_of(scene).given(wanted, T, T + 9)
    assert [each.values.tolist() for each in found] == [[1.0, 2.0]] * 8
