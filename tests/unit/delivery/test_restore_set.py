"""Sets of spooled files: whole or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.blocks import T, block_of
from vm_df_writer.delivery.restore_set import keep_restore_set, restore_sets_of
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.wire.packing import Body, pack_bodies

A, B = {"__name__": "a"}, {"__name__": "b"}
BLOCK = block_of((A, [0, 1], [1, float("inf")]), (B, [0, 1], [3, 4]))


def bodies(n: int = 3) -> Iterator[Body]:
    """Yield the same samples n times, moved by ten each time."""
    for number in range(n):
        block = block_of((A, [10 * number], [number]), (B, [10 * number + 1], [number]))
        yield from pack_bodies([block], max_bytes=2**20, max_series=100)


def test_a_set_comes_back_as_one_block_and_its_last_file_marks_its_end(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    keep_restore_set(spool, bodies(), tenant=None, reason="test")
    assert [file.is_restore for file in spool.files()] == [True] * 3
    (found,) = restore_sets_of(spool.files())
    assert found.is_whole
    assert [(labels, (times - T).tolist()) for labels, times, _ in found.read()] == [
        (b'{"__name__":"a"}', [0, 10, 20]),
        (b'{"__name__":"b"}', [1, 11, 21]),
    ]
    found.files[-1].remove()
    (rest,) = restore_sets_of(spool.files())
    assert not rest.is_whole
    rest.remove()
    assert spool.files() == []


def test_sets_are_told_apart_whatever_lies_between_their_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for n in (2, 1):
        keep_restore_set(spool, bodies(n), tenant=None, reason="test")
    (body,) = bodies(1)
    spool.keep(body, tenant=None, reason="no answer")
    assert [len(each.files) for each in restore_sets_of(reversed(spool.files()))] == [1, 2]


def test_nothing_stays_of_a_set_that_could_not_be_written(tmp_path: Path) -> None:
    def failing() -> Iterator[Body]:
        yield from bodies(2)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        keep_restore_set(Spool(tmp_path), failing(), tenant=None, reason="test")
    assert Spool(tmp_path).files() == []


def test_infinities_survive_the_files(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    block = BLOCK
    infinite = type(block)(
        block.label_sets, block.offsets, block.timestamps_ms, block.values, has_infinities=True
    )
    packed = pack_bodies([infinite], max_bytes=2**20, max_series=9)
    kept = keep_restore_set(spool, packed, tenant=None, reason="test")
    assert kept.read().values.tolist() == [[1, float("inf"), 3, 4]]
