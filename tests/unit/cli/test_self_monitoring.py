"""The metrics of a command: served, pushed and kept in a file, and never in its way."""

from __future__ import annotations

import socket
import threading
import urllib.request
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.command_line import FORMAT, run
from tests.support.http_servers import accept, base
from vm_df_writer import WriterConfig
from vm_df_writer.cli.self_monitoring import SelfMonitoring

pytest.importorskip("prometheus_client")

SENT = "vmanomaly_writer_datapoints_sent_total{"


def write(scores: Path, url: str, *options: str | Path) -> tuple[object, str]:
    result = run("write", scores, "--url", url, *FORMAT, "--no-progress", *options)
    return result.exit_code, result.output


def test_a_file_has_the_metrics_of_the_whole_command(
    scores: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    accept(httpserver)
    file = tmp_path / "writer.prom"
    code, output = write(scores, base(httpserver), "--metrics-file", file)
    assert code == 0, output
    (line,) = [line for line in file.read_text().splitlines() if line.startswith(SENT)]
    assert line.endswith(" 5.0")


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_sent(
    scores: Path, tmp_path: Path, httpserver: HTTPServer
) -> None:
    code, output = write(scores, base(httpserver), "--metrics-file", tmp_path / "no" / "w.prom")
    assert code == 2
    assert "Error: --metrics-file: '" in output
    assert "cannot be written (No such file or directory); name a file in a folder" in output
    assert httpserver.log == []


def test_a_port_that_is_taken_is_refused_before_anything_is_sent(
    scores: Path, httpserver: HTTPServer
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - as the metrics are served
        port = taken.getsockname()[1]
        code, output = write(scores, base(httpserver), "--metrics-port", str(port))
    assert code == 2
    assert f"Error: --metrics-port: {port} cannot be listened on (Address already" in output
    assert httpserver.log == []


def test_metrics_are_served_for_as_long_as_the_block_lasts() -> None:
    with socket.create_server(("", 0)) as free:
        port = free.getsockname()[1]
    with SelfMonitoring(port=port) as metrics:
        metrics.on_spool(files=3, size_bytes=9)
        with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as answer:
            assert b"vm_df_writer_spool_files{" in answer.read()
    with socket.create_server(("", port)):
        pass  # it is free again


def test_pushed_metrics_have_the_labels_that_are_given(
    scores: Path, httpserver: HTTPServer
) -> None:
    accept(httpserver)
    httpserver.expect_request("/api/v1/import/prometheus").respond_with_data(status=204)
    labels = ("--push-metrics-label", "job=nightly", "--push-metrics-label", "instance=a")
    code, output = write(scores, base(httpserver), "--push-metrics", *labels)
    assert code == 0, output
    (push,) = [r for r, _ in httpserver.log if r.path == "/api/v1/import/prometheus"]
    assert push.args.getlist("extra_label") == ["job=nightly", "instance=a"]
    assert SENT.encode() in push.get_data()


def test_metrics_that_are_refused_are_a_warning_and_change_no_exit_code(
    scores: Path, httpserver: HTTPServer
) -> None:
    accept(httpserver)
    httpserver.expect_request("/api/v1/import/prometheus").respond_with_data(status=500)
    code, output = write(scores, base(httpserver), "--push-metrics")
    assert code == 0
    assert output.count("warning: metrics of this command are not to be had: ") == 1


def test_they_are_pushed_while_the_block_lasts_and_once_at_the_end(httpserver: HTTPServer) -> None:
    twice, pushes = threading.Event(), list[int]()

    def take(_: Request) -> Response:
        pushes.append(1)
        if len(pushes) == 2:
            twice.set()
        return Response(status=204)

    httpserver.expect_request("/api/v1/import/prometheus").respond_with_handler(take)
    with SelfMonitoring(WriterConfig(datasource_url=base(httpserver)), interval_s=0.05):
        assert twice.wait(30)
    assert len(pushes) >= 3
