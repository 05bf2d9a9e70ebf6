"""Small HTML for notebooks: no script, no style sheet, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["facts_table"]

# Jupyter sets cells flush right and lets a long URL widen them, which puts all values out of sight.
_NAME_STYLE = "text-align:left;vertical-align:top;white-space:nowrap"
_VALUE_STYLE = "text-align:left;overflow-wrap:anywhere"


def facts_table(title: str, facts: Mapping[str, object]) -> str:
    """Return an HTML table with one row per fact; links become anchors.

    Examples
    --------
    >>> facts_table("written", {"samples": "1,000"})[:60]
    '<table><caption style="text-align:left">written</caption><tr'
    """
    rows = "".join(
        f'<tr><th style="{_NAME_STYLE}">{escape(name)}</th>'
        f'<td style="{_VALUE_STYLE}">{_cell(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    return f'<table><caption style="text-align:left">{escape(title)}</caption>{rows}</table>'


def _cell(text: str) -> str:
    escaped = escape(text)
    if text.startswith(("http://", "https://")):
        return f'<a href="{escaped}" target="_blank" rel="noopener">{escaped}</a>'
    return escaped
