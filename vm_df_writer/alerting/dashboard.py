"""The Grafana dashboard that comes with the package."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["grafana_dashboard"]


def grafana_dashboard() -> str:
    """Return a Grafana dashboard for scores, as JSON to import.

    It shows the scores of all series, the worst of them, what was observed and expected,
    anomalies per hour, and how the writer fares. It asks for a datasource of the type
    Prometheus, and takes metric names by the variable ``prefix`` (``vmanomaly_``).

    Examples
    --------
    >>> import json
    >>> json.loads(grafana_dashboard())["title"]
    'Anomaly scores (vm_df_writer)'
    """
    return files("vm_df_writer.alerting").joinpath("dashboard.json").read_text(encoding="utf-8")
