from __future__ import annotations

import numpy as np
import pytest

from vm_df_writer.errors import ServerRejected
from vm_df_writer.wire.export_lines import (
    load_timestamps,
    load_values,
    no_export_line,
    series_key,
    split_line,
)


def test_a_label_that_looks_like_the_rest_of_a_line_is_a_label() -> None:
    labels = rb'{"__name__":"y","odd":"},\"values\":[1],\"timestamps\":[2]"}'
    line = b'{"metric":%s,"values":[1,2],"timestamps":[3,4]}' % labels
    assert split_line(line) == (labels, b"[1,2]", b"[3,4]")


@pytest.mark.parametrize(
    "line", [b"", b"cannot read the index", b'{"metric":{},"values":[1]}', b'{"status":"error"}']
)
def test_what_is_no_line_of_samples_is_an_error_of_the_server(line: bytes) -> None:
    with pytest.raises(ServerRejected, match="expected lines of samples, got"):
        split_line(line)


def test_a_long_answer_is_cut_in_the_message() -> None:
    error = no_export_line(b"x" * 501)
    assert error.body == "x" * 500
    assert error.status == 200


def test_series_are_the_same_whatever_their_order_and_escapes() -> None:
    assert series_key(rb'{"b":"\u00e9","a":"1"}') == series_key('{"a":"1","b":"é"}'.encode())


def test_a_label_that_was_cut_within_a_character_has_a_key_too() -> None:
    assert series_key(b'{"a":"\xc3"}') == '{"a":"\ufffd"}'


@pytest.mark.parametrize("text", [b"[+Inf,-Inf,1.5]", b'["Infinity","-Infinity",1.5]'])
def test_infinities_of_old_and_new_servers_are_read(text: bytes) -> None:
    assert load_values(text).tolist() == [np.inf, -np.inf, 1.5]


@pytest.mark.parametrize(
    "text",
    [
        *(
            b'["abc",2]',
            b'["2.5"]',
            b"[[1],[2]]",
            b"[{},2]",
            b"[true,2]",
            b"{}",
            b"7",
            b'"Infinity"',
        ),
        *(b'["NaN"]', b"[1e999]", b"[1,]", b"", b"[" * 5000),
    ],
)
def test_what_is_no_list_of_numbers_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller tells the whole line
        load_values(text)


@pytest.mark.parametrize(
    "text",
    [
        *(b"[1.5]", b'["a"]', b"[null]", b"[true]", b"[99999999999999999999]", b"[-9e18]"),
        *(b"[9223372036854775808]", b"[[1,2]]", b"{}", b"7", b""),
    ],
)
def test_what_is_no_list_of_timestamps_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller tells the whole line
        load_timestamps(text)


@pytest.mark.parametrize(
    "label_set", [b'{"a":5}', b'{"a":{"b":1}}', b"[]", b'{"a":"\\ud800"}', b"{"]
)
def test_what_is_no_label_set_is_refused(label_set: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the caller tells the whole line
        series_key(label_set)
