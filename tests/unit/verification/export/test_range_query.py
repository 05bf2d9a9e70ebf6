from __future__ import annotations

import json
import math

import numpy as np
import pytest

from vm_df_writer.errors import ServerRejected
from vm_df_writer.verification.export.range_query import lines_of_ranges
from vm_df_writer.wire.export_lines import load_values, split_line


def answer(*series: dict[str, object]) -> bytes:
    data = {"resultType": "matrix", "result": list(series)}
    return json.dumps({"status": "success", "data": data}).encode()


def test_every_value_comes_back_to_the_bit() -> None:
    texts = ["-0", "0", "5e-324", "1.7976931348623157e+308", "+Inf", "-Inf", "-0", "0.1", "-0.5"]
    values = [[1767225600 + i / 1000, text] for i, text in enumerate(texts)]
    [line] = lines_of_ranges(answer({"metric": {"__name__": "y"}, "values": values}))
    labels, value_text, time_text = split_line(line)
    got = load_values(value_text)
    want = np.array([float(text) for text in texts])
    assert got.view(np.int64).tolist() == want.view(np.int64).tolist()
    assert json.loads(time_text) == [1767225600000 + i for i in range(len(texts))]
    assert json.loads(labels) == {"__name__": "y"}


def test_what_is_no_number_is_another_value() -> None:
    [line] = lines_of_ranges(answer({"metric": {}, "values": [[1, "NaN"], [2, "1"]]}))
    _, values, _ = split_line(line)
    assert [math.isnan(v) for v in load_values(values)] == [True, False]


def test_histograms_are_left_out() -> None:
    assert list(lines_of_ranges(answer({"metric": {"a": "b"}, "histograms": [[1, {}]]}))) == []


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b"<html>", b'{"data":{"result":[{"values":[[1]]}]}}', b"null"]
)
def test_another_answer_is_refused(text: bytes) -> None:
    with pytest.raises(ServerRejected, match="expected lines of samples"):
        list(lines_of_ranges(text))
