from __future__ import annotations

import numpy as np
import pytest

from tests.support.blocks import T, block_of_rows
from tests.support.malformed_lines import MALFORMED
from vm_df_writer.wire.import_lines import LineEncoder
from vm_df_writer.wire.line_reader import counts_of_lines

GOOD = b'{"metric":{"__name__":"y","a":"b"},"values":[1,2],"timestamps":[60,70]}\n'


@pytest.mark.parametrize("n_samples", [3, 40])
def test_lines_of_the_encoder_are_read_with_odd_labels_and_infinities(n_samples: int) -> None:
    label_sets = [
        b'{"__name__":"y","odd":"\\",\\"values\\":["}',
        b'{"__name__":"y","1e999":"\\u2028,1e999,"}',
    ]
    values = np.arange(2.0 * n_samples).reshape(2, -1)
    values[0, [0, -1]], values[1, 1] = [np.inf, -np.inf], -np.inf
    block = block_of_rows(values, label_sets=label_sets, has_infinities=True)
    counts = counts_of_lines(b"".join(LineEncoder().encode(block).chunks()))
    assert counts.label_sets == label_sets
    assert counts.samples.tolist() == [n_samples] * 2
    assert counts.first_ms.tolist() == [T] * 2
    assert counts.last_ms.tolist() == [T + n_samples - 1] * 2


def test_times_need_no_order() -> None:
    counts = counts_of_lines(GOOD.replace(b"60,70", b"70,60"))
    assert (counts.first_ms.tolist(), counts.last_ms.tolist()) == ([60], [70])


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        (b"[1,2]", b"[1]", "expected as many values as timestamps, got 1 and 2$"),
        (b"[1,2]", b"[1,null]", r"expected values that are all numbers, got \[1,null\]$"),
        (b"[1,2]", b"[1,true]", r"expected values that are all numbers, got \[1,true\]$"),
        (b"[1,2]", b'[1,"2"]', r"expected values that are all numbers, got \[1,\"2\"\]$"),
        (b"[1,2]", b"[1,[2]]", r"expected values that are all numbers, got \[1,\[2\]\]$"),
        (b"[1,2]", b"12", "expected values that are all numbers, got 12$"),
        (b"[1,2]", b"[1,NaN]", r"the values are no JSON \(.*\)$"),
        (b"[1,2]", b"[1,1e999.5]", r"the values are no JSON \(.*\)$"),
        (b"[1,2]", b"[1,2", r"the values are no JSON \(.*\)$"),
        (b"[60,70]", b"[60,70.0]", "expected timestamps that are all whole numbers, got"),
        (b"[60,70]", b"[60,true]", "expected timestamps that are all whole numbers, got"),
        (b"[60,70]", b"[60,[70]]", "expected timestamps that are all whole numbers, got"),
        (b"[60,70]", b"[60,9223372036854775808]", "expected timestamps of 64 bits, got"),
        (b"[1,2],", b"[],", "expected as many values as timestamps, got 0 and 2$"),
        (b"[60,70]", b"[]", "expected timestamps that are all whole numbers, got"),
        (b'"b"', b"b", r"the labels are no JSON \(.*\)$"),
        (b'"b"', b"5", 'expected labels with text that is not empty, got {"__name__":"y","a":5}$'),
        (
            b'"b"',
            b'""',
            'expected labels with text that is not empty, got {"__name__":"y","a":""}$',
        ),
        (
            b'"a"',
            b'""',
            'expected labels with text that is not empty, got {"__name__":"y","":"b"}$',
        ),
        (b'"b"', b'{"c":"d"}', "expected labels with text that is not empty, got"),
        (b'"b"', b'"\xff"', r"the labels are no JSON \(.*\)$"),
        (b'"__name__":"y",', b"", 'expected labels with a __name__, got {"a":"b"}$'),
        (b'{"__name__":"y","a":"b"}', b"{}", "expected labels with a __name__, got {}$"),
        (b'{"__name__":"y","a":"b"}', b'["__name__"]', "expected labels with a __name__, got"),
        (b'"a":"b"', b'"a":"b","a":"c"', "expected labels with a name each, got"),
        (b"}\n", b",\n", "expected a line of metric, values and timestamps, got"),
        (b'"values"', b'"value"', "expected a line of metric, values and timestamps, got"),
        (b"}\n", b"}\n\n", "expected a line of metric, values and timestamps, got $"),
        (b"}\n", b"}\r\n", "expected a line of metric, values and timestamps, got"),
    ],
)
def test_a_line_that_a_server_would_not_store_as_it_is_is_named(
    good: bytes, bad: bytes, message: str
) -> None:
    line = GOOD.replace(good, bad, 1)
    assert line != GOOD
    with pytest.raises(ValueError, match=rf"^line [23]: {message}"):
        counts_of_lines(GOOD + line)


def test_long_lines_are_quoted_in_part() -> None:
    with pytest.raises(
        ValueError, match=r'^line 1: expected labels with a __name__, got \["x{78}\.\.\.$'
    ):
        counts_of_lines(b'{"metric":["%s"],"values":[1],"timestamps":[60]}\n' % (b"x" * 99))


# These are JSON that is right: whether they are stored is for the limits that the server reports.
ALLOWED = {f"timestamp {ms}" for ms in (0, -5, 86399999, 1767225660, 2**63 - 1)} | {
    f"timestamp 1767225660{zeros}" for zeros in ("000000", "000000000")
}


@pytest.mark.parametrize("kind", sorted(MALFORMED.keys() - ALLOWED))
def test_every_line_that_a_server_skips_or_alters_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match=r"^line 1: "):
        counts_of_lines(MALFORMED[kind])
