"""The code blocks of a page of Markdown, and what comments say of them.

A comment on the line before a block is a mark:

- ``<!-- not run: REASON -->``: the tests cannot run it; the site shows the reason.
- ``<!-- file: NAME -->``: it is what stands in a file that the code below uses.
- ``<!-- exit: CODE -->``: the last command ends with another code than 0.
- ``<!-- numbers differ -->``: the numbers of an output are those of one run.

``<!-- server: FLAGS -->`` anywhere on the page gives the flags of its server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

__all__ = ["MARKS", "Block", "blocks_of", "server_flags"]

MARKS = ("not run", "file", "exit", "numbers differ")

_BLOCK = re.compile(r"((?:^<!-- [^\n]* -->\n)*)^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"^<!-- ([a-z ]+)(?:: (.+))? -->$", re.MULTILINE)


class Block(NamedTuple):
    """A code block: its language, its text, the line on which that begins, and its marks."""

    language: str
    text: str
    line: int
    marks: Mapping[str, str]


def blocks_of(page: Path) -> Iterator[Block]:
    """Give the blocks, in the order of the page."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        marks = dict(_MARK.findall(found[1]))
        yield Block(found[2], found[3], text[: found.start(3)].count("\n") + 1, marks)


def server_flags(page: Path) -> list[str]:
    """Return the flags of the server that the page is about."""
    flags = re.findall(r"^<!-- server: (.+) -->$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [flag for line in flags for flag in line.split()]
