from __future__ import annotations

import pytest

from tests.support.codecs import needs_zstd
from tests.support.native_answers import native_answer, sized, stored_block, stored_name
from vm_df_writer.wire.native_export.answer import (
    NativeBlock,
    name_key,
    name_of_labels,
    read_blocks,
)
from vm_df_writer.wire.native_export.numbers import floats_of, read_integers

pytestmark = needs_zstd

A = {"__name__": "y", "host": "a"}
B = {"__name__": "y", "host": "b", "": "odd"}
TIMES = [1767225600000, 1767225615000, 1767225630500]


def shown(blocks: list[NativeBlock]) -> list[tuple[bytes, list[int], list[float]]]:
    return [
        (
            name,
            read_integers([times]).tolist(),
            floats_of(read_integers([mantissas]), [mantissas.n], [exponent]).tolist(),
        )
        for name, times, mantissas, exponent in blocks
    ]


def stored(*, has_last: bool = True) -> list[bytes]:
    return [
        stored_block(A, TIMES, [10, -25, 3], -1, has_last=has_last),
        stored_block(B, TIMES[:2], [7, 9], 2, kinds=(2, 4), has_last=has_last),
        stored_block(A, [5], [0], kinds=(3, 3), has_last=has_last),
    ]


EXPECTED = [
    (stored_name(A), TIMES, [1.0, -2.5, 0.3]),
    (stored_name(B), TIMES[:2], [700.0, 900.0]),
    (stored_name(A), [5], [0.0]),
]


@pytest.mark.parametrize("has_last", [True, False], ids=["since 1.82", "before 1.82"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 40, 10_000])
def test_blocks_come_out_wherever_the_answer_is_cut_into_chunks(
    size: int,
    has_last: bool,
) -> None:
    data = native_answer(stored(has_last=has_last))
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert shown(list(read_blocks(chunks))) == EXPECTED


def test_an_answer_without_blocks_has_a_time_range_alone() -> None:
    assert list(read_blocks([native_answer([])])) == []


def test_an_answer_that_ends_within_a_block_is_refused() -> None:
    blocks = stored()
    data = native_answer(blocks)
    between = {len(native_answer(blocks[:n])) for n in range(len(blocks))}
    for end in set(range(len(data))) - between:
        with pytest.raises(ValueError, match="cut off"):
            list(read_blocks([data[:end]]))


@pytest.mark.parametrize(
    "text",
    [
        b"remoteAddr: error: cannot fetch data: timeout exceeded while reading blocks" * 3,
        b'{"status":"error","errorType":"503","error":"cannot do it"}' * 3,
        bytes(16) + sized(b"name") + sized(b"\xff" * 40),
        bytes(16) + sized(b"name") + sized(b""),
        bytes(16) + b"\xff\xff\xff\xff",
    ],
)
def test_what_is_no_such_answer_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"expected|cut off"):
        list(read_blocks([text]))


def test_a_block_of_another_size_than_it_says_is_refused() -> None:
    block = stored_block(A, TIMES, [10, -25, 3], -1)
    name, body = sized(stored_name(A)), block[len(sized(stored_name(A))) + 4 :]
    for wrong in (body[:-1], body + b"\0"):
        with pytest.raises(ValueError, match="expected"):
            list(read_blocks([native_answer([name + sized(wrong)])]))


def test_a_block_of_more_samples_than_a_server_stores_is_refused() -> None:
    block = stored_block(A, [1] * 20_000, [1] * 20_000, kinds=(3, 3))
    with pytest.raises(ValueError, match="expected a block, got 20,000 samples"):
        list(read_blocks([native_answer([*stored(), block])]))


ODD = ["", "a\x00b", "\x01", "\x02\x01\x00", "0", "é", "日本", "a b", '"']


@pytest.mark.parametrize("odd", ODD)
def test_a_name_is_the_bytes_that_the_server_stores(odd: str) -> None:
    labels = {"b": odd, "__name__": odd, "a" + odd: "1"}
    assert name_of_labels(labels) == stored_name(labels)


def test_the_key_of_a_name_depends_on_nothing_but_its_labels() -> None:
    labels = {"__name__": "y", "b": "1", "a": "2"}
    turned = dict(reversed(labels.items()))
    assert name_key(stored_name(labels)) == name_key(stored_name(turned))
    others = [
        {**labels, "a": "1"},
        {"__name__": "y", "b": "1"},
        {"__name__": "y", "b": "1", "a": "2", "c": ""},
        {"__name__": "", "b": "1", "a": "2"},
        {"__name__": "y", "1": "b", "2": "a"},
        {"__name__": "y\x01b", "1": "a", "2": ""},
    ]
    keys = {name_key(stored_name(each)) for each in [labels, *others]}
    assert len(keys) == 1 + len(others)


def test_a_name_with_half_a_label_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        name_key(b"y\x01host\x01")
