"""From a report to a picture of what the server has, and to alerts on it."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import ConfigError, VmWriter, WriteReport, alert_rules
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("matplotlib").use("Agg")

INDEX = pd.date_range("2026-01-01", periods=50, freq="1min", tz="UTC", name="time")
COLUMNS = pd.MultiIndex.from_product(
    [["y", "yhat", "anomaly_score"], ["web-01", "web-02"]], names=["var", "host"]
)
FRAME = pd.DataFrame(np.linspace(0.0, 2.0, 300).reshape(50, 6), INDEX, COLUMNS)


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str) -> Iterator[VmWriter]:
    metric_format = {"__name__": f"{name}_$VAR", "for": "$QUERY_KEY"}
    with VmWriter(victoria_metrics.url, metric_format=metric_format) as writer:
        yield writer


@pytest.fixture
def report(writer: VmWriter) -> WriteReport:
    return writer.write(FRAME, query_key="cpu")


def test_what_was_written_is_drawn_as_the_server_has_it(report: WriteReport) -> None:
    values, scores = report.plot()
    assert "host=web-02" in values.get_title("left")
    (observed,) = (line for line in values.lines if line.get_label() == "y")
    np.testing.assert_allclose(np.asarray(observed.get_ydata(), float), FRAME[("y", "web-02")])
    assert scores.get_ylabel() == "anomaly_score"
    cells = report.plot(heatmap=True)
    assert {text.get_text() for text in cells.get_yticklabels()} == {"web-01", "web-02"}


def test_a_copy_is_told_the_writer_or_the_frame(report: WriteReport, writer: VmWriter) -> None:
    for copied in (copy.copy(report), pickle.loads(pickle.dumps(report)), report + report):  # noqa: S301
        with pytest.raises(
            ConfigError, match=r"plot: a copy of a report knows no writer; pass one"
        ):
            copied.plot()
    assert len(copy.copy(report).plot(writer)) == 2
    assert len(copy.copy(report).plot(FRAME, query_key="cpu")) == 2


def test_a_report_that_is_pickled_has_no_credentials(
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    with VmWriter(victoria_metrics.url, user="me", password="hunter2secret") as writer:
        report = writer.write(FRAME, query_key="cpu", dry_run=True)
    assert b"hunter2secret" not in pickle.dumps(report)
    assert "hunter2secret" not in repr(vars(report))


def test_its_alert_rules_are_those_of_the_function(report: WriteReport) -> None:
    rules = report.alert_rules(threshold=2, for_="10m", name="cpu")
    assert rules == alert_rules(report, threshold=2, for_="10m", name="cpu")
    assert rules.rules[0].for_ == "10m"
