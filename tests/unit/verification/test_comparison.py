from __future__ import annotations

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.blocks import T, block_of, export_line
from vm_df_writer.errors import ServerRejected
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.verification.comparison import Comparison
from vm_df_writer.verification.series_diff import SeriesDiff

INF = float("inf")
Y = {"__name__": "y", "host": "a"}


def counts(block: SeriesBlock, *lines: bytes) -> tuple[int, int]:
    """Return how many samples are missing and mismatched after these lines."""
    comparison = Comparison(block, range(block.n_series))
    for each in lines:
        comparison.add(each)
    incomplete = comparison.series_diffs().values()
    return sum(s.missing for s in incomplete), sum(s.mismatched for s in incomplete)


def test_samples_are_found_whatever_lines_they_come_in() -> None:
    block = block_of((Y, [0, 1, 2], [1.5, 2, 3]))
    assert counts(block, export_line(Y, [0, 1, 2], "1.5,2,3")) == (0, 0)
    assert counts(block, export_line(Y, [2], "3"), export_line(Y, [0, 1], "1.5,2")) == (0, 0)
    assert counts(block, export_line(Y, [2, 0, 1], "3,1.5,2")) == (0, 0)


def test_a_sample_that_does_not_come_back_is_missing() -> None:
    block = block_of((Y, [0, 1, 2], [1, 2, 3]))
    assert counts(block, export_line(Y, [0, 2], "1,3")) == (1, 0)
    assert counts(block) == (3, 0)


def test_a_sample_that_comes_back_with_another_value_is_mismatched() -> None:
    block = block_of((Y, [0, 1, 2], [1, 2, 3]))
    assert counts(block, export_line(Y, [0, 1, 2], "1,2.1,3")) == (0, 1)
    assert counts(block, export_line(Y, [0, 1], "1,2.1")) == (1, 1)
    assert counts(block, export_line(Y, [0, 1, 2], "1,null,3")) == (0, 1)


def test_one_agreeing_copy_among_others_is_enough() -> None:
    block = block_of((Y, [0, 1], [1, 2]))
    assert counts(block, export_line(Y, [0, 0, 0, 1, 1], "9,1,7,2,2")) == (0, 0)
    assert counts(block, export_line(Y, [0, 1], "9,2"), export_line(Y, [0, 1], "1,8")) == (0, 0)
    assert counts(block, export_line(Y, [0, 0, 1], "9,7,2")) == (0, 1)


def test_copies_of_one_sample_do_not_stand_for_another() -> None:
    assert counts(block_of((Y, [0, 1], [5, 5])), export_line(Y, [0, 0], "5,5")) == (1, 0)


def test_samples_of_others_between_ours_are_ignored() -> None:
    block = block_of((Y, [0, 10], [1, 2]))
    assert counts(block, export_line(Y, [-1, 0, 5, 10, 11], "7,1,7,2,7")) == (0, 0)


def test_each_of_several_samples_at_one_timestamp_counts() -> None:
    block = block_of((Y, [0, 0, 0, 1], [1, 2, 2, 3]))
    assert counts(block, export_line(Y, [0, 0, 0, 1], "2,1,2,3")) == (0, 0)
    # Equal ones cannot be told apart.
    assert counts(block, export_line(Y, [0, 0, 1], "2,1,3")) == (0, 0)
    assert counts(block, export_line(Y, [0, 1], "2,3")) == (0, 1)
    assert counts(block, export_line(Y, [1], "3")) == (3, 0)


def test_a_series_with_more_labels_is_another_series() -> None:
    block = block_of((Y, [0], [1]))
    comparison = Comparison(block, [0])
    assert not comparison.add(export_line({**Y, "env": "x"}, [0], "1"))
    assert not comparison.add(export_line({"__name__": "y"}, [0], "1"))
    assert comparison.series_diffs()[0].missing == 1


def test_label_sets_are_compared_whatever_their_order_and_escapes() -> None:
    block = block_of(({"__name__": "y", "a": "é\n", "b": "2"}, [0], [1]))
    stored = (
        b'{"metric":{"b":"2","a":"\\u00e9\\u000a","__name__":"y"},"values":[1],"timestamps":[%d]}'
    )
    assert counts(block, stored % T) == (0, 0)


def test_labels_may_look_like_the_rest_of_a_line() -> None:
    labels = {"__name__": "y", "values": '},"values":[', "timestamps": '],"timestamps":[1]}'}
    assert counts(block_of((labels, [0], [1])), export_line(labels, [0], "1")) == (0, 0)


@pytest.mark.parametrize(("plus", "minus"), [("+Inf", "-Inf"), ('"Infinity"', '"-Infinity"')])
def test_infinities_are_read_as_old_and_new_servers_write_them(plus: str, minus: str) -> None:
    labels = {"__name__": "y", "le": "+Inf"}
    block = block_of((labels, [0, 1, 2], [INF, -INF, 1]))
    assert counts(block, export_line(labels, [0, 1, 2], f"{plus},{minus},1")) == (0, 0)
    assert counts(block, export_line(labels, [0, 1, 2], f"{minus},{minus},{plus}")) == (0, 2)
    assert counts(block, export_line(labels, [0, 1, 2], "1e308,-Inf,1")) == (0, 1)


def test_what_the_storage_format_rounds_off_agrees() -> None:
    block = block_of((Y, [0, 1, 2], [1 / 3, np.pi, 2 / 3]))
    stored = "0.333333333333,3.141592653589,0.666666666666"
    assert counts(block, export_line(Y, [0, 1, 2], stored)) == (0, 0)
    assert counts(block, export_line(Y, [0, 1, 2], "0.33333333333,3.14159265,0.666666")) == (0, 3)


