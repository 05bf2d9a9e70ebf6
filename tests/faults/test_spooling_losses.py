"""A replay keeps what the server would acknowledge and not store: it may be the only copy."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import accept
from tests.support.http_servers import NOBODY
from tests.support.spool_folders import QUICK, names_in
from tests.support.stored_frame import StoredFrame
from tests.support.stored_samples import settled
from tests.support.writers import frame_of, writer_to
from vm_df_writer import SpoolError, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

StartServer = Callable[..., LocalVictoriaMetrics]
DAY_S = 86_400
FRAME = frame_of(10, 2)


def keep_line(folder: Path, run: str, *ages_s: float, **labels: str) -> None:
    """Put a file with one line of these ages into a spool folder."""
    folder.mkdir(exist_ok=True)
    number = len(names_in(folder))
    times = [round((time.time() - age_s) * 1000) for age_s in ages_s]
    line = {"metric": {"__name__": run, "column": "c0", **labels}, "values": [1.5] * len(times)}
    data = orjson.dumps(line | {"timestamps": times}) + b"\n"
    (folder / f"{number:03}.jsonl.gz").write_bytes(gzip.compress(data))
    (folder / f"{number:03}.json").write_bytes(
        orjson.dumps({"tenant": None, "samples": len(times)})
    )


def check_left(writer: VmWriter, folder: Path, message: str, *, delivered: int, left: int) -> None:
    """See that a replay keeps the first file alone, and says why."""
    first = min(folder.glob("*.jsonl.gz"))
    content = first.read_bytes()
    with pytest.raises(SpoolError, match=message) as caught:
        writer.replay(folder)
    report = caught.value.report
    assert report is not None
    assert (report.samples, report.undelivered, report.spooled) == (delivered, left, (str(first),))
    assert list(folder.glob("*.jsonl.gz")) == [first]
    assert first.read_bytes() == content


@pytest.mark.parametrize(
    ("age_days", "message"),
    [
        (
            40,
            (
                r"^replay: 1 of 2 files are left to you: '.*000\.jsonl\.gz': too_old: 1 of "
                r"its 1 lines have samples before \d{4}-.* UTC, which the server drops; raise its "
                r"-retentionPeriod, or send the file by curl to do without these$"
            ),
        ),
        (
            -5,
            (
                r"too_new: 1 of its 1 lines have samples after \d{4}-.* UTC, which the server "
                r"drops; raise its -futureRetention, or send the file by curl to do without these$"
            ),
        ),
    ],
)
def test_a_file_with_samples_that_the_server_drops_for_their_time_stays(
    start_victoria_metrics: StartServer, run: str, tmp_path: Path, age_days: int, message: str
) -> None:
    server = start_victoria_metrics(retention="31d")
    spool = tmp_path / "spool"
    keep_line(spool, run, 2 * DAY_S, age_days * DAY_S, DAY_S)
    keep_line(spool, run, 3 * DAY_S)
    check_left(writer_to(server.url, run), spool, message, delivered=1, left=3)
    settled(server)
    assert StoredFrame(server, run).copies == 1


def test_a_file_with_more_labels_than_the_server_keeps_stays(
    start_victoria_metrics: StartServer, run: str, tmp_path: Path
) -> None:
    server = start_victoria_metrics("-maxLabelsPerTimeseries=3")
    spool = tmp_path / "spool"
    keep_line(spool, run, DAY_S, a="1", b="2")
    keep_line(spool, run, DAY_S, a="1")
    message = (
        r"labels: '\{\"__name__\":.*' has 4 labels, and the server keeps 3; raise max_labels if "
        r"the server runs with a higher -maxLabelsPerTimeseries$"
    )
    check_left(writer_to(server.url, run), spool, message, delivered=1, left=1)


def test_once_the_server_keeps_it_the_file_is_replayed(
    start_victoria_metrics: StartServer, run: str, tmp_path: Path
) -> None:
    keep_line(tmp_path, run, 40 * DAY_S)
    with pytest.raises(SpoolError, match="too_old"):
        writer_to(start_victoria_metrics(retention="31d").url, run).replay(tmp_path)
    writer_to(start_victoria_metrics(retention="1y").url, run).replay(tmp_path)
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"values":[', b'"values":[7,'),
        (b'"values":[', b'"values":[null,'),
        (b'"column":"c0"', b'"column":5'),
        (b'"column":"c0"', b'"column":""'),
        (b'"column":"c0"', b"column:c0"),
        (b'"timestamps":[', b'"timestamps":[[1],'),
    ],
)
def test_a_file_whose_lines_were_edited_stays(
    proxy: FaultProxy, run: str, tmp_path: Path, good: bytes, bad: bytes
) -> None:
    writer_to(NOBODY, run, spool_dir=tmp_path, **QUICK).write(FRAME)
    [path] = tmp_path.glob("*.jsonl.gz")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(good, bad, 1)))
    proxy.schedule(then=accept(0))
    message = (
        r"^replay: 1 of 1 files are left to you: '.*': it is damaged \(line 1: .*\); restore it, "
        r"or remove it and write its samples again$"
    )
    check_left(writer_to(proxy.url, run), tmp_path, message, delivered=0, left=FRAME.size)
    assert proxy.seen == []


def test_infinities_are_replayed(
    victoria_metrics: LocalVictoriaMetrics, run: str, tmp_path: Path
) -> None:
    frame = FRAME.copy()
    frame.iloc[0, 0], frame.iloc[1, 1] = float("inf"), float("-inf")
    writer_to(NOBODY, run, spool_dir=tmp_path, **QUICK).write(frame, inf="keep")
    assert samples_kept(tmp_path) == frame.size
    assert writer_to(victoria_metrics.url, run).replay(tmp_path).samples == frame.size
    settled(victoria_metrics)
    assert StoredFrame(victoria_metrics, run).copies == frame.size


def samples_kept(folder: Path) -> int:
    """Count the samples that sidecars tell of."""
    return sum(orjson.loads(path.read_bytes())["samples"] for path in folder.glob("*.json"))
