from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from vm_df_writer import FrameError, VmWriter

RESULT = [{"metric": {"__name__": "y", "host": "a"}, "values": [[1767225600, "1"]]}]


class Queries:
    """A server that answers to queries, and keeps what it was asked."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.asked: list[dict[str, str]] = []
        httpserver.expect_request("/internal/force_flush").respond_with_data("")
        httpserver.expect_request("/api/v1/query_range").respond_with_handler(self._answer)
        httpserver.expect_request("/api/v1/query").respond_with_handler(self._answer)
        self.writer = VmWriter(
            httpserver.url_for("").rstrip("/"), metric_format={"__name__": "$VAR"}
        )

    def _answer(self, request: Request) -> Response:
        self.asked.append(request.form.to_dict())
        result = {"resultType": "matrix", "result": RESULT}
        return Response(orjson.dumps({"status": "success", "data": result}))


@pytest.fixture
def queries(httpserver: HTTPServer) -> Queries:
    return Queries(httpserver)


def test_times_are_text_so_that_no_millisecond_is_cut_off(queries: Queries) -> None:
    queries.writer.query("y", pd.Timestamp("2026-01-01T00:00:00.123", tz="UTC"))
    queries.writer.query("y")
    assert queries.asked == [
        {"query": "y", "time": "2026-01-01T00:00:00.123Z", "nocache": "1"},
        {"query": "y", "nocache": "1"},
    ]


@pytest.mark.parametrize(
    ("step", "text"),
    [("1m", "1m"), (15, "15"), (0.5, "0.5"), (timedelta(seconds=90), "90.000")],
)
def test_a_step_is_a_duration_or_seconds(queries: Queries, step: Any, text: str) -> None:
    queries.writer.query_range("y", "2026-01-01", 1767225660000, step)
    [form] = queries.asked
    assert form["step"] == text
    assert (form["start"], form["end"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:01:00.000Z")


def test_results_have_the_shapes_of_frames(queries: Queries) -> None:
    wide = queries.writer.query("y")
    assert wide["y"].tolist() == [1.0]
    melted = queries.writer.query_range("y", "2026-01-01", "2026-01-02", "1m", layout="melted")
    assert melted.columns.tolist() == ["time", "host", "variable", "value"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("", "2026-01-01", "2026-01-02", "1m"), "expr: expected an expression, got ''"),
        (("y", "2026-01-01", "2026-01-02", None), "step: expected a duration such as '1m'"),
        (("y", "2026-01-01", 5, "1m"), "end: 5 is not in 1971 to 2200"),
    ],
    ids=["expr", "step", "end"],
)
def test_what_is_no_query_is_refused(queries: Queries, call: Any, message: str) -> None:
    with pytest.raises(FrameError, match=message):
        queries.writer.query_range(*call)
    assert queries.asked == []
