"""What the README says of speed is what was measured, and it is short; its code runs elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support.docs_pages import DOCS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def numbers_in(text: str) -> list[str]:
    return _NUMBER.findall(re.sub(r"\]\(.*?\)|`.*?`|\[.*?\]", "", text))


def test_every_number_of_speed_and_memory_is_one_of_the_results() -> None:
    section = README.split("\n## How fast it is\n", 1)[1].split("\n## ", 1)[0]
    shown = numbers_in(section)
    assert len(shown) >= 10
    assert set(shown) - set(_NUMBER.findall(RESULTS)) == set()


def test_every_number_of_why_it_is_fast_was_measured() -> None:
    page = (DOCS / "explanation" / "why_fast.md").read_text(encoding="utf-8")
    decisions = [path.read_text(encoding="utf-8") for path in (DOCS / "decisions").glob("*.md")]
    measured = set(_NUMBER.findall("".join([RESULTS, *decisions])))
    assert len(numbers_in(page)) >= 10
    assert set(numbers_in(page)) - measured == set()


def test_it_is_a_screen_and_a_half_and_leads_to_every_part_of_the_documentation() -> None:
    assert len(README.splitlines()) <= 115
    for part in ("tutorials", "howto", "reference", "explanation"):
        assert f"(docs/{part}/index.md)" in README
