"""How series are counted, and read in pieces, while somebody waits for them."""

from __future__ import annotations

import re
from itertools import pairwise

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.blocks import T, block_of, export_line
from tests.support.read_back_scene import Scene
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.server.deduplication import KeepOneRule
from vm_df_writer.verification.verify_blocks import missing_blocks

Y = {"__name__": "y", "host": "a"}


@pytest.fixture
def scene(httpserver: HTTPServer) -> Scene:
    return Scene(httpserver)


def hosts(n: int, length: int = 200) -> tuple[SeriesBlock, list[bytes]]:
    """Return a block of long series, and the lines that the server has of them."""
    times = range(length)
    series = [({"__name__": "y", "host": str(i)}, times, [1.0] * length) for i in range(n)]
    return block_of(*series), [export_line(s[0], times, ",".join(["1"] * length)) for s in series]


def counts(*numbers: int | None, **more: object) -> bytes:
    """Return an answer with the number of samples of each host; None is not there."""
    found = [
        {"metric": {"host": str(i), "__name__": "y"}, "value": [1767225600.2, str(n)]}
        for i, n in enumerate(numbers)
        if n is not None
    ]
    return orjson.dumps({"status": "success", "data": {"result": found}, **more})


def test_where_all_counts_are_right_nothing_is_read(scene: Scene) -> None:
    block, _ = hosts(3)
    scene.counts = [counts(200, 200, 200)]
    found = scene.verify(block, count_only=True).verification
    assert found == Verification(expected=600, found=600)
    assert scene.events == ["flush", "count"]


def test_the_samples_between_the_first_and_the_last_are_counted(scene: Scene) -> None:
    block, _ = hosts(2)
    scene.counts = [counts(200, 200)]
    scene.verify(block, count_only=True)
    (form,) = scene.counted
    window = "[201ms]) keep_metric_names"
    each = [f'count_over_time({{__name__="y",host="{i}"}}{window}' for i in (0, 1)]
    assert form == {
        "query": [f"limitk(104,union({each[0]},{each[1]}))"],
        "time": ["1767225600.200"],
        "nocache": ["1"],
    }


def test_series_with_another_count_are_read(scene: Scene) -> None:
    block, lines = hosts(4)
    scene.counts = [counts(200, 201, 150, None)]
    scene.last = b"\n".join(lines)
    assert scene.verify(block, count_only=True).verification.ok
    assert scene.asked[0]["match[]"] == [f'{{__name__="y",host="{i}"}}' for i in (1, 2, 3)]


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=422),
        b"cannot parse",
        b'{"status":"error","error":"timeout"}',
        counts(200, 200, isPartial=True),
        b"[]",
        counts(5, 5, more=True).replace(b'"5"', b'"many"'),
    ],
)
def test_counts_that_cannot_be_had_are_replaced_by_reading(
    scene: Scene, answer: Response | bytes
) -> None:
    block, lines = hosts(2)
    scene.counts, scene.last = [answer], b"\n".join(lines)
    assert scene.verify(block, count_only=True).verification.ok
    assert scene.events == ["flush", "count", "look"]


def test_short_series_are_read_at_once(scene: Scene) -> None:
    block = block_of((Y, [0, 1], [1, 2]))
    scene.last = export_line(Y, [0, 1], "1,2")
    assert scene.verify(block, count_only=True).verification.ok
    assert scene.events == ["flush", "look"]


def test_many_series_are_counted_by_the_labels_that_they_share(scene: Scene) -> None:
    block, _ = hosts(300)
    scene.counts = [counts(*[200] * 300)]
    assert scene.verify(block, count_only=True).verification.ok
    (form,) = scene.counted
    assert form["query"][0].startswith('limitk(700,union(count_over_time({__name__="y"}[201ms])')


def cut_counts(n_ours: int, length: int) -> bytes:
    """Return an answer with as many series as were asked for, most of them of others."""
    value = [1767225600.2, str(length)]
    found = [{"metric": {"__name__": "y", "host": str(i)}, "value": value} for i in range(n_ours)]
    others = [{"metric": {"other": str(i)}, "value": value} for i in range(700 - n_ours)]
    return orjson.dumps({"data": {"result": found + others}})


@pytest.mark.parametrize("n_ours", [0, 5])
def test_shared_labels_that_match_too_much_else_are_not_used_again(
    scene: Scene, n_ours: int
) -> None:
    block, lines = hosts(300)
    scene.counts = [cut_counts(n_ours, 200), *[counts(*[200] * 300)] * 9]
    scene.last = b"\n".join(lines)
    assert scene.verify(block, block, count_only=True).verification.ok
    assert scene.events[:3] == ["flush", "count", "look"]
    assert len(scene.counted) > 2
    assert all(len(form["query"][0].encode()) < 16_384 for form in scene.counted)
    exact = [re.findall('host="([0-9]+)"', form["query"][0]) for form in scene.counted[1:]]
    assert [host for form in exact for host in form] == [str(i) for i in range(300)]


