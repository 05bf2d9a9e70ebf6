"""`auth`: requests of every kind are signed by the caller, and each attempt anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest
from requests.auth import HTTPBasicAuth

from tests.support.faults import answer, pass_on, reset_after
from tests.support.signed_requests import Signed, SignedOnly
from tests.support.tracebacks import texts_of
from tests.support.writers import frame_of
from vm_df_writer import ServerRejected, ServerUnavailable, VmWriter
from vm_df_writer.jobs import JobError, JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.metrics import MetricsPush, WriterMetrics

FRAME = frame_of(3000, 3)


@pytest.fixture
def gate(victoria_metrics: LocalVictoriaMetrics) -> Iterator[SignedOnly]:
    with SignedOnly(victoria_metrics.url).running() as gate:
        assert isinstance(gate, SignedOnly)
        yield gate


def open_writer(gate: SignedOnly, name: str, **parameters: Any) -> VmWriter:
    metric_format = {"__name__": name, "column": "$VAR"}
    return VmWriter(gate.url, metric_format=metric_format, **({"auth": Signed()} | parameters))


@pytest.mark.parametrize(
    "parameters",
    [
        {"compression": "none"},
        {"compression": "gzip"},
        {"compression": "zstd"},
        {"protocol": "remote_write", "compression": "snappy"},
    ],
    ids=lambda parameters: parameters["compression"],
)
def test_all_that_a_writer_asks_and_sends_is_signed(
    gate: SignedOnly, name: str, parameters: dict[str, str]
) -> None:
    with open_writer(gate, name, **parameters) as writer:
        writer.check()
        writer.write(FRAME, verify=True, reset_cache=True)
        assert len(writer.read(like=FRAME)) == len(FRAME)
        assert writer.diff(FRAME).empty
        metrics = MetricsPush(WriterMetrics(), writer.config)
        metrics.push()
        metrics.close()
    assert gate.refused == []
    paths = {path for _, path in gate.let_through}
    sent_to = "/api/v1/write" if "protocol" in parameters else "/api/v1/import"
    assert {sent_to, "/api/v1/export", "/internal/resetRollupResultCache", "/metrics"} <= paths


def test_a_replacement_is_signed(gate: SignedOnly, name: str, tmp_path: Path) -> None:
    with open_writer(gate, name, spool_dir=tmp_path) as writer:
        writer.write(FRAME)
        report = writer.write(FRAME.iloc[:9] + 1, if_exists="replace", verify=True)
    assert report.verification is not None
    assert report.verification.ok
    assert gate.refused == []
    assert ("POST", "/api/v1/admin/tsdb/delete_series") in gate.let_through


def test_each_attempt_is_signed_anew(gate: SignedOnly, name: str) -> None:
    gate.schedule(answer(503), reset_after, then=pass_on)
    with open_writer(gate, name, connection_retry_attempts=3) as writer:
        report = writer.write(FRAME, verify=True)
    assert (report.retries, gate.refused) == (2, [])
    assert len({seen.headers["X-Number"] for seen in gate.seen}) == 3
    assert len({seen.body for seen in gate.seen}) == 1


def test_a_refusal_names_auth_and_tells_neither_key_nor_signature(
    gate: SignedOnly, name: str
) -> None:
    with (
        open_writer(gate, name, auth=Signed("another key")) as writer,
        pytest.raises(ServerRejected, match=r"answered 403 .*not signed by .*\*\*\*") as caught,
    ):
        writer.write(FRAME)
    assert not any("Signature=" in text or "another key" in text for text in texts_of(caught.value))


def test_an_error_of_it_is_told_without_its_text(gate: SignedOnly, name: str) -> None:
    def sign(_: PreparedRequest) -> PreparedRequest:
        token = "hush"
        raise KeyError(token)

    with (
        open_writer(gate, name, auth=sign, connection_retry_attempts=0) as writer,
        pytest.raises(
            ServerUnavailable,
            match=r"^auth: it raised KeyError \(test_own_authentication\.py, line \d+, in sign\), ",
        ) as caught,
    ):
        writer.write(FRAME)
    assert caught.value.report is not None
    assert (caught.value.in_doubt, caught.value.report.undelivered) == (False, FRAME.size)
    assert not any("hush" in text for text in texts_of(caught.value))
    assert gate.seen == []


def test_vmauth_takes_a_name_and_a_password_from_it(
    victoria_metrics: LocalVictoriaMetrics, start_vmauth: Callable[..., ServerProcess], name: str
) -> None:
    user = {"username": "me", "password": "hush", "url_prefix": victoria_metrics.url}
    vmauth = start_vmauth(f"users: [{user}]")
    with VmWriter(vmauth.url, auth=HTTPBasicAuth("me", "hush")) as writer:
        report = writer.write(FRAME.add_prefix(name), verify=True)
    assert report.verification is not None
    assert report.verification.ok


def test_the_workers_of_a_job_sign(gate: SignedOnly, name: str, tmp_path: Path) -> None:
    FRAME.to_csv(tmp_path / "scores.csv")
    options = JobOptions(workers=2, verify=True)
    with open_writer(gate, name) as writer:
        report = backfill(
            str(tmp_path / "scores.csv"), writer, state=tmp_path / "state", options=options
        )
    assert report.ok
    assert gate.refused == []


def test_what_no_process_can_be_handed_is_refused_before_a_job(
    gate: SignedOnly, name: str, tmp_path: Path
) -> None:
    FRAME.to_csv(tmp_path / "scores.csv")
    with (
        open_writer(gate, name, auth=lambda request: request) as writer,
        pytest.raises(JobError, match=r"^auth: workers=2 .*cannot be pickled"),
    ):
        backfill(
            str(tmp_path / "scores.csv"),
            writer,
            state=tmp_path / "state",
            options=JobOptions(workers=2),
        )
