"""`frame.vm`, which `import vm_df_writer.accessor` gives."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import vm_df_writer.accessor  # noqa: F401 - it registers
from vm_df_writer import ConfigError, VmWriter, WriteReport, set_default, to_import_lines
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2026-11-20", periods=3, freq="1min", tz="UTC", name="time")
SCORES: Any = pd.DataFrame({"anomaly_score": [0.5, 1.5, 2.5]}, index=TIMES)


@pytest.fixture(autouse=True)
def no_default(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("VM_DF_WRITER_DATASOURCE_URL", raising=False)
    set_default(None)
    yield
    set_default(None)


@pytest.fixture(scope="module")
def server() -> Iterator[LocalVictoriaMetrics]:
    with LocalVictoriaMetrics(retention="100y") as server:
        yield server


def test_a_frame_writes_verifies_reads_and_compares_itself(server: LocalVictoriaMetrics) -> None:
    set_default(VmWriter(server.url))
    report: WriteReport = SCORES.vm.write(labels={"job": "a"}, verify=True)
    assert (report.samples, report.verification and report.verification.ok) == (3, True)
    assert SCORES.vm.verify(labels={"job": "a"}).found == 3
    assert SCORES.vm.diff(labels={"job": "a"}).empty
    back = SCORES.vm.read_back(labels={"job": "a"})
    assert back["anomaly_score"].tolist() == SCORES["anomaly_score"].tolist()
    assert [*back.index] == [*TIMES]
    assert SCORES.vm.preview().samples == 3


def test_a_series_writes_itself_to_a_url(server: LocalVictoriaMetrics) -> None:
    assert SCORES["anomaly_score"].vm.write(server.url, labels={"job": "b"}).samples == 3


def test_the_default_is_the_writer_of_the_environment(
    server: LocalVictoriaMetrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VM_DF_WRITER_DATASOURCE_URL", server.url)
    assert SCORES.vm.write(labels={"job": "c"}).samples == 3


def test_without_a_writer_the_three_ways_to_one_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        SCORES.vm.write()
    assert str(caught.value) == (
        "datasource_url: the environment has no VM_DF_WRITER_DATASOURCE_URL; set it to the URL of "
        "the server, such as http://localhost:8428; or pass a writer, or call "
        "vm_df_writer.set_default(writer) once"
    )


def test_lines_and_pictures_need_no_writer() -> None:
    assert [*SCORES.vm.to_import_lines(query_key="a")] == [*to_import_lines(SCORES, query_key="a")]
    pytest.importorskip("matplotlib").use("agg")
    assert SCORES.vm.plot()


def test_keywords_complete() -> None:
    parameters = inspect.signature(SCORES.vm.write).parameters
    assert [*parameters][:2] == ["writer", "if_exists"]
    assert "query_key" in parameters
    assert "like" not in inspect.signature(SCORES.vm.read_back).parameters
    assert "frame" not in inspect.signature(SCORES.vm.to_import_lines).parameters


def test_frames_of_polars_have_it_too(server: LocalVictoriaMetrics) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"time": [*TIMES.to_pydatetime()], "anomaly_score": [0.5, 1.5, 2.5]})
    assert frame.vm.write(server.url, labels={"job": "d"}).samples == 3
    assert frame.lazy().vm.preview(server.url).samples == 3
    back = frame.vm.read_back(server.url, labels={"job": "d"})
    assert isinstance(back, pl.DataFrame)
    assert back["anomaly_score"].to_list() == [0.5, 1.5, 2.5]
    assert isinstance(
        frame.vm.read_back(server.url, labels={"job": "d"}, backend="pandas"), pd.DataFrame
    )