def test_series_that_are_not_long_enough_to_be_counted_one_by_one_are_read(scene: Scene) -> None:
    block, lines = hosts(300, length=50)
    scene.counts, scene.last = [cut_counts(5, 50)], b"\n".join(lines)
    assert scene.verify(block, block, count_only=True).verification.ok
    assert scene.events == ["flush", "count", "look", "look"]


def test_what_is_too_much_at_once_is_read_in_smaller_pieces(scene: Scene) -> None:
    block, lines = hosts(8)
    scene.refuses = lambda form: len(form["match[]"]) > 2
    scene.last = b"\n".join(lines)  # a selector may also match series of other pieces
    found = scene.verify(block, block).verification
    assert (found.ok, found.copies) == (True, 0)
    asked = [[s[-3:-2] for s in form["match[]"]] for form in scene.asked]
    halves = [["0", "1"], ["2", "3"], ["4", "5"], ["6", "7"]]
    assert asked[:3] == [list("01234567"), list("0123"), ["0", "1"]]
    assert asked[-4:] == halves  # the second block starts with what was good for the first
    assert "1" not in scene.events  # it does not wait for that to pass


def test_a_series_that_is_too_long_is_read_span_by_span(scene: Scene) -> None:
    block, lines = hosts(1)
    scene.refuses = lambda form: float(form["end"][0]) - float(form["start"][0]) > 0.06
    scene.last = lines[0]
    assert scene.verify(block).verification.ok
    spans = [
        (round(float(f["start"][0]) * 1000) - T, round(float(f["end"][0]) * 1000) - T)
        for f in scene.asked
        if not scene.refuses(f)
    ]
    assert spans[0][0] == 0
    assert spans[-1][1] == 200
    assert all(end == start for (_, end), (start, _) in pairwise(spans))


def test_what_is_too_much_however_small_is_an_error(scene: Scene) -> None:
    scene.refuses = lambda _: True
    with pytest.raises(ServerRejected, match="answered 422"):
        scene.verify(hosts(4)[0])
    assert len(scene.asked) < 30


def test_an_answer_that_breaks_off_twice_is_asked_for_in_pieces(scene: Scene) -> None:
    block, lines = hosts(2)
    broken = lines[0] + b"\nremoteAddr: cannot process more than 50000 samples per series"
    scene.answers, scene.last = [broken, broken], b"\n".join(lines)
    assert scene.verify(block).verification.ok
    assert [len(form["match[]"]) for form in scene.asked] == [2, 2, 1, 1]


def test_foreign_samples_come_in_lines_of_bounded_length(scene: Scene) -> None:
    block, lines = hosts(1)
    scene.last = lines[0]
    scene.verify(block)
    assert scene.asked[0]["max_rows_per_line"] == ["262144"]


def test_samples_that_are_left_out_as_configured_are_not_waited_for(scene: Scene) -> None:
    block = block_of((Y, [100, 900, 1500], [1, 2, 3]))
    scene.last = export_line(Y, [900, 1500], "2,3")
    every_second = KeepOneRule(((2**62, 1000),))
    findings = scene.verify(block, deduplication=every_second)
    assert findings.verification == Verification(expected=3, found=2, deduplicated=1)
    assert findings.intact == findings.verification
    assert scene.events == ["flush", "look"]
    assert scene.asked[0]["end"] == ["1767225602.001"]


def test_as_long_as_samples_are_queued_they_are_waited_for_a_minute(scene: Scene) -> None:
    block, _ = hosts(1)
    queue = iter([True] * 3 + [False] * 9)
    assert scene.verify(block, is_queued=lambda: next(queue)).verification.missing == 200
    assert 30 <= scene.now - 100 <= 45
    scene.now = 100
    assert scene.verify(block, is_queued=lambda: True).verification.missing == 200
    assert 60 <= scene.now - 100 <= 70


def test_it_is_told_whether_what_is_missing_may_be_queued(scene: Scene) -> None:
    block, lines = hosts(1)
    assert scene.verify(block, is_queued=lambda: True).is_queued
    assert not scene.verify(block, is_queued=lambda: False).is_queued
    scene.last = lines[0]
    assert not scene.verify(block, is_queued=lambda: True).is_queued


def test_what_is_missing_is_looked_up_anew(scene: Scene) -> None:
    block, lines = hosts(3)
    scene.last = b"\n".join([lines[0], export_line({"__name__": "y", "host": "1"}, [0, 1], "1,1")])
    findings = scene.verify(block_of((Y, [0], [1])), block)
    assert findings.incomplete == {0: [0], 1: [1, 2]}
    assert findings.intact == Verification(expected=200, found=200)
    scene.last = b"\n".join(lines[:2])  # it came in the meantime
    read_back = scene.reader()
    missing = list(missing_blocks([block_of((Y, [0], [1])), block], read_back, {1: [1, 2]}))
    scene.client.close()
    assert [(m.n_series, m.n_samples) for m in missing] == [(1, 200)]
    assert missing[0].label_sets == [block.label_sets[2]]
