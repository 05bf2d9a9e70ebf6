from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.support.blocks import T, block_of_rows
from tests.support.import_lines import parse_lines
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.packing import Body, pack_bodies

NO_LIMIT = 10**9


def label_set(name: object) -> bytes:
    return f'{{"__name__":"{name}"}}'.encode()


def block_of(*names: str, n_samples: int = 1, first: int = 0) -> SeriesBlock:
    times_ms = np.arange(T + first, T + first + n_samples)
    values = np.arange(len(names) * n_samples, dtype=float).reshape(len(names), n_samples)
    return block_of_rows(values, times_ms, label_sets=[label_set(n) for n in names])


def pack(*blocks: SeriesBlock, max_bytes: int = NO_LIMIT, max_series: int = NO_LIMIT) -> list[Body]:
    bodies = list(pack_bodies(blocks, max_bytes=max_bytes, max_series=max_series))
    for body in bodies:
        assert body.data.endswith(b"\n")
        lines = body.data.splitlines()
        assert len(lines) == len(body.counts.label_sets)
        stored = parse_lines(body.data)
        assert body.n_series == len(stored) <= max_series
        assert body.n_samples == sum(map(len, stored.values()))
        assert len(body.data) <= max_bytes or len(lines) == 1
    return bodies


def names_in(body: Body) -> list[str]:
    return [labels.decode().split('"')[3] for labels in body.counts.label_sets]


def test_blocks_share_a_body_while_they_fit() -> None:
    (body,) = pack(block_of("a", "b"), block_of("c", n_samples=3))
    assert names_in(body) == ["a", "b", "c"]
    assert (body.n_series, body.n_samples) == (3, 5)
    assert body.counts.samples.tolist() == [1, 1, 3]
    assert body.counts.first_ms.tolist() == [T] * 3
    assert body.counts.last_ms.tolist() == [T, T, T + 2]


def test_no_blocks_are_no_bodies() -> None:
    assert pack() == []
    assert pack(SeriesBlock.of_nothing({"nan": 1})) == []


def test_empty_blocks_among_others_change_nothing() -> None:
    nothing = SeriesBlock.of_nothing({"nan": 1})
    (body,) = pack(nothing, block_of("a"), nothing, block_of("b"), nothing)
    assert names_in(body) == ["a", "b"]


@pytest.mark.parametrize(
    ("max_series", "expected"),
    [
        (1, ["a", "b", "c", "d", "e"]),
        (2, ["ab", "cd", "e"]),
        (3, ["abc", "de"]),
        (4, ["abcd", "e"]),
        (5, ["abcde"]),
        (6, ["abcde"]),
    ],
)
def test_bodies_are_bounded_by_series_across_blocks(max_series: int, expected: list[str]) -> None:
    bodies = pack(block_of("a", "b", "c"), block_of("d"), block_of("e"), max_series=max_series)
    assert ["".join(names_in(body)) for body in bodies] == expected


def test_lines_of_one_series_count_once() -> None:
    long = block_of("a", "b", n_samples=25_000)
    assert [names_in(body) for body in pack(long, max_series=1)] == [["a"] * 3, ["b"] * 3]
    (body,) = pack(long, max_series=2)
    assert names_in(body) == ["a"] * 3 + ["b"] * 3


def test_a_series_that_comes_in_several_blocks_counts_once() -> None:
    labels = [label_set("a")]  # blocks share the object, which is what the packer looks at
    parts = [block_of_rows([[1, 1]], [T + i, T + i + 1], label_sets=labels) for i in (0, 10, 20)]
    (body,) = pack(*parts, block_of("b"), max_series=2)
    assert names_in(body) == ["a", "a", "a", "b"]
    assert [names_in(body) for body in pack(*parts, block_of("b"), max_series=1)] == [
        ["a"] * 3,
        ["b"],
    ]


def test_a_series_goes_on_in_the_next_block_after_others() -> None:
    a, b = label_set("a"), label_set("b")
    first = block_of_rows([[1], [2]], [T], label_sets=[a, b])
    second = block_of_rows([[3]], [T + 1], label_sets=[b])
    (body,) = pack(first, second, max_series=2)
    assert names_in(body) == ["a", "b", "b"]


@pytest.mark.parametrize("max_bytes", [1, 80, 160, 161, 200, 500, 5000, 100_000])
@pytest.mark.parametrize("n_samples", [1, 3, 20])
def test_bodies_are_bounded_by_bytes_and_hold_every_line_in_order(
    max_bytes: int, n_samples: int
) -> None:
    blocks = [block_of(*(f"{i}_{j}" for j in range(5)), n_samples=n_samples) for i in range(8)]
    whole = b"".join(body.data for body in pack(*blocks))
    bodies = pack(*blocks, max_bytes=max_bytes)
    assert parse_lines(b"".join(body.data for body in bodies)) == parse_lines(whole)
    if max_bytes >= 5000:  # then no line is cut shorter, and a body that has room is filled
        assert b"".join(body.data for body in bodies) == whole
        for body, after in pairwise(bodies):
            next_line = after.data.splitlines(keepends=True)[0]
            assert len(body.data) + len(next_line) > max_bytes


def test_a_line_that_is_larger_than_a_body_goes_alone() -> None:
    huge = block_of("x" * 1000, "b")
    bodies = pack(block_of("a"), huge, block_of("c"), max_bytes=200)
    assert [names_in(body) for body in bodies] == [["a"], ["x" * 1000], ["b", "c"]]


def test_a_long_series_is_cut_to_fit_a_body() -> None:
    bodies = pack(block_of("a", n_samples=10_000), max_bytes=65_536)
    assert len(bodies) > 1
    (samples,) = parse_lines(b"".join(body.data for body in bodies)).values()
    assert samples == [(T + i, float(i)) for i in range(10_000)]


def test_blocks_are_pulled_only_as_bodies_are() -> None:
    pulled: list[int] = []

    def blocks() -> Any:
        for i in range(10):
            pulled.append(i)
            yield block_of(f"s{i}")

    bodies = pack_bodies(blocks(), max_bytes=NO_LIMIT, max_series=2)
    assert pulled == []
    next(bodies)
    assert len(pulled) <= 3


def test_bodies_are_the_same_bytes_every_time() -> None:
    blocks = [block_of("a", "b", n_samples=20), block_of("c", n_samples=12_000)]
    once = [body.data for body in pack(*blocks, max_bytes=70_000)]
    assert [body.data for body in pack(*blocks, max_bytes=70_000)] == once
    assert all(type(data) is bytes for data in once)
