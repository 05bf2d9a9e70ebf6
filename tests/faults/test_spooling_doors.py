"""A spooled body goes to the door that it was made for, or nowhere."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import requests

from tests.support.spool_folders import FRAME, names_in, spool
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import writer_to
from vm_df_writer import SpoolError
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.protocol import REMOTE_WRITE


def test_remote_write_is_kept_and_a_replay_delivers_it(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    report = spool(run, tmp_path, protocol="remote_write")
    files = sorted(tmp_path.glob("*.rw.sz"))
    assert sorted(report.spooled) == list(map(str, files))
    assert (report.undelivered, len(files) > 10) == (FRAME.size, True)
    replayed = writer_to(victoria_metrics.url, run, protocol="remote_write").replay(tmp_path)
    assert (replayed.samples, replayed.requests, replayed.undelivered) == (
        FRAME.size,
        len(files),
        0,
    )
    assert names_in(tmp_path) == set()
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


def test_a_file_of_remote_write_is_what_curl_can_post(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path, protocol="remote_write")
    for path in tmp_path.glob("*.rw.sz"):
        answer = requests.post(
            f"{victoria_metrics.url}/api/v1/write",
            path.read_bytes(),
            headers=dict(REMOTE_WRITE.headers("snappy")),
            timeout=30,
        )
        assert answer.status_code == 204
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


@pytest.mark.parametrize(
    ("written", "replayed"), [("import", "remote_write"), ("remote_write", "import")]
)
def test_a_body_is_not_sent_as_what_it_is_not(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path, written: str, replayed: str
) -> None:
    spool("scores", tmp_path, protocol=written)
    before = names_in(tmp_path)
    writer = writer_to(victoria_metrics.url, "scores", protocol=replayed)
    with pytest.raises(SpoolError, match=f"it is for the protocol '{written}'; replay it with pro"):
        writer.replay(tmp_path)
    assert names_in(tmp_path) == before


def test_a_body_that_was_made_for_another_kind_of_server_stays(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path, protocol="remote_write")
    first, *others = sorted(tmp_path.glob("*.rw.sz"))
    sidecar = first.with_name(first.name.replace(".rw.sz", ".json"))
    facts = orjson.loads(sidecar.read_bytes())
    assert facts["receiver"] == "other"  # nothing was known of the server, so that it fits any
    sidecar.write_bytes(orjson.dumps(facts | {"receiver": "prometheus"}))
    writer = writer_to(victoria_metrics.url, run, protocol="remote_write")
    with pytest.raises(
        SpoolError, match="it was made for 'prometheus', and the server is 'victo"
    ) as e:
        writer.replay(tmp_path)
    assert e.value.report is not None
    assert e.value.report.requests == len(others)
    assert [path for path in tmp_path.iterdir() if path.suffix == ".sz"] == [first]
