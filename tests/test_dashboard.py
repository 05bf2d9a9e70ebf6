"""The Grafana dashboard of the package: it is what its script makes, and its queries are taken."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from vm_df_writer import VmWriter, grafana_dashboard
from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[1]
DASHBOARD: Any = json.loads(grafana_dashboard())
PANELS: Any = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in PANELS
    for target in panel["targets"]
}
VARIABLES = {
    "${prefix}": "vmanomaly_",
    "$threshold": "1",
    "$query": "dashboard",
    "$job": ".*",
    "$__rate_interval": "5m",
    "$__interval": "5m",
    "$__range": "24h",
}


def fill_in(expr: str) -> str:
    for name, text in VARIABLES.items():
        expr = expr.replace(name, text)
    return expr


@pytest.fixture(scope="module")
def scored(victoria_metrics: LocalVictoriaMetrics) -> str:
    end = pd.Timestamp.now("UTC").floor("min")
    index = pd.date_range(end=end, periods=60, freq="1min")
    outputs = {"anomaly_score": 2.0, "y": 5.0, "yhat": 1.0, "yhat_lower": 0.0, "yhat_upper": 2.0}
    frame = pd.DataFrame(outputs, index=index)
    metric_format = {"__name__": "vmanomaly_$VAR", "for": "$QUERY_KEY"}
    with VmWriter(victoria_metrics.url, metric_format=metric_format) as writer:
        writer.write(frame, query_key="dashboard", labels={"host": "a"}, verify=True)
    return victoria_metrics.url


def test_the_dashboard_is_what_its_script_makes(tmp_path: Path) -> None:
    path = tmp_path / "dashboard.json"
    command = [sys.executable, str(ROOT / ".ci" / "build_dashboard.py"), str(path)]
    subprocess.run(command, check=True)  # noqa: S603
    assert path.read_text(encoding="utf-8") == grafana_dashboard()


@pytest.mark.parametrize("name", QUERIES)
def test_the_server_takes_every_query(name: str, scored: str) -> None:
    expr = fill_in(QUERIES[name])
    assert "$" not in expr
    end = pd.Timestamp.now("UTC").timestamp()
    span = {"start": f"{end - 3600:.0f}", "end": f"{end:.0f}", "step": "60", "nocache": "1"}
    answer = requests.get(f"{scored}/api/v1/query_range", {"query": expr, **span}, timeout=60)
    assert answer.status_code == 200, answer.text
    of_scores = "${prefix}" in QUERIES[name]
    assert bool(answer.json()["data"]["result"]) or not of_scores


def test_every_variable_that_is_used_is_defined_and_the_other_way_round() -> None:
    defined = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps(DASHBOARD)))
    assert defined - {"filters"} == used


def test_panels_have_a_place_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        x, y, width, height = (panel["gridPos"][key] for key in "xywh")
        cells = {(column, line) for column in range(x, x + width) for line in range(y, y + height)}
        assert x + width <= 24
        assert not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
