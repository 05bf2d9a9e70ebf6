"""What the README says of speed is what was measured, and it is short; its code runs elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = (ROOT / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def numbers_under(heading: str) -> list[str]:
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return _NUMBER.findall(re.sub(r"\]\(.*?\)", "", section))


def test_every_number_of_speed_and_memory_is_one_of_the_results() -> None:
    measured = set(_NUMBER.findall(RESULTS))
    shown = numbers_under("How fast it is")
    assert len(shown) >= 10
    assert [number for number in shown if number not in measured] == []


def test_it_is_a_screen_and_a_half_and_leads_to_every_part_of_the_documentation() -> None:
    assert len(README.splitlines()) <= 115
    for part in ("tutorials", "howto", "reference", "explanation"):
        assert f"(docs/{part}/index.md)" in README
