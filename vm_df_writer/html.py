"""Small HTML for notebooks: no script, no style sheet, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["facts_table"]


def facts_table(title: str, facts: Mapping[str, object]) -> str:
    """Return an HTML table with one row per fact; links become anchors.

    Examples
    --------
    >>> facts_table("written", {"samples": "1,000"})
    '<table><caption>written</caption><tr><th>samples</th><td>1,000</td></tr></table>'
    """
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{_cell(str(value))}</td></tr>"
        for name, value in facts.items()
    )
    return f"<table><caption>{escape(title)}</caption>{rows}</table>"


def _cell(text: str) -> str:
    escaped = escape(text)
    if text.startswith(("http://", "https://")):
        return f'<a href="{escaped}" target="_blank" rel="noopener">{escaped}</a>'
    return escaped
