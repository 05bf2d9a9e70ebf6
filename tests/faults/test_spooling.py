"""What cannot be delivered is kept, and arrives by a replay or by curl."""

from __future__ import annotations

import gzip
import inspect
import json
import os
import shutil
import signal
import subprocess
import textwrap
import threading
from itertools import count, takewhile
from pathlib import Path

import orjson
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import accept, answer, delay, hang, pass_on
from tests.support.http_servers import NOBODY
from tests.support.spool_folders import FRAME, QUICK, names_in, samples_in, spool
from tests.support.stored_frame import StoredFrame, check_account
from tests.support.stored_samples import settled
from tests.support.writers import writer_to
from vm_df_writer import ServerRejected, SpoolError, WriteInterrupted, WriteReport
from vm_df_writer.delivery import spool as spool_module
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.wire.packing import Body


def test_what_finds_no_server_is_kept_and_a_replay_delivers_it(
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    report = spool(run, tmp_path)
    assert (report.samples, report.undelivered, report.total) == (0, FRAME.size, FRAME.size)
    files = sorted(str(path) for path in tmp_path.glob("*.jsonl.gz"))
    assert sorted(report.spooled) == files
    assert len(files) > 20
    assert samples_in(tmp_path) == FRAME.size
    assert (
        f"200,000 of 200,000 samples are not acknowledged; they are kept in {len(files)} files in "
        f"{str(tmp_path)!r}, for vm-df-writer replay. {NOBODY}/api/v1/import: nothing listens "
        "(connection refused); start it or correct datasource_url"
    ) in [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    replayed = writer_to(victoria_metrics.url, run, spool_dir=tmp_path).replay()
    assert (replayed.layout, replayed.samples, replayed.undelivered) == ("spool", FRAME.size, 0)
    assert (replayed.requests, replayed.series, replayed.spooled) == (len(files), 50, ())
    assert (replayed.first_ms, replayed.last_ms) == (report.first_ms, report.last_ms)
    assert names_in(tmp_path) == set()
    settled(victoria_metrics)
    stored = StoredFrame(victoria_metrics, run)
    check_account(replayed, stored, replayed)
    assert stored.is_all_of(FRAME)


def test_only_what_is_not_acknowledged_is_kept(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    proxy.schedule(*[pass_on] * 7, then=answer(500))
    report = writer_to(proxy.url, run, spool_dir=tmp_path, **QUICK).write(FRAME)
    assert report.samples > 0
    assert report.samples + samples_in(tmp_path) == FRAME.size
    facts = [json.loads(path.read_text()) for path in tmp_path.glob("*.json")]
    assert sum(fact["samples"] for fact in facts) == report.undelivered
    assert {fact["reason"].partition(": ")[2] for fact in facts} == {
        "answered 500 Internal Server Error; see the server's log"
    }
    assert 1 <= sum(fact["in_doubt"] for fact in facts) <= 2  # those that were on their way
    proxy.schedule(then=pass_on)
    writer_to(proxy.url, run).replay(tmp_path)
    settled(victoria_metrics)
    stored = StoredFrame(victoria_metrics, run)
    assert stored.is_all_of(FRAME)
    assert stored.copies == FRAME.size


def test_nothing_is_kept_of_a_write_that_succeeds_or_is_a_dry_run(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    writer = writer_to(victoria_metrics.url, run, spool_dir=tmp_path)
    assert writer.write(FRAME).spooled == writer.write(FRAME, dry_run=True).spooled == ()
    assert names_in(tmp_path) == set()


def test_a_replay_that_fails_keeps_the_rest_and_is_taken_up_again(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    proxy.schedule(*[pass_on] * 9, then=answer(401))
    with pytest.raises(
        ServerRejected,
        match=r"answered 401 .* \([\d,]+ samples are left in \d+ files: see \.report\)$",
    ) as caught:
        writer_to(proxy.url, run).replay(tmp_path)
    report = caught.value.report
    assert report is not None
    assert report.requests == 9
    assert report.samples + report.undelivered == FRAME.size
    assert report.undelivered == samples_in(tmp_path)
    left = sorted(str(path) for path in tmp_path.glob("*.jsonl.gz"))
    assert sorted(report.spooled) == left
    proxy.schedule(then=pass_on)
    assert writer_to(proxy.url, run).replay(tmp_path).samples == report.undelivered
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


def test_files_are_sent_oldest_first(proxy: FaultProxy, run: str, tmp_path: Path) -> None:
    spool(run, tmp_path)
    bodies = [gzip.decompress(path.read_bytes()) for path in sorted(tmp_path.glob("*.jsonl.gz"))]
    proxy.schedule(then=accept(0))
    writer_to(proxy.url, run, concurrency=1).replay(tmp_path)
    assert [seen.body for seen in proxy.seen] == bodies


@pytest.mark.parametrize("status", [400, 413])
def test_a_file_that_is_refused_does_not_keep_the_others_from_being_sent(
    proxy: FaultProxy, run: str, tmp_path: Path, status: int
) -> None:
    spool(run, tmp_path)
    n_files = len(list(tmp_path.glob("*.jsonl.gz")))
    proxy.schedule(accept(0), answer(status), accept(0), answer(status), then=accept(0))
    with pytest.raises(
        SpoolError,
        match=rf"^replay: 2 of {n_files} files are left to you: '.*\.jsonl\.gz': http.*: "
        rf"answered {status} .*; '.*\.jsonl\.gz': http.*: answered {status}",
    ) as caught:
        writer_to(proxy.url, run).replay(tmp_path)
    assert caught.value.report is not None
    assert caught.value.report.undelivered == samples_in(tmp_path) > 0
    assert len(list(tmp_path.glob("*.jsonl.gz"))) == 2
    assert len(proxy.seen) == n_files


def test_damaged_files_and_those_of_another_tenant_stay_and_are_named(
    proxy: FaultProxy, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    files = sorted(tmp_path.glob("*.jsonl.gz"))
    files[0].write_bytes(files[0].read_bytes()[:1000])
    sidecar = Path(str(files[1]).replace(".jsonl.gz", ".json"))
    sidecar.write_bytes(orjson.dumps(orjson.loads(sidecar.read_bytes()) | {"tenant": "5:7"}))
    Path(str(files[2]).replace(".jsonl.gz", ".json")).unlink()
    proxy.schedule(then=accept(0))
    with pytest.raises(
        SpoolError,
        match=rf"^replay: 3 of {len(files)} files are left to you: '{files[0]}': it is damaged "
        rf"\(.*\); restore it, .* again; '{files[1]}': it is of tenant '5:7'; replay it "
        rf"with that tenant_id; '{files[2]}': the sidecar, which tells the tenant, is missing or "
        r"damaged; send it by curl$",
    ) as caught:
        writer_to(proxy.url, run).replay(tmp_path)
    assert sorted(tmp_path.glob("*.jsonl.gz")) == files[:3]
    assert caught.value.report is not None
    assert caught.value.report.spooled == tuple(map(str, files[:3]))
    assert len(proxy.seen) == len(files) - 3


def test_a_tenant_that_was_edited_to_a_number_keeps_one_file_alone_from_being_sent(
    proxy: FaultProxy, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    first, *others = sorted(tmp_path.glob("*.jsonl.gz"))
    sidecar = Path(str(first).replace(".jsonl.gz", ".json"))
    sidecar.write_bytes(orjson.dumps(orjson.loads(sidecar.read_bytes()) | {"tenant": 5}))
    proxy.schedule(then=accept(0))
    with pytest.raises(SpoolError, match=r"the sidecar's tenant, 5, is no text; put it in quotes$"):
        writer_to(proxy.url, run).replay(tmp_path)
    assert list(tmp_path.glob("*.jsonl.gz")) == [first]
    assert len(proxy.seen) == len(others)


def test_a_folder_that_is_not_there_is_named(run: str, tmp_path: Path) -> None:
    with pytest.raises(
        SpoolError,
        match=r"^replay: '.*/nowhere' cannot be read \(No such file or directory\); name the "
        r"folder that undelivered samples were kept in$",
    ):
        writer_to(NOBODY, run).replay(tmp_path / "nowhere")


def test_ctrl_c_ends_a_replay_soon_and_leaves_what_is_not_acknowledged(
    proxy: FaultProxy, victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    spool(run, tmp_path)
    proxy.schedule(*[delay(0.02)] * 8, then=hang)
    threading.Timer(0.7, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        writer_to(proxy.url, run).replay(tmp_path)
    report: WriteReport = caught.value.report  # type: ignore[attr-defined]
    assert report.samples + samples_in(tmp_path) == FRAME.size
    assert report.requests == 8
    proxy.schedule(then=pass_on)
    assert writer_to(proxy.url, run).replay(tmp_path).samples == report.undelivered
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)


def test_after_an_interrupt_whose_traceback_is_kept_the_rest_can_be_replayed(
    proxy: FaultProxy, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A notebook keeps the last traceback, and with it all that its frames refer to."""
    spool(run, tmp_path)
    proxy.schedule(then=accept(0))
    read, reads = SpooledFile.read, count()

    def read_or_be_interrupted(file: SpooledFile) -> Body:
        if next(reads) == 3:
            signal.raise_signal(signal.SIGINT)
        return read(file)

    monkeypatch.setattr(SpooledFile, "read", read_or_be_interrupted)
    with pytest.raises(WriteInterrupted) as kept:
        writer_to(proxy.url, run).replay(tmp_path)
    again = writer_to(proxy.url, run).replay(tmp_path)
    assert kept.value.report.samples + again.samples == FRAME.size
    assert names_in(tmp_path) == set()


@pytest.fixture
def curl_command() -> str:
    """The shell command that the module documents."""
    lines = (inspect.getdoc(spool_module) or "").partition("::\n")[2].splitlines()
    return textwrap.dedent("\n".join(takewhile(lambda line: line[:1] in ("", " "), lines)))


def test_the_documented_curl_command_sends_the_files_and_removes_them(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path, curl_command: str
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    spool(run, tmp_path)
    assert "curl" in curl_command
    environment = {**os.environ, "URL": victoria_metrics.url}
    subprocess.run(["sh", "-euc", curl_command], cwd=tmp_path, env=environment, check=True)  # noqa: S603, S607
    assert names_in(tmp_path) == set()
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).is_all_of(FRAME)
