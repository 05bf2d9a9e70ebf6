"""Samples that the server has at the times of those that are to be written."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pytest_httpserver import HTTPServer

from tests.support.blocks import T, block_of, block_of_rows, export_line
from tests.support.read_back_scene import Scene
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.verification.existing_samples import find_existing, look_up_existing

A, B = {"__name__": "s0"}, {"__name__": "s1"}
FOUND = '{"__name__":"s0"} at 2026-01-01 00:00:00.001 UTC'
WIDE = block_of_rows(np.arange(6.0).reshape(2, 3), dropped={"nan": 1})


@pytest.fixture
def scene(httpserver: HTTPServer) -> Iterator[Scene]:
    scene = Scene(httpserver)
    yield scene
    scene.client.close()


def rest_of(scene: Scene, *blocks: SeriesBlock) -> list[SeriesBlock]:
    return list(look_up_existing(blocks, scene.reader()).left_out(blocks))


def test_a_sample_exists_whatever_its_value_and_is_left_out_of_its_series_alone(
    scene: Scene,
) -> None:
    scene.last = export_line(A, [1, 7], "99,1") + b"\n" + export_line(B, [0, 1, 2], "3,4,5")
    (rest,) = rest_of(scene, WIDE)
    assert [(labels, times.tolist()) for labels, times, _ in rest] == [
        (b'{"__name__":"s0"}', [T, T + 2])
    ]
    assert rest.dropped == {"nan": 1, "exists": 4}
    assert find_existing([WIDE], scene.reader()) == FOUND


def test_rows_that_lack_the_same_times_still_share_them(scene: Scene) -> None:
    scene.last = export_line(A, [1], "1") + b"\n" + export_line(B, [1], "1")
    (rest,) = rest_of(scene, WIDE)
    assert rest.timestamps_ms.tolist() == [T, T + 2]
    assert rest.values.tolist() == [[0, 2], [3, 5]]


def test_where_nothing_exists_the_block_stays_itself_and_where_all_does_it_only_counts(
    scene: Scene,
) -> None:
    scene.answers = [b"", export_line(A, [0, 1], "1,1")]
    new, old = block_of((B, [0], [1])), block_of((A, [0, 1], [1, 2]))
    first, second = rest_of(scene, new, old)
    assert first is new
    assert (second.n_series, second.n_samples, second.dropped) == (0, 0, {"exists": 2})


def test_a_look_flushes_and_waits_until_an_old_server_shows_all_that_it_took(
    scene: Scene,
) -> None:
    assert find_existing([WIDE, WIDE], scene.reader()) is None
    assert scene.events == ["flush", "0.5", "look", "look"]


def test_a_look_waits_longer_where_the_server_does_not_let_us_flush(scene: Scene) -> None:
    scene.flush_status = 400
    assert find_existing([WIDE], scene.reader()) is None
    assert scene.events == ["flush", "5", "look"]
