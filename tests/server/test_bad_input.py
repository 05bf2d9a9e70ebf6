"""Each bad input has its own clear error, and nothing of it reaches the server."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pandas as pd
import pytest
import trustme
from pytest_httpserver import HTTPServer

from tests.support.frame_samples import minutes
from tests.support.stored_samples import export
from vm_df_writer import (
    ColumnError,
    ConfigError,
    DuplicateSeriesError,
    LabelError,
    ServerRejected,
    ServerUnavailable,
    TimestampError,
    VmDfWriterError,
    VmWriter,
)
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]

FRAME = pd.DataFrame({"y": [1.0, 2.0], "yhat": [1.5, 2.5]}, index=minutes(0, 1))
LONG = pd.DataFrame({"timestamp": minutes(0, 1), "host": ["a", "b"], "score": [0.5, 0.7]})
FORMAT = {"__name__": "vm_$VAR", "for": "$QUERY_KEY"}


def refuse(
    server: LocalVictoriaMetrics,
    error: type[VmDfWriterError],
    message: str,
    frame: pd.DataFrame,
    metric_format: dict[str, str] = FORMAT,
    **reading: Any,
) -> None:
    """Check that a write raises, with this very text, and that nothing was stored."""
    run = uuid4().hex
    with VmWriter(server.url, metric_format=metric_format) as writer:
        with pytest.raises(error, match=f"^{re.escape(message)}$"):
            writer.write(frame, labels={"run": run}, **reading)
        with pytest.raises(error, match=f"^{re.escape(message)}$"):
            writer.preview(frame, labels={"run": run}, **reading)
    assert export(server.url, f'{{run="{run}"}}') == {}


def test_a_format_without_a_variable(victoria_metrics: LocalVictoriaMetrics) -> None:
    with pytest.raises(ConfigError, match=r"metric_format: .*\$VAR"):
        VmWriter(victoria_metrics.url, metric_format={"__name__": "y", "for": "$QUERY_KEY"})


def test_a_format_without_a_name(victoria_metrics: LocalVictoriaMetrics) -> None:
    with pytest.raises(ConfigError, match=r"metric_format: .*__name__"):
        VmWriter(victoria_metrics.url, metric_format={"for": "$VAR"})


def test_an_unset_environment_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, victoria_metrics: LocalVictoriaMetrics
) -> None:
    monkeypatch.delenv("VM_TEST_PASSWORD", raising=False)
    path = tmp_path / "vmanomaly.yaml"
    path.write_text(
        "reader: {}\nwriter:\n"
        f"  class: vm\n  datasource_url: {victoria_metrics.url}\n"
        "  user: me\n  password: %{VM_TEST_PASSWORD}\n"
    )
    with pytest.raises(ConfigError, match="VM_TEST_PASSWORD"):
        VmWriter.from_yaml(path)
    monkeypatch.setenv("VM_TEST_PASSWORD", "a: #%\"'")
    with VmWriter.from_yaml(path) as writer:
        assert writer.config.password is not None
        assert writer.config.password.get_secret_value() == "a: #%\"'"
        assert writer.write(FRAME, query_key="q", labels={"run": uuid4().hex}).samples == 4


def test_a_frame_without_a_time(victoria_metrics: LocalVictoriaMetrics) -> None:
    refuse(
        victoria_metrics,
        TimestampError,
        "timestamps: the frame has no time: its index numbers the rows, and no column holds times "
        "(there are: 'y', 'yhat'); name the column of the time with time=",
        FRAME.reset_index(drop=True),
        query_key="cpu",
    )


def test_integer_times_without_a_unit(victoria_metrics: LocalVictoriaMetrics) -> None:
    refuse(
        victoria_metrics,
        TimestampError,
        "index: integers do not say their unit (first: 1767225600); pass time_unit='s' if they "
        "are seconds (2026-01-01 00:00:00 UTC)",
        FRAME.set_index(pd.Index([1767225600, 1767225661])),
        query_key="cpu",
    )


def test_integer_times_of_another_unit(victoria_metrics: LocalVictoriaMetrics) -> None:
    refuse(
        victoria_metrics,
        TimestampError,
        "index: 1767225600 (row 0) taken as ms lies outside 1971..2200; it looks like s: check "
        "time_unit=",
        FRAME.set_index(pd.Index([1767225600, 1767225661])),
        query_key="cpu",
        time_unit="ms",
    )


def test_a_string_in_a_value_column(victoria_metrics: LocalVictoriaMetrics) -> None:
    score = pd.Series([0.5, "n/a"], dtype=object)
    refuse(
        victoria_metrics,
        ColumnError,
        "column 'score', row 1: expected a number, got 'n/a'; convert the column or name the value "
        "columns with value_columns=",
        LONG.assign(score=score),
        query_key="cpu",
        value_columns=["score"],
    )


def test_an_unknown_label_column(victoria_metrics: LocalVictoriaMetrics) -> None:
    refuse(
        victoria_metrics,
        ColumnError,
        "label_columns: 'hots' is not a column (there are: 'timestamp', 'host', 'score'); "
        "did you mean 'host'?",
        LONG,
        query_key="cpu",
        label_columns=["hots"],
    )


def test_a_missing_query_key(victoria_metrics: LocalVictoriaMetrics) -> None:
    refuse(
        victoria_metrics,
        LabelError,
        "query_key: metric_format uses $QUERY_KEY in 'for' ('$QUERY_KEY'), and the frame holds no "
        "query key; pass query_key=",
        FRAME,
    )


def test_two_columns_of_one_label_set(victoria_metrics: LocalVictoriaMetrics) -> None:
    frame = FRAME.set_axis(["y", "y"], axis=1)
    with VmWriter(victoria_metrics.url, metric_format=FORMAT) as writer:
        message = (
            "column 'y' and column 'y' render to the same label set "
            '{"__name__":"vm_y","for":"cpu"}; rename one, or use $VAR, $QUERY_KEY and labels in '
            "metric_format so that they differ"
        )
        with pytest.raises(DuplicateSeriesError, match=f"^{re.escape(message)}$"):
            writer.write(frame, query_key="cpu")


def test_infinities_and_duplicates_are_refused_before_the_first_request(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    run = uuid4().hex
    index = pd.date_range("2026-01-01", periods=300_000, freq="s", tz="UTC")
    frame = pd.DataFrame({"y": np.ones(300_000), "z": np.ones(300_000)}, index=index)
    frame.iloc[-1, -1] = np.inf
    with VmWriter(victoria_metrics.url, metric_format={"__name__": "$VAR"}) as writer:
        with pytest.raises(ColumnError, match="1 infinite values"):
            writer.write(frame, inf="error", labels={"run": run})
        twice = pd.concat([frame, frame.tail(1)])
        with pytest.raises(TimestampError, match="samples at a time that it has already"):
            writer.write(twice, duplicates="error", labels={"run": run})
    assert export(victoria_metrics.url, f'{{run="{run}"}}') == {}


def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with VmWriter(f"http://127.0.0.1:{port}", connection_retry_attempts=0) as writer:
        with pytest.raises(ServerUnavailable, match=rf"127\.0\.0\.1:{port}") as caught:
            writer.write(FRAME, query_key="cpu")
        with pytest.raises(ServerUnavailable):
            writer.check()
    assert not caught.value.in_doubt
    assert caught.value.report is not None
    assert (caught.value.report.samples, caught.value.report.undelivered) == (0, 4)


def test_wrong_credentials_and_a_wrong_path(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=secret")
    for password, path, status in (
        ("guess", "/api/v1/import", 401),
        ("secret", "/api/v1/imports", 400),
    ):
        with VmWriter(server.url, user="me", password=password, import_json_path=path) as writer:
            with pytest.raises(ServerRejected, match=rf"\b{status}\b") as caught:
                writer.write(FRAME, query_key="cpu")
            error = caught.value
            assert (error.status, error.in_doubt) == (status, False)
            assert error.report is not None
            assert (error.report.samples, error.report.undelivered) == (0, 4)
            assert "guess" not in str(error)
            assert "secret" not in str(error)


def test_a_redirect_is_not_followed(
    httpserver: HTTPServer, victoria_metrics: LocalVictoriaMetrics
) -> None:
    run = uuid4().hex
    httpserver.expect_request("/api/v1/import").respond_with_data(
        status=307, headers={"Location": f"{victoria_metrics.url}/api/v1/import"}
    )
    with (
        VmWriter(httpserver.url_for("")) as writer,
        pytest.raises(ServerRejected, match=r"\b307\b") as caught,
    ):
        writer.write(FRAME, query_key="cpu", labels={"run": run})
    assert caught.value.status == 307
    assert export(victoria_metrics.url, f'{{run="{run}"}}') == {}


@pytest.fixture
def untrusted_server() -> Iterator[HTTPServer]:
    """A TLS server whose authority nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with HTTPServer(host="localhost", port=0, ssl_context=context) as server:
        server.expect_request("/api/v1/import").respond_with_data(status=204)
        yield server


def test_a_certificate_that_does_not_verify(untrusted_server: HTTPServer) -> None:
    url = untrusted_server.url_for("")
    with (
        VmWriter(url, connection_retry_attempts=0) as writer,
        pytest.raises(ServerUnavailable, match=r"(?i)certificate") as caught,
    ):
        writer.write(FRAME, query_key="cpu")
    assert caught.value.report is not None
    assert caught.value.report.undelivered == 4
    assert not caught.value.in_doubt
