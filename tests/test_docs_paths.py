"""The files, tests and commands that pages of prose name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.docs_pages import docs_pages

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "benchmarks").glob("*.md")), *docs_pages()]

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def anchors_of(page: Path) -> set[str]:
    """Return what a link may name of a page: its headings, as GitHub and the site call them."""
    text = re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"\[(.+?)\]\(.+?\)", r"\1", text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings}


@each_page
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^```(?!{).*?^```$", "", page.read_text(encoding="utf-8"))
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text):
        led_to = page.parent / target if target else page
        assert led_to.exists(), target
        if anchor:
            assert anchor in anchors_of(led_to), f"{target}#{anchor}"


@each_page
def test_a_link_to_another_site_is_secure(page: Path) -> None:
    assert re.findall(r"\]\((http://[^)]+)\)", page.read_text(encoding="utf-8")) == []


@each_page
def test_every_module_that_is_named_by_its_path_is_there(page: Path) -> None:
    named = re.findall(r"`((?:[\w-]+/)+[\w-]+\.py)`", page.read_text(encoding="utf-8"))
    roots = (ROOT, ROOT / "vm_df_writer", page.parent)
    assert [path for path in named if not any((root / path).exists() for root in roots)] == []


@each_page
def test_every_make_target_that_is_named_is_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(
        re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_every_test_that_a_decision_names_is_there() -> None:
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for page in (ROOT / "docs" / "decisions").glob("*.md"):
        named = set(re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8")))
        assert named - defined == set(), page.name


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(
        r"^\| (\d+) \| \[(.+)\]\((.+)\) \|$",
        (folder / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [name for _, _, name in listed] == sorted(path.name for path in folder.glob("[0-9]*"))
    for number, title, name in listed:
        assert (folder / name).read_text(encoding="utf-8").startswith(f"# {number}. {title}\n")
