"""The help of commands for sphinx-click: plain text, and options in the groups of ``--help``."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any

import click
from sphinx.application import Sphinx

__all__ = ["setup"]

_MARKUP = re.compile(r"[*_|`\\]|:(?=//)")


def _plain(_: Sphinx, __: click.Context, lines: list[str]) -> None:
    """Take nothing in a help text for markup but the bars of lines that are not to be wrapped."""
    lines[:] = [
        line[:2] + _MARKUP.sub(r"\\\g<0>", line[2:]) if line.startswith("| ") else _escaped(line)
        for line in lines
    ]


def _escaped(line: str) -> str:
    is_markup = line.lstrip().startswith((".. ", ":default:", ":options:"))
    return line if is_markup else _MARKUP.sub(r"\\\g<0>", line)


def _grouped(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Put the headings of ``--help`` between the options."""
    _plain(app, context, lines)
    starts = [i for i, line in enumerate(lines) if line.startswith(".. option::")]
    ends = [*starts[1:], len(lines)]
    options = [
        option
        for option in context.command.params
        if isinstance(option, click.Option) and not option.hidden
    ]
    blocks = zip(options, starts, ends, strict=True)
    made: list[str] = []
    for heading, group in groupby(blocks, key=lambda block: getattr(block[0], "group", "Options")):
        if heading != "Options":
            made += [f".. rubric:: {heading}", ""]
        for _, start, end in group:
            made += lines[start:end]
    lines[:] = made


def _no_variables(_: Sphinx, __: click.Context, lines: list[str]) -> None:
    """Leave out what one sentence of the page says of all options."""
    lines.clear()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with sphinx-click."""
    app.setup_extension("sphinx_click")
    variables = "sphinx-click-process-envars"
    if variables not in app.events.events:
        app.add_event(variables)  # sphinx-click 6.2 emits it without adding it
    app.connect("sphinx-click-process-description", _plain)
    app.connect("sphinx-click-process-options", _grouped)
    app.connect(variables, _no_variables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
