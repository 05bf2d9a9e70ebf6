from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from vm_df_writer import ConfigError, alert_rules
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.sample_counts import SampleCounts

COUNTS = SampleCounts([b'{"__name__":"anomaly_score"}'], *np.array([[3], [0], [120_000]]))
REPORT = WriteReport(layout="wide", acknowledged_counts=(COUNTS,))
INDEX = pd.date_range("2026-01-01", periods=3, freq="min", tz="UTC")
SCORES = pd.DataFrame({"y": [1.0, 2.0, 3.0], "anomaly_score": [0.5, 1.5, 0.5]}, index=INDEX)


class Reader:
    """What a report asks of its writer."""

    query_range = None

    def read(self, *, like: Any, layout: Any) -> pd.DataFrame:
        assert (like, layout) == (REPORT, "long")
        return SCORES


def test_alert_rules_of_a_report_are_those_of_its_scores() -> None:
    assert str(REPORT.alert_rules(threshold=0.75)) == str(alert_rules(REPORT, threshold=0.75))


def test_a_report_without_a_writer_asks_for_one() -> None:
    with pytest.raises(ConfigError, match="plot: a copy of a report knows no writer; pass one"):
        REPORT.plot()


@pytest.mark.parametrize("what", [SCORES, Reader()])
def test_a_report_draws_a_frame_or_what_a_writer_reads_back(what: Any) -> None:
    pytest.importorskip("matplotlib").use("Agg")
    values, scores = REPORT.plot(what)
    assert np.asarray(values.lines[0].get_ydata(), float).tolist() == [1.0, 2.0, 3.0]
    assert scores.get_ylabel() == "anomaly_score"
