from __future__ import annotations

import socket

import orjson
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.blocks import T, block_of, export_line
from tests.support.read_back_scene import Scene
from vm_df_writer.errors import ServerRejected, ServerUnavailable
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification
from vm_df_writer.verification.findings import VerificationResult
from vm_df_writer.verification.series_diff import SeriesDiff

Y = {"__name__": "y", "host": "a"}


def test_findings_name_counts_the_worst_series_and_what_to_do() -> None:
    worst = tuple(SeriesDiff(b'{"__name__":"%d"}' % i, 9, i, 0, T) for i in range(5, 0, -1))
    findings = VerificationResult(
        verification=Verification(expected=1000, found=985, missing=15), short_series=5, worst=worst
    )
    assert findings.describe() == (
        "verify: 15 of 1,000 samples, in 5 series, were not read back as they were sent "
        "(15 missing, 0 with another value): "
        '{"__name__":"5"} lacks 5 of 9, from 2026-01-01 00:00:00 UTC; '
        '{"__name__":"4"} lacks 4 of 9, from 2026-01-01 00:00:00 UTC; '
        '{"__name__":"3"} lacks 3 of 9, from 2026-01-01 00:00:00 UTC; and 2 more series; '
        "look for the reason in the server's log (retention, label limits, deduplication on a "
        "vmstorage alone, a crash), then write these series again"
    )


@pytest.fixture
def scene(httpserver: HTTPServer) -> Scene:
    return Scene(httpserver)


BLOCK = block_of((Y, [0, 1], [1, 2]), ({"__name__": "z"}, [5], [3]))
LINES = [export_line(Y, [0, 1], "1,2"), export_line({"__name__": "z"}, [5], "3")]
WHOLE = b"\n".join(LINES)


def test_the_server_is_flushed_before_the_first_look(scene: Scene) -> None:
    scene.last = WHOLE
    findings = scene.verify(BLOCK, BLOCK)
    assert scene.events == ["flush", "look", "look"]
    assert findings == VerificationResult(
        verification=Verification(expected=6, found=6), short_series=0, worst=()
    )


def test_without_a_flush_the_first_look_waits(scene: Scene) -> None:
    scene.flush_status, scene.last = 401, WHOLE
    assert scene.verify(BLOCK, BLOCK).verification.ok
    assert scene.events == ["flush", "5", "look", "look"]


@pytest.mark.parametrize(("ago_s", "waits"), [(2, ["3"]), (7, ["0"])])
def test_the_wait_is_counted_from_the_last_acknowledgement(
    scene: Scene, ago_s: float, waits: list[str]
) -> None:
    scene.flush_status, scene.last = 401, WHOLE
    scene.verify(BLOCK, acknowledged_at=scene.now - ago_s)
    assert scene.events == ["flush", *waits, "look"]


def test_nothing_to_verify_asks_nothing(scene: Scene) -> None:
    assert scene.verify(SeriesBlock.of_nothing({"nan": 3})).verification == Verification()
    assert scene.events == []


def test_the_range_asked_for_holds_first_and_last_sample(scene: Scene) -> None:
    scene.last = WHOLE
    scene.verify(BLOCK)
    (form,) = scene.asked
    assert form["match[]"] == ['{__name__="y",host="a"}', '{__name__="z"}']
    assert form["start"] == ["1767225600.000"]
    assert form["end"] == ["1767225600.006"]


def test_only_series_that_fell_short_are_looked_at_again(scene: Scene) -> None:
    scene.answers = [LINES[0] + b"\n", LINES[1]]
    assert scene.verify(BLOCK).verification.ok
    assert scene.events == ["flush", "look", "0.25", "flush", "look"]
    assert scene.asked[1]["match[]"] == ['{__name__="z"}']


def test_a_shortfall_is_a_loss_only_after_fifteen_seconds(scene: Scene) -> None:
    scene.last = LINES[1]
    findings = scene.verify(BLOCK)
    assert findings.verification == Verification(expected=3, found=1, missing=2)
    assert findings.worst == (SeriesDiff(orjson.dumps(Y), 2, 2, 0, T),)
    pauses = [float(event) for event in scene.events if event[0].isdigit()]
    assert 15 <= sum(pauses) <= 25
    assert pauses == sorted(pauses)
    assert scene.events.count("flush") == len(pauses) + 1


def test_patience_is_not_spent_anew_on_every_block(scene: Scene) -> None:
    findings = scene.verify(BLOCK, BLOCK, BLOCK)
    assert findings.verification == Verification(expected=9, missing=9)
    assert scene.now - 100 <= 25
    assert scene.events[-3:] == ["0.25", "flush", "look"]


