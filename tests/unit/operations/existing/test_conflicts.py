"""What is appended, and what is replaced, by what the server has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer

from tests.support.blocks import T, block_of, export_line
from tests.support.read_back_scene import Scene
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.operations.existing.conflicts import Conflicts, look_up_conflicts

A, B, C = ({"__name__": name} for name in "abc")
FIRST = block_of((A, [0, 1], [1, 2]), (B, [0, 1], [3, 4]))
SECOND = block_of((B, [2, 3], [5, 6]), (C, [0], [7]))


@pytest.fixture
def scene(httpserver: HTTPServer) -> Iterator[Scene]:
    scene = Scene(httpserver)
    yield scene
    scene.client.close()


def look_up(scene: Scene, *blocks: SeriesBlock) -> Conflicts:
    return look_up_conflicts(lambda: iter(blocks), scene.reader())


def samples(block: SeriesBlock) -> list[tuple[bytes, list[int], list[float]]]:
    return [(labels, (times - T).tolist(), values.tolist()) for labels, times, values in block]


def test_a_series_with_another_value_is_replaced_as_a_whole_and_the_others_get_what_they_lack(
    scene: Scene,
) -> None:
    scene.answers = [
        export_line(A, [0], "1") + b"\n" + export_line(B, [0, 1], "3,4"),
        export_line(B, [2], "99"),
    ]
    conflicts = look_up(scene, FIRST, SECOND)
    lacking = list(conflicts.lacking([FIRST, SECOND]))
    assert [samples(block) for block in lacking] == [
        [(b'{"__name__":"a"}', [1], [2.0])],
        [(b'{"__name__":"c"}', [0], [7.0])],
    ]
    assert [dict(block.dropped) for block in lacking] == [{"exists": 1}, {}]
    (group,) = conflicts.groups([FIRST, SECOND])
    assert samples(group) == [(b'{"__name__":"b"}', [0, 1, 2, 3], [3.0, 4.0, 5.0, 6.0])]


def test_copies_are_a_conflict_and_samples_at_other_times_are_none(scene: Scene) -> None:
    scene.last = export_line(A, [0, 0, 1], "1,1,2") + b"\n" + export_line(B, [0, 1, 9], "3,4,5")
    conflicts = look_up(scene, FIRST)
    assert dict(conflicts.last_block) == {b'{"__name__":"a"}': 0}
    (lacking,) = conflicts.lacking([FIRST])
    assert (lacking.n_series, dict(lacking.dropped)) == (0, {"exists": 2})


def test_without_conflicts_the_blocks_are_walked_once_and_there_is_no_group(scene: Scene) -> None:
    walks = []

    def blocks() -> Iterator[SeriesBlock]:
        walks.append(1)
        yield FIRST

    conflicts = look_up_conflicts(blocks, scene.reader())
    assert (len(walks), list(conflicts.groups([FIRST]))) == (1, [])
    assert list(conflicts.lacking([FIRST])) == [FIRST]
