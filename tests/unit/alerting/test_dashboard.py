from __future__ import annotations

import json

from vm_df_writer.alerting.dashboard import grafana_dashboard


def test_the_dashboard_is_one_to_import() -> None:
    """Its queries are run by tests/test_dashboard.py."""
    dashboard = json.loads(grafana_dashboard())
    assert dashboard["panels"]
    assert dashboard["uid"]
    assert dashboard.get("id") is None  # an import gives it one
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    assert "prefix" in variables


def test_the_datasource_is_asked_for() -> None:
    dashboard = json.loads(grafana_dashboard())
    sources = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
    assert [each["query"] for each in sources] == ["prometheus"]