def test_a_series_that_several_blocks_hold_is_counted_once(scene: Scene) -> None:
    findings = scene.verify(block_of((Y, [0, 1], [1, 2])), block_of((Y, [2, 3, 4], [1, 2, 3])))
    assert findings.short_series == 1
    assert findings.worst == (SeriesDiff(orjson.dumps(Y), 5, 5, 0, T),)


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=503),
        Response(LINES[0] + b"\nerror: cannot fetch data"),
        Response(WHOLE[:-5]),
    ],
    ids=["503", "error in a 200", "cut line"],
)
def test_a_failing_read_is_tried_again(scene: Scene, answer: Response) -> None:
    scene.answers, scene.last = [answer], WHOLE
    assert scene.verify(BLOCK).verification.ok
    assert scene.events == ["flush", "look", "1", "look"]


def test_a_read_that_keeps_failing_is_an_error_and_no_loss(scene: Scene) -> None:
    scene.last = b"error: cannot fetch data"
    with pytest.raises(
        ServerRejected, match=r"/api/v1/export: expected lines .* got 'error: cannot fetch data'"
    ):
        scene.verify(BLOCK)
    assert 10 <= scene.now - 100 <= 15


def test_a_refused_read_is_an_error_at_once(scene: Scene) -> None:
    scene.answers = [Response(status=401)]
    with pytest.raises(ServerRejected, match="401"):
        scene.verify(BLOCK)
    assert scene.events == ["flush", "look"]


def test_a_server_that_is_gone_is_an_error(scene: Scene) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        scene.connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ServerUnavailable, match="/api/v1/export"):
            scene.verify(BLOCK)
    assert scene.now - 100 <= 20


def many(n: int) -> tuple[SeriesBlock, bytes]:
    """Return a block of very many short series, and what the server has of it."""
    series = [({"__name__": "y", "for": "cpu", "host": str(i)}, [i % 7], [i]) for i in range(n)]
    return block_of(*series), b"\n".join(export_line(s[0], s[1], str(s[2][0])) for s in series)


def test_many_short_series_are_read_by_the_labels_that_they_share(scene: Scene) -> None:
    block, scene.last = many(1200)
    assert scene.verify(block).verification == Verification(expected=1200, found=1200)
    assert [form["match[]"] for form in scene.asked] == [['{__name__="y",for="cpu"}']]


def test_shared_labels_are_given_up_where_they_match_too_much_else(scene: Scene) -> None:
    block, whole = many(1200)
    foreign = export_line({"__name__": "y", "for": "cpu", "other": "x" * 100_000}, [0], "1")
    scene.answers, scene.last = [b"\n".join([foreign] * 10 + [whole])], whole
    assert scene.verify(block, block).verification == Verification(expected=2400, found=2400)
    assert [len(form["match[]"]) for form in scene.asked] == [1, 500, 500, 200, 500, 500, 200]


def test_what_one_large_answer_cannot_give_small_ones_do(scene: Scene) -> None:
    block, whole = many(600)
    scene.answers, scene.last = [Response(status=503)], whole
    assert scene.verify(block).verification.ok
    assert [len(form["match[]"]) for form in scene.asked] == [1, 500, 100]


def test_long_label_sets_are_asked_for_in_small_requests(scene: Scene) -> None:
    labels = [{"__name__": "y", "long": "x" * 200_000, "host": str(i)} for i in range(4)]
    block = block_of(*((each, [0], [1]) for each in labels))
    scene.last = b"\n".join(export_line(each, [0], "1") for each in labels)
    assert scene.verify(block).verification.ok
    assert [len(form["match[]"]) for form in scene.asked] == [2, 2]


HELD_TWICE = b"\n".join(
    [export_line(Y, [0, 0, 1, 1], "1,1,2,7"), export_line({"__name__": "z"}, [5], "3")]
)


def test_what_the_server_holds_besides_is_counted_in_one_look(scene: Scene) -> None:
    scene.last = HELD_TWICE
    findings = scene.verify(BLOCK)
    assert scene.events == ["flush", "look"]
    assert findings.verification == Verification(expected=3, found=3, copies=1, conflicting=1)
    assert findings.worst == (SeriesDiff(orjson.dumps(Y), 2, 0, 0, T + 1, conflicting=1),)
    assert (findings.short_series, findings.incomplete) == (1, {})


def test_who_appends_accepts_other_values_beside_what_was_sent(scene: Scene) -> None:
    scene.last = HELD_TWICE
    findings = scene.verify(BLOCK, accept_conflicting=True)
    assert findings.verification == Verification(
        expected=3, found=3, copies=1, conflicting=1, accepted=1
    )
    assert findings.verification.ok
    assert (findings.short_series, findings.worst) == (0, ())


def test_a_series_that_is_looked_at_again_is_counted_as_it_is_then(scene: Scene) -> None:
    scene.answers = [export_line(Y, [0, 0], "1,1")]
    scene.last = b"\n".join([export_line(Y, [0, 0, 0, 1], "1,1,1,2"), LINES[1]])
    findings = scene.verify(BLOCK)
    assert findings.verification == Verification(expected=3, found=3, copies=2)
    assert findings.intact == findings.verification
