"""Write the Grafana dashboard of the package: ``python .ci/build_dashboard.py [FILE]``.

The dashboard is a file of the package, and this script is where it is changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from grafana_model import (
    ANOMALOUS,
    CALM,
    DATASOURCE,
    WORST,
    lines,
    of_query,
    panel,
    row,
    stat,
    target,
    textbox,
    thresholds,
    variable,
)

TARGET = Path(__file__).parents[1] / "vm_df_writer" / "alerting" / "dashboard.json"

EXPECTED = "#3e7cb1"
QUERY = 'for=~"$query"'  # the ad hoc filters are added by Grafana
SCORE = f"${{prefix}}anomaly_score{{{QUERY}}}"
WRITER = 'job=~"$job"'
SCORE_COLORS = thresholds((None, CALM), (1.0, ANOMALOUS), (3.0, WORST))


def scores() -> list[dict[str, Any]]:
    no_alarm = thresholds((None, CALM), (1.0, WORST))
    return [
        stat(
            "Series above the threshold", 0, f"count({SCORE} > $threshold) or vector(0)",
            "How many series are anomalous now.", unit="short", colors=no_alarm,
        ),
        stat(
            "Series with scores", 6, f"count({SCORE})", "How many series are scored now.",
            unit="short", colors=thresholds((None, CALM)),
        ),
        stat(
            "Highest score in the range", 12, f"max(max_over_time({SCORE}[$__range]))",
            "The highest score of all series in the time range of the dashboard.", unit="short",
            colors=SCORE_COLORS,
        ),
        stat(
            "Age of the newest score", 18, f"min(lag({SCORE}[1d]))",
            "How long ago the newest score was.", unit="s",
            colors=thresholds((None, CALM), (900.0, ANOMALOUS), (3600.0, WORST)),
        ),
        panel(
            "status-history",
            "Scores of the 30 worst series",
            (0, 4, 24, 11),
            [target(f"topk_max(30, max_over_time({SCORE}[$__interval]))")],
            description="The highest score of each span of time; the colour changes at 1 and 3.",
            options={
                "showValue": "never", "rowHeight": 0.9, "colWidth": 1,
                "legend": {"showLegend": False}, "tooltip": {"mode": "single"},
            },
            defaults={
                "color": {"mode": "thresholds"}, "thresholds": SCORE_COLORS, "decimals": 2,
                "custom": {"lineWidth": 0, "fillOpacity": 85},
            },
            maxDataPoints=200,
        ),
        panel(
            "table",
            "Worst series in the range",
            (0, 15, 8, 10),
            [
                target(
                    f"sort_desc(topk(20, max_over_time({SCORE}[$__range])))",
                    instant=True, format="table",
                )
            ],
            defaults={"decimals": 2, "thresholds": SCORE_COLORS},
            overrides=[
                {
                    "matcher": {"id": "byName", "options": "Value"},
                    "properties": [
                        {"id": "displayName", "value": "highest score"},
                        {
                            "id": "custom.cellOptions",
                            "value": {"type": "color-background", "mode": "basic"},
                        },
                    ],
                }
            ],
            transformations=[
                {"id": "organize", "options": {"excludeByName": {"Time": True, "__name__": True}}}
            ],
        ),
        lines(
            "Anomalies per hour",
            (8, 15, 8, 10),
            [
                target(
                    f"sum(count_gt_over_time({SCORE}[1h], $threshold)) by (for)", "{{for}}",
                    interval="1h",
                )
            ],
            description="Samples above the threshold in each hour.",
            drawStyle="bars", fillOpacity=70, stacking={"mode": "normal"},
        ),
        lines(
            "Highest score",
            (16, 15, 8, 10),
            [
                target(f"max({SCORE}) by (for)", "{{for}}"),
                target("vector($threshold)", "threshold"),
            ],
            overrides=[of_query("B", WORST, **{"custom.lineStyle": {"fill": "dash"}})],
            fillOpacity=15,
        ),
        lines(
            "Observed against expected",
            (0, 25, 24, 11),
            [
                target(f"${{prefix}}{variable}{{{QUERY}}}", legend)
                for variable, legend in (
                    ("yhat_lower", "lower {{host}}{{instance}}"),
                    ("yhat_upper", "upper {{host}}{{instance}}"),
                    ("yhat", "expected {{host}}{{instance}}"),
                    ("y", "observed {{host}}{{instance}}"),
                )
            ],
            description="Filter by labels above until one series is left: then it is easy to read.",
            overrides=[
                of_query("A", EXPECTED, **{"custom.lineWidth": 0}),
                of_query(
                    "B", EXPECTED,
                    **{"custom.lineWidth": 0, "custom.fillBelowTo": "A", "custom.fillOpacity": 15},
                ),
                of_query("C", EXPECTED, **{"custom.lineWidth": 2}),
            ],
        ),
    ]  # fmt: skip


def writer() -> list[dict[str, Any]]:
    def rate(metric: str, by: str) -> str:
        return f"sum(rate({metric}{{{WRITER}}}[$__rate_interval])) by ({by})"

    duration = f"vmanomaly_writer_request_duration_seconds_bucket{{{WRITER}}}"
    return [
        row("Writer", 36),
        lines(
            "Responses",
            (0, 37, 8, 8),
            [target(rate("vmanomaly_writer_responses_total", "code"), "{{code}}")],
            description="Answers of the server by status; anything but 2xx was not stored.",
            unit="reqps", stacking={"mode": "normal"}, fillOpacity=25,
        ),
        lines(
            "Time of a request",
            (8, 37, 8, 8),
            [
                target(
                    f"histogram_quantile({quantile}, "
                    f"sum(rate({duration}[$__rate_interval])) by (le))",
                    f"p{round(quantile * 100)}",
                )
                for quantile in (0.5, 0.95)
            ],
            unit="s",
        ),
        lines(
            "Samples sent",
            (16, 37, 8, 8),
            [target(rate("vmanomaly_writer_datapoints_sent_total", "query_key"), "{{query_key}}")],
            unit="cps", fillOpacity=15,
        ),
        lines(
            "Samples that are not stored",
            (0, 45, 8, 8),
            [
                target(rate("vm_df_writer_dropped_samples_total", "reason"), "dropped: {{reason}}"),
                target(rate("vm_df_writer_undelivered_samples_total", "job"), "undelivered"),
                target(
                    rate("vm_df_writer_verified_samples_total", "result"),
                    "read back: {{result}}",
                ),
            ],
            unit="cps",
            overrides=[
                {
                    "matcher": {"id": "byName", "options": "read back: found"},
                    "properties": [{"id": "custom.hideFrom", "value": {"viz": True}}],
                }
            ],
        ),
        lines(
            "Retries, and bodies in doubt",
            (8, 45, 8, 8),
            [
                target(rate("vm_df_writer_retries_total", "job"), "retries"),
                target(rate("vm_df_writer_in_doubt_bodies_total", "job"), "in doubt"),
            ],
            unit="reqps",
        ),
        lines(
            "Bytes sent, and in the spool",
            (16, 45, 8, 8),
            [
                target(rate("vmanomaly_writer_sent_bytes_total", "job"), "sent"),
                target(f"sum(vm_df_writer_spool_bytes{{{WRITER}}}) by (job)", "in the spool"),
            ],
            unit="bytes",
        ),
    ]  # fmt: skip


def dashboard() -> dict[str, Any]:
    """Return the JSON model."""
    variables = [
        {
            "type": "datasource", "name": "datasource", "label": "Datasource",
            "query": "prometheus", "current": {},
        },
        textbox("prefix", "Prefix of metrics", "vmanomaly_"),
        textbox("threshold", "Threshold", "1"),
        variable("query", "Query", "label_values(${prefix}anomaly_score, for)"),
        variable("job", "Writer", "label_values(vmanomaly_writer_responses_total, job)"),
        {"type": "adhoc", "name": "filters", "label": "Labels", "datasource": DATASOURCE},
    ]  # fmt: skip
    panels = [*scores(), *writer()]
    return {
        "title": "Anomaly scores (vm_df_writer)",
        "uid": "vm-df-writer-scores",
        "description": "Scores written by vm_df_writer or vmanomaly, on VictoriaMetrics.",
        "tags": ["vm_df_writer", "anomaly detection"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-24h", "to": "now"},
        "timezone": "utc",
        "refresh": "1m",
        "templating": {"list": variables},
        "panels": [{"id": i, **one} for i, one in enumerate(panels, start=1)],
    }


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    path.write_text(json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
