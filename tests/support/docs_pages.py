"""The pages of docs/, without those that a build makes."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DOCS", "docs_pages"]

DOCS = Path(__file__).parents[2] / "docs"
_MADE = [
    DOCS / name for name in ("_build", "project", "reference/interfaces/api", "tutorials/notebooks")
]


def docs_pages() -> list[Path]:
    """Return the files, in the order of their names."""
    return sorted(
        path
        for path in DOCS.rglob("*.md")
        if not any(path.is_relative_to(folder) for folder in _MADE)
    )
