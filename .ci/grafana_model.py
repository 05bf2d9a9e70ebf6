"""Parts of a dashboard, in the JSON model of Grafana 10.2 and newer."""

from __future__ import annotations

from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
CALM, ANOMALOUS, WORST = "#8fb0cc", "#f9b05e", "#d1343f"


def target(
    expr: str, legend: str = "__auto", *, instant: bool = False, **more: Any
) -> dict[str, Any]:
    """Return a query; its ref id is given by `panel`."""
    kind = {"instant": True, "range": False} if instant else {"range": True}
    return {
        "datasource": DATASOURCE, "editorMode": "code", "expr": expr, "legendFormat": legend,
        **kind, **more,
    }  # fmt: skip


def thresholds(*steps: tuple[float | None, str]) -> dict[str, Any]:
    return {"mode": "absolute", "steps": [{"value": at, "color": color} for at, color in steps]}


def panel(
    kind: str,
    title: str,
    place: tuple[int, int, int, int],
    targets: list[dict[str, Any]],
    *,
    description: str = "",
    options: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a panel at ``x, y, width, height`` of Grafana's grid, which has 24 columns."""
    x, y, width, height = place
    return {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "gridPos": {"x": x, "y": y, "w": width, "h": height},
        "targets": [{**one, "refId": chr(ord("A") + i)} for i, one in enumerate(targets)],
        "options": options or {},
        "fieldConfig": {"defaults": defaults or {}, "overrides": more.pop("overrides", [])},
        **more,
    }


def row(title: str, y: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": 24, "h": 1}
    return {"type": "row", "title": title, "gridPos": place, "collapsed": False, "panels": []}


def stat(
    title: str, x: int, expr: str, description: str, *, unit: str, colors: dict[str, Any]
) -> dict[str, Any]:
    return panel(
        "stat",
        title,
        (x, 0, 6, 4),
        [target(expr, instant=True)],
        description=description,
        options={"reduceOptions": {"calcs": ["lastNotNull"]}, "colorMode": "value"},
        defaults={"unit": unit, "decimals": 0, "thresholds": colors, "noValue": "-"},
    )


def lines(
    title: str,
    place: tuple[int, int, int, int],
    targets: list[dict[str, Any]],
    *,
    description: str = "",
    unit: str = "short",
    **custom: Any,
) -> dict[str, Any]:
    overrides = custom.pop("overrides", [])
    more = {"thresholds": custom.pop("thresholds")} if "thresholds" in custom else {}
    return panel(
        "timeseries",
        title,
        place,
        targets,
        description=description,
        options={
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        defaults={
            "unit": unit,
            "custom": {"lineWidth": 1, "showPoints": "never", **custom},
            **more,
        },
        overrides=overrides,
    )


def of_query(ref_id: str, color: str | None = None, **properties: Any) -> dict[str, Any]:
    """Return how the lines of one query look, unlike the others."""
    if color is not None:
        properties["color"] = {"mode": "fixed", "fixedColor": color}
    return {
        "matcher": {"id": "byFrameRefID", "options": ref_id},
        "properties": [{"id": name, "value": value} for name, value in properties.items()],
    }


def variable(name: str, label: str, query: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "query", "name": name, "label": label, "datasource": DATASOURCE,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1,
        "includeAll": True, "multi": True, "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]}, **more,
    }  # fmt: skip


def textbox(name: str, label: str, text: str) -> dict[str, Any]:
    current = {"text": text, "value": text}
    return {"type": "textbox", "name": name, "label": label, "query": text, "current": current}
