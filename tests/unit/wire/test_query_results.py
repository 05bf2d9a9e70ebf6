from __future__ import annotations

import numpy as np
import orjson
import pytest

from vm_df_writer.errors import ServerRejected
from vm_df_writer.wire.query_results import read_query_result


def answer(kind: str, result: object, **more: object) -> bytes:
    return orjson.dumps(
        {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    )


def test_a_matrix_has_all_points_of_each_series() -> None:
    points = [[1767225600, "1"], [1767225660.123, "+Inf"], [1767225720, "NaN"]]
    [series] = read_query_result(answer("matrix", [{"metric": {"a": "b"}, "values": points}]))
    assert series.labels == {"a": "b"}
    assert series.timestamps_ms.tolist() == [1767225600000, 1767225660123, 1767225720000]
    assert np.array_equal(series.values, [1.0, np.inf, np.nan], equal_nan=True)


def test_a_vector_has_one_point_of_each_series() -> None:
    result = [{"metric": {}, "value": [1767225600, "2.5"]}]
    [series] = read_query_result(answer("vector", result))
    assert series.values.tolist() == [2.5]


def test_a_scalar_is_a_series_without_labels() -> None:
    [series] = read_query_result(answer("scalar", [1767225600, "3"]))
    assert (series.labels, series.values.tolist()) == ({}, [3.0])


def test_nothing_is_no_series() -> None:
    assert list(read_query_result(answer("vector", []))) == []


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"{}", answer("string", [1, "x"]), answer("vector", [{"metric": {}}])],
    ids=["nothing", "list", "empty", "string", "cut"],
)
def test_what_holds_no_numbers_is_an_error(text: bytes) -> None:
    with pytest.raises(ServerRejected, match="expected series of numbers, got no series"):
        list(read_query_result(text))


def test_what_comes_from_a_part_of_a_cluster_is_an_error() -> None:
    with pytest.raises(ServerRejected, match="an answer from a part of the cluster"):
        list(read_query_result(answer("vector", [], isPartial=True)))
