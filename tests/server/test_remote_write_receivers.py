"""A writer of remote write, before every kind of VictoriaMetrics and before what is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of, writer_to
from vm_df_writer import ConfigError, LabelError, RetentionWarning, ServerRejected, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess

FRAME = frame_of(2_000, 20, gaps=0.01)
N_SAMPLES = int(FRAME.notna().to_numpy().sum())


def remote_writer(url: str, name: str, **parameters: Any) -> VmWriter:
    return writer_to(url, name, protocol="remote_write", **parameters)


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_a_single_node_stores_what_is_written_and_shows_it(
    victoria_metrics: LocalVictoriaMetrics, name: str, compression: str
) -> None:
    name = name.replace("[", "_").rstrip("]")
    with remote_writer(
        victoria_metrics.url, name, compression=compression, concurrency=4, batch_max_bytes=2**16
    ) as writer:
        report = writer.write(FRAME, verify=True)
    assert (report.samples, report.dropped["nan"]) == (N_SAMPLES, FRAME.size - N_SAMPLES)
    assert report.requests > 5
    assert report.verification is not None
    assert report.verification.ok


def test_a_check_tells_the_encodings_of_the_wire(victoria_metrics: LocalVictoriaMetrics) -> None:
    with remote_writer(victoria_metrics.url, "checked") as writer:
        check = writer.check()
    assert check.import_url.endswith("/api/v1/write")
    assert check.kind == "single"
    assert check.encodings[:2] == ("stored", "snappy")


def test_a_vmagent_hands_on_what_it_takes(
    victoria_metrics: LocalVictoriaMetrics, start_vmagent: Callable[..., ServerProcess], name: str
) -> None:
    agent = start_vmagent(victoria_metrics.url)
    with remote_writer(agent.url, name, query_url=victoria_metrics.url) as writer:
        report = writer.write(FRAME, verify=True)
    assert report.verification is not None
    assert report.verification.found == N_SAMPLES


def test_a_server_whose_pages_are_locked_is_written_to_with_care(
    start_victoria_metrics: Callable[..., LocalVictoriaMetrics], name: str
) -> None:
    """One since v1.88 shows that it is VictoriaMetrics; an older one could be any."""
    server = start_victoria_metrics("-metricsAuthKey=secret", "-flagsAuthKey=secret")
    with remote_writer(server.url, name) as writer:
        assert writer.check().kind == "unknown"
        assert writer.write(FRAME).samples == N_SAMPLES
    settled(server)
    assert StoredFrame(server, name).is_all_of(FRAME)


def test_a_dry_run_and_a_preview_count_what_would_be_sent(
    victoria_metrics: LocalVictoriaMetrics, name: str
) -> None:
    with remote_writer(victoria_metrics.url, name) as writer:
        dry, preview = writer.write(FRAME, dry_run=True), writer.preview(FRAME)
    assert dry.undelivered == preview.samples == N_SAMPLES
    assert dry.bytes_raw == preview.bytes_raw == pytest.approx(18 * N_SAMPLES, rel=0.01)
    assert preview.first_line.startswith('{"metric":{"__name__":')


class Mimir:
    """Takes remote write as Mimir does, and is told what to answer."""

    def __init__(self, httpserver: HTTPServer) -> None:
        self.url = httpserver.url_for("").rstrip("/")
        self.statuses: list[int] = []
        self.seen: list[Request] = []
        httpserver.expect_request("/api/v1/push").respond_with_handler(self._push)

    def _push(self, request: Request) -> Response:
        is_probe = request.get_data() == b"\0"
        if request.method != "POST" or is_probe:
            return Response(status=200 if is_probe else 405)
        self.seen.append(request)
        return Response("why not", self.statuses.pop(0) if self.statuses else 200)

    def writer(self, **parameters: Any) -> VmWriter:
        return remote_writer(self.url, "scores", remote_write_path="/api/v1/push", **parameters)


@pytest.fixture
def mimir(httpserver: HTTPServer) -> Mimir:
    return Mimir(httpserver)


def test_another_receiver_acknowledges_by_what_it_acknowledges_an_empty_body_by(
    mimir: Mimir,
) -> None:
    with mimir.writer(headers={"X-Scope-OrgID": "team-a"}, batch_max_bytes=2**16) as writer:
        report = writer.write(FRAME)
    assert report.samples == N_SAMPLES
    assert {request.headers["X-Scope-OrgID"] for request in mimir.seen} == {"team-a"}
    assert {request.headers["Content-Encoding"] for request in mimir.seen} == {"snappy"}


@pytest.mark.parametrize(
    ("status", "in_doubt"), [(202, True), (204, True), (400, True), (409, True), (413, False)]
)
def test_any_other_answer_of_it_is_an_error_and_a_refusal_may_be_partial(
    mimir: Mimir, status: int, *, in_doubt: bool
) -> None:
    mimir.statuses = [status] * 99
    with mimir.writer(connection_retry_attempts=0) as writer, pytest.raises(ServerRejected) as info:
        writer.write(FRAME.iloc[:, :1])
    assert info.value.status == status
    assert info.value.in_doubt is in_doubt
    assert len(mimir.seen) == 1


def test_what_it_says_too_much_to_is_tried_again(mimir: Mimir) -> None:
    mimir.statuses = [429, 503, 529]
    with mimir.writer() as writer:
        report = writer.write(FRAME)
    assert (report.samples, report.retries) == (N_SAMPLES, 3)


def test_a_body_that_is_too_large_for_it_goes_in_halves(mimir: Mimir) -> None:
    mimir.statuses = [413]
    with mimir.writer() as writer:
        report = writer.write(FRAME)
    assert (report.samples, report.requests) == (N_SAMPLES, 2)


def test_what_is_not_known_of_it_is_refused_or_left_out(mimir: Mimir) -> None:
    with mimir.writer() as writer:
        with pytest.raises(ConfigError, match=r"verify: samples are read back from Victoria"):
            writer.write(FRAME, verify=True)
        with pytest.raises(ConfigError, match=r"duplicates: a receiver of remote write"):
            writer.write(FRAME, duplicates="keep")
        with pytest.raises(LabelError, match=r"label 'data center': a receiver of remote write"):
            writer.write(FRAME, labels={"data center": "a"})
        ahead = FRAME.set_axis(FRAME.index + (pd.Timestamp.now("UTC") - FRAME.index[0]))
        with pytest.warns(RetentionWarning, match="samples are newer"):
            report = writer.write(ahead.iloc[:1200])
    assert report.dropped["too_new"] > 0
    assert report.samples > 0
