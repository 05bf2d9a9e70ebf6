"""Samples are not replaced where that is not safe, and nothing is deleted by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.replace_kills import is_old
from tests.support.replace_scene import BRIEFLY, CORRECTED, DEDUPLICATION, NEW, OLD, writer_of
from tests.support.score_files import config_for
from tests.support.stored_seconds import frame, stored
from vm_df_writer import ConfigError, ReplaceError, VmWriter
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.jobs import JobError, JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess

StartServer = Callable[..., LocalVictoriaMetrics]

pytestmark = [
    pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning"),
    pytest.mark.filterwarnings("ignore::vm_df_writer.CopiesWarning"),
]


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path) -> VmWriter:
    return writer_of(victoria_metrics.url, name, tmp_path)


def files_in(folder: Path) -> list[str]:
    return [path.name for path in (folder / "spool").glob("*.json*")]


def test_a_history_that_is_too_large_is_refused(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    writer = writer_of(victoria_metrics.url, name, tmp_path, replace_max_samples=5)
    writer.write(OLD)
    with pytest.raises(
        ReplaceError,
        match=r"^if_exists: 'replace' is refused: 1 series with conflicts hold 6 samples, all of "
        r"which would be exported, .*, and replace_max_samples is 5; raise it, or write",
    ):
        writer.write(NEW, if_exists="replace")
    assert stored(victoria_metrics, name) == {s: [v] for s, v in enumerate(OLD["y"])}


def test_a_value_beside_which_the_others_would_become_zero_is_refused(
    victoria_metrics: LocalVictoriaMetrics, writer: VmWriter, name: str, tmp_path: Path
) -> None:
    writer.write(frame([1e-9, 2e-9, 3.0]))
    with pytest.raises(
        ReplaceError,
        match=r"has 2 samples as small as 1e-09, which the server would round off or make zero "
        r"beside 1e\+15: it keeps about 18 digits .*; correct that value, or write it to series of",
    ):
        writer.write(frame([1e15], start=2), if_exists="replace")
    assert stored(victoria_metrics, name) == {0: [1e-9], 1: [2e-9], 2: [3.0]}
    assert files_in(tmp_path) == []
    writer.write(frame([0.002], start=2), if_exists="replace")
    assert stored(victoria_metrics, name) == {0: [1e-9], 1: [2e-9], 2: [0.002]}


def test_a_series_that_another_writer_is_at_is_refused(writer: VmWriter) -> None:
    now = pd.Timestamp.now("UTC").floor("s")
    recent = pd.DataFrame({"time": [now - pd.Timedelta("1h"), now], "host": "a", "y": [1.0, 2.0]})
    writer.write(recent)
    with pytest.raises(ReplaceError, match=r"has 1 samples of the last 300 s at other times than"):
        writer.write(recent.iloc[:1].assign(y=5.0), if_exists="replace")
    assert writer.write(recent.assign(y=5.0), if_exists="replace").samples == 2


def test_a_writer_that_comes_in_between_is_noticed_before_anything_is_deleted(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    """What is on the disk then lacks what came meanwhile."""
    other = writer_of(victoria_metrics.url, name, tmp_path / "other")
    seconds = iter(range(100, 1000))

    class MeddledSpool(Spool):
        """A spool beside which samples come in while it is written."""

        def keep(self, *body: Any, **facts: Any) -> Path:
            path = super().keep(*body, **facts)
            other.write(frame([1.0], start=next(seconds)))
            return path

    writer = writer_of(victoria_metrics.url, name, tmp_path)
    spool = MeddledSpool(tmp_path / "spool")
    meddled = replace(Backend.of(writer.config, replacing=BRIEFLY), spool=spool)
    writer.write(OLD)
    with pytest.raises(ReplaceError, match=r"were written to while they were read: another writer"):
        VmWriter.from_backend(meddled).write(NEW, if_exists="replace")
    before = {s: [v] for s, v in enumerate(OLD["y"])}
    assert stored(victoria_metrics, name) == before | {100: [1], 101: [1], 102: [1]}
    assert files_in(tmp_path) == []


def test_without_a_spool_it_is_refused(victoria_metrics: LocalVictoriaMetrics, name: str) -> None:
    with pytest.raises(ConfigError, match=r"^if_exists: 'replace' needs spool_dir=, a folder that"):
        VmWriter(victoria_metrics.url).write(OLD.assign(name=name), if_exists="replace")
    with pytest.raises(JobError, match=r"^if_exists: 'replace' needs spool_dir="):
        backfill(
            [OLD], config_for(victoria_metrics.url, name), options=JobOptions(if_exists="replace")
        )
    with pytest.raises(JobError, match=r"^workers: 2 of them could delete what the others write"):
        JobOptions(if_exists="replace", workers=2)


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (
            ["-deleteAuthKey=secret"],
            r"let us delete series \(/api/v1/admin/tsdb/delete_series: status 40[01]\); let these",
        ),
        (["-storage.maxHourlySeries=1000"], r"runs with -storage\.maxHourlySeries=1000, so that"),
    ],
)
def test_a_server_that_cannot_is_refused_before_anything_is_sent(
    start_victoria_metrics: StartServer, name: str, tmp_path: Path, flags: list[str], reason: str
) -> None:
    server = start_victoria_metrics(*flags)
    writer = writer_of(server.url, name, tmp_path)
    writer.write(OLD)
    with pytest.raises(ReplaceError, match=f"^if_exists: 'replace' is refused: .*{reason}"):
        writer.write(NEW, if_exists="replace")
    assert stored(server, name) == {s: [v] for s, v in enumerate(OLD["y"])}


def test_the_key_of_deletions_is_passed(
    start_victoria_metrics: StartServer, name: str, tmp_path: Path
) -> None:
    server = start_victoria_metrics("-deleteAuthKey=secret")
    writer = writer_of(server.url, name, tmp_path, delete_auth_key="secret")
    writer.write(OLD)
    writer.write(NEW, if_exists="replace")
    assert stored(server, name) == CORRECTED
    assert "secret" not in repr(writer.config)


def test_agents_and_clusters_are_refused(
    victoria_metrics: LocalVictoriaMetrics,
    start_vmagent: Callable[..., ServerProcess],
    name: str,
    tmp_path: Path,
) -> None:
    agent = start_vmagent(victoria_metrics.url)
    writer = writer_of(agent.url, name, tmp_path, query_url=victoria_metrics.url)
    with pytest.raises(ReplaceError, match=r"it is a vmagent, which hands samples on later and"):
        writer.write(NEW, if_exists="replace")
    cluster = writer_of(victoria_metrics.url, name, tmp_path, tenant_id="0")
    with pytest.raises(ReplaceError, match=r"it is a cluster, on which it was not tried; write to"):
        cluster.write(NEW, if_exists="replace")


def test_only_one_at_a_time_replaces_by_a_spool(writer: VmWriter, tmp_path: Path) -> None:
    writer.write(OLD)
    spool = Spool(tmp_path / "spool")
    with (
        spool.lock(),
        pytest.raises(ReplaceError, match=r"another one is at work in '.*spool'; wait"),
    ):
        writer.write(NEW, if_exists="replace")


def test_an_old_server_that_deduplicates_is_refused(
    start_victoria_metrics: StartServer, name: str, tmp_path: Path
) -> None:
    server = start_victoria_metrics(DEDUPLICATION)
    if not is_old(server):
        pytest.skip("it is new")
    with pytest.raises(ReplaceError, match=r"the server deduplicates, and is older than v1\.86 or"):
        writer_of(server.url, name, tmp_path).write(NEW, if_exists="replace")
