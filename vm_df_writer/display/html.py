"""Small HTML for notebooks: no script, no style sheet, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

__all__ = ["facts_table", "whole_page"]

# Jupyter sets cells flush right and lets a long URL widen them, which puts all values out of sight.
_NAME_STYLE = "text-align:left;vertical-align:top;white-space:nowrap"
_CAPTION_STYLE = "text-align:left;white-space:nowrap"
_VALUE_STYLE = "text-align:left;overflow-wrap:anywhere"
# The browser's own colours of a scheme, also those of links.
_STYLE = (
    "<style>:root{color-scheme:light dark}body{font:15px/1.5 sans-serif;margin:2em}"
    "caption{font-weight:bold;padding-top:1em}th{font-weight:normal;opacity:.7;padding-right:1em}"
    "</style>"
)


def facts_table(title: str, facts: Mapping[str, object]) -> str:
    """Return an HTML table with one row per fact; links become anchors.

    Examples
    --------
    >>> facts_table("written", {"samples": "1,000"})[:60]
    '<table><caption style="text-align:left;white-space:nowrap">w'
    """
    rows = "".join(
        f'<tr><th style="{_NAME_STYLE}">{_text(name)}</th>'
        f'<td style="{_VALUE_STYLE}">{_cell(str(value))}</td></tr>'
        for name, value in facts.items()
    )
    return f'<table><caption style="{_CAPTION_STYLE}">{_text(title)}</caption>{rows}</table>'


def whole_page(title: str, body: str) -> str:
    """Return HTML as a page of its own, light or dark as the reader's system is.

    Examples
    --------
    >>> page = whole_page("a < b", "<p>text</p>")
    >>> page[:60], page.endswith("<p>text</p>")
    ('<!doctype html><meta charset="utf-8"><title>a &lt; b</title>', True)
    """
    return f'<!doctype html><meta charset="utf-8"><title>{escape(title)}</title>{_STYLE}{body}'


def _cell(text: str) -> str:
    if text.startswith(("http://", "https://")):
        return f'<a href="{escape(text)}" target="_blank" rel="noopener">{_text(text)}</a>'
    return _text(text)


def _text(text: str) -> str:
    # Notebooks typeset what stands between two dollars as a formula, unless a tag is in between.
    return escape(text).replace("$", "<span>$</span>")
