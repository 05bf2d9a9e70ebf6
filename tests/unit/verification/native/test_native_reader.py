"""What is asked for as it is stored, and when that is given up."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.blocks import T, block_of, block_of_rows, export_line
from tests.support.native_answers import native_answer, stored_block
from tests.support.read_back_scene import Scene
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.verification import Verification

N = 600
DENSE = block_of_rows(np.ones((3, N)))
TIMES = list(range(N))


def stored(s: int, value: int = 1) -> bytes:
    return stored_block(
        {"__name__": f"s{s}"}, [T + time for time in TIMES], [value] * N, kinds=(2, 3)
    )


def exported(*series: int) -> bytes:
    lines = [export_line({"__name__": f"s{s}"}, TIMES, ",".join("1" * N)) for s in series]
    return b"\n".join(lines)


class NativeScene(Scene):
    """The same, with answers of ``/api/v1/export/native``."""

    def __init__(self, httpserver: HTTPServer) -> None:
        super().__init__(httpserver)
        self.native: list[Response | bytes] = []
        self.native_asked: list[dict[str, list[str]]] = []
        httpserver.expect_request("/api/v1/export/native").respond_with_handler(self._native)

    def _native(self, request: Request) -> Response:
        self.events.append("native")
        self.native_asked.append(request.form.to_dict(flat=False))
        answer = self.native.pop(0)
        return answer if isinstance(answer, Response) else Response(answer)

    def verified(self, *blocks: SeriesBlock) -> Verification:
        return self.verify(*blocks, shows_all_stored=True).verification


@pytest.fixture
def scene(httpserver: HTTPServer) -> NativeScene:
    return NativeScene(httpserver)


def test_what_is_stored_as_it_was_sent_is_not_exported(scene: NativeScene) -> None:
    scene.native = [native_answer(map(stored, range(3)))]
    assert scene.verified(DENSE) == Verification(expected=3 * N, found=3 * N)
    assert scene.events == ["flush", "native"]
    assert scene.native_asked == [
        {
            "match[]": [f'{{__name__="s{s}"}}' for s in range(3)],
            "start": ["1767225600.000"],
            "end": ["1767225600.600"],
        }
    ]


def test_the_export_looks_at_the_series_that_are_not_intact(scene: NativeScene) -> None:
    scene.native = [native_answer([stored(0), stored(1, value=2), stored(2)])]
    scene.last = exported(1)
    assert scene.verified(DENSE).ok
    assert scene.events == ["flush", "native", "look"]
    assert scene.asked[0]["match[]"] == ['{__name__="s1"}']


def test_other_blocks_are_asked_for_as_they_are_stored_too(scene: NativeScene) -> None:
    scene.native = [native_answer([stored(0), stored(2)]), native_answer(map(stored, range(3)))]
    scene.last = exported(1)
    assert scene.verified(DENSE, DENSE).ok
    assert scene.events == ["flush", "native", "look", "native"]


@pytest.mark.parametrize(
    "answer",
    [
        Response(status=404),
        Response(status=502),
        b"",
        native_answer(map(stored, range(3)))[:-1],
        native_answer([*map(stored, range(3)), b"cannot fetch data: timeout exceeded"]),
        native_answer([stored(s, value=2) for s in range(3)]),
        native_answer([]),
        Response(native_answer(map(stored, range(3))), headers={"Content-Encoding": "br"}),
    ],
    ids=["404", "502", "empty", "cut", "error text", "all other", "nothing", "encoded"],
)
def test_where_that_is_of_no_use_all_is_exported_from_then_on(
    scene: NativeScene, answer: Response | bytes
) -> None:
    scene.native, scene.last = [answer], exported(0, 1, 2)
    assert scene.verified(DENSE, DENSE) == Verification(expected=6 * N, found=6 * N)
    assert scene.events == ["flush", "native", "look", "look"]


def test_an_answer_that_breaks_off_says_nothing_of_any_series(scene: NativeScene) -> None:
    twice = native_answer([stored(0), stored(1), stored(2), stored(0)])
    scene.native, scene.last = [twice[:-1]], exported(0, 0, 1, 2)
    verification = scene.verified(DENSE)
    assert verification == Verification(expected=3 * N, found=3 * N, copies=N)


def test_series_of_few_samples_are_exported_at_once(scene: NativeScene) -> None:
    labels = {"__name__": "y"}
    scene.last = export_line(labels, range(10), ",".join("1" * 10))
    assert scene.verified(block_of((labels, range(10), [1.0] * 10))).ok
    assert scene.events == ["flush", "look"]


@pytest.mark.parametrize("how", [{}, {"reads_by": "query", "shows_all_stored": True}])
def test_a_server_that_may_show_less_than_it_stores_is_not_asked(
    scene: NativeScene, how: dict[str, object]
) -> None:
    reader = scene.reader(**how)
    assert not reader._strategy.reads_native(DENSE)


def test_what_is_counted_is_not_asked_for(scene: NativeScene) -> None:
    scene.counts, scene.last = [Response(status=422)], exported(0, 1, 2)
    assert scene.verify(DENSE, shows_all_stored=True, count_only=True).verification.ok
    assert scene.events == ["flush", "count", "look"]