def test_small_values_may_lose_digits_beside_a_large_one_in_their_series_only() -> None:
    small = {"__name__": "small"}
    block = block_of((Y, [0, 1, 2], [1e16, 0.123456, INF]), (small, [0, 1], [0.123456, 1]))
    beside_large = export_line(Y, [0, 1, 2], "1e16,0.1,+Inf")
    assert counts(block, beside_large, export_line(small, [0, 1], "0.123456,1")) == (0, 0)
    assert counts(block, beside_large, export_line(small, [0, 1], "0.1,1")) == (0, 1)


def test_a_large_series_elsewhere_in_the_block_excuses_nothing() -> None:
    block = SeriesBlock(
        label_sets=[orjson.dumps(Y), b'{"__name__":"z"}'],
        offsets=np.array([0, 2]),
        timestamps_ms=np.array([T, T + 1]),
        values=np.array([[1e18, 1], [1.5, 2.5]]),
    )
    comparison = Comparison(block, [1])
    comparison.add(export_line({"__name__": "z"}, [0, 1], "1,2.5"))
    assert comparison.series_diffs() == {1: SeriesDiff(b'{"__name__":"z"}', 2, 0, 1, T)}


def test_rows_and_groups_of_a_block_are_told_apart() -> None:
    names = [{"__name__": name, "host": host} for name in ("y", "yhat") for host in ("a", "b")]
    block = SeriesBlock(
        label_sets=[orjson.dumps(labels) for labels in names],
        offsets=np.array([0, 2, 3]),
        timestamps_ms=np.array([T, T + 1, T + 7]),
        values=np.array([[1.0, 2, 3], [4, 5, 6]]),
    )
    good = [
        export_line(names[2], [0, 1], "4,5"),
        export_line(names[1], [7], "3"),
        export_line(names[3], [7], "6"),
        export_line(names[0], [0, 1], "1,2"),
    ]
    assert counts(block, *good) == (0, 0)
    assert counts(block, export_line(names[2], [0, 1], "1,2"), *good[1:]) == (0, 2)


def test_a_shortfall_names_the_first_sample_that_was_not_found() -> None:
    block = block_of((Y, [0, 10, 20, 30], [1, 2, 3, 4]))
    comparison = Comparison(block, [0])
    comparison.add(export_line(Y, [0, 10, 30], "1,7,4"))
    assert comparison.series_diffs() == {0: SeriesDiff(orjson.dumps(Y), 4, 1, 1, T + 10)}


def test_a_foreign_series_with_a_label_cut_within_a_character_does_no_harm() -> None:
    comparison = Comparison(block_of((Y, [0], [1])), [0])
    cut = b'{"metric":{"__name__":"y","host":"\xc3"},"values":[1],"timestamps":[1767225600000]}'
    assert not comparison.add(cut)


@pytest.mark.parametrize(
    "broken",
    [
        b'remoteAddr: "127.0.0.1:1"; cannot search: timeout exceeded',
        b'{"status":"error","errorType":"503","error":"no storage node"}',
        export_line(Y, [0, 1], "1,2")[:-1],
        export_line(Y, [0, 1], "1,2")[:-3],
        export_line(Y, [0, 1], "1,2")[:60],
        export_line(Y, [0, 1], "1"),
        export_line(Y, [0, 1, 2], "1,2"),
        export_line(Y, [0, 1], "1,,2"),
        b'{"metric":{"__name__":},"values":[1],"timestamps":[1]}',
    ],
)
def test_a_line_that_holds_no_samples_is_an_error_of_the_server(broken: bytes) -> None:
    comparison = Comparison(block_of((Y, [0, 1], [1, 2])), [0])
    with pytest.raises(ServerRejected, match="expected lines of samples, got") as caught:
        comparison.add(broken)
    assert caught.value.status == 200
    assert caught.value.body == broken.decode()


AS_OLD_SERVERS_WRITE = {INF: "+Inf", -INF: "-Inf"}
SMALL_VALUES = st.sampled_from([0.0, 1.0, 2.0, INF, -INF])
SAMPLES = st.lists(st.tuples(st.integers(0, 4), SMALL_VALUES), max_size=8)


@given(
    sent=st.lists(SAMPLES.filter(bool), min_size=1, max_size=4),
    returned=st.lists(st.tuples(st.integers(0, 4), SAMPLES), max_size=6),
)
def test_counts_are_those_of_a_plain_search(
    sent: list[list[tuple[int, float]]], returned: list[tuple[int, list[tuple[int, float]]]]
) -> None:
    sent = [sorted(samples, key=lambda sample: sample[0]) for samples in sent]
    block = block_of(
        *(
            ({"__name__": str(i)}, [time for time, _ in samples], [v for _, v in samples])
            for i, samples in enumerate(sent)
        )
    )
    stored: dict[int, list[tuple[int, float]]] = {}
    lines = []
    for series, samples in returned:
        stored.setdefault(series, []).extend(samples)
        text = ",".join(AS_OLD_SERVERS_WRITE.get(value, str(value)) for _, value in samples)
        lines.append(export_line({"__name__": str(series)}, [time for time, _ in samples], text))
    missing = mismatched = 0
    for series, samples in enumerate(sent):
        for time, value in samples:
            at_time = [v for t, v in stored.get(series, []) if t == time]
            missing += not at_time
            mismatched += bool(at_time) and value not in at_time
    assert counts(block, *lines) == (missing, mismatched)
