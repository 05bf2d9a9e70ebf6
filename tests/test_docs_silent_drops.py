"""docs/reference/data/silent_drops.md names all tests of the modules it points to, no others."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.docs_pages import DOCS

ROOT = Path(__file__).parents[1]
DOCUMENT = (DOCS / "reference" / "data" / "silent_drops.md").read_text(encoding="utf-8")
SECTIONS = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.splitlines()[0])
def test_each_row_is_shown_by_a_test_and_each_test_has_a_row(section: str) -> None:
    (module,) = re.findall(r"`(tests/server/test_\w+\.py)`", section)
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    tests = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    named = [re.search(r"\| `(test_\w+)` \|$", row) for row in rows]
    assert None not in named, "a row names no test"
    assert {match[1] for match in named if match} == {
        name for name in tests if name.startswith("test_")
    }
