"""Pages as they stand in the project, made fit for the site.

Markdown files and notebooks that stand elsewhere in the project (``pages_from_elsewhere`` in
``conf.py``) are copied to where they are pages. Links are written as they lead from file to file in
the project; on the site those that lead to such a file lead to its page. Markers that the tests
read, ``<!-- not run: REASON -->`` and ``<!-- file: NAME -->``, are shown.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

__all__ = ["setup"]

_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(?=[)#])")
_FILE = re.compile(r"^<!-- file: (.+) -->\n```(\w+)\n", re.MULTILINE)
_NOT_RUN = re.compile(r"^<!-- not run: (.+) -->$", re.MULTILINE)


class Places:
    """Where the files of the project stand, and where their pages are.

    Parameters
    ----------
    docs : Path
        The folder of the site's sources.
    folders : mapping of str to str
        A pattern of files in the project, and the folder of their pages in `docs`.
    """

    def __init__(self, docs: Path, folders: dict[str, str]) -> None:
        project = docs.parent
        self.page_of = {
            original: docs / folder / original.name.replace("README", "index").lower()
            for pattern, folder in folders.items()
            for original in sorted(project.glob(pattern))
        }

    def with_links_of(self, page: Path, text: str, *, original: Path) -> str:
        """Return Markdown with links as they lead from the page."""

        def led_from_page(link: re.Match[str]) -> str:
            target = Path(os.path.normpath(original.parent / link[1]))
            if not target.exists():
                return link[1]  # for Sphinx to complain of
            return Path(os.path.relpath(self.page_of.get(target, target), page.parent)).as_posix()

        return _LINK.sub(led_from_page, text)

    def copy(self) -> None:
        """Write the pages of files that stand elsewhere, if they changed."""
        for original, page in self.page_of.items():
            text = original.read_text(encoding="utf-8")
            if original.suffix == ".ipynb":
                notebook = json.loads(text)
                for cell in notebook["cells"]:
                    if cell["cell_type"] == "markdown":
                        source = "".join(cell["source"])
                        cell["source"] = self.with_links_of(page, source, original=original)
                text = json.dumps(notebook)
            else:
                text = self.with_links_of(page, text, original=original)
            page.parent.mkdir(parents=True, exist_ok=True)
            if not page.exists() or page.read_text(encoding="utf-8") != text:
                page.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("pages_from_elsewhere", {}, "env")

    def places() -> Places:
        return Places(Path(app.srcdir), app.config.pages_from_elsewhere)

    def copy(_: Sphinx) -> None:
        places().copy()

    def adapt(_: Sphinx, name: str, source: list[str]) -> None:
        page = Path(app.env.doc2path(name))
        if page.suffix == ".md":
            text = places().with_links_of(page, source[0], original=page)
            text = _FILE.sub(r"```{code-block} \2\n:caption: \1\n\n", text)
            source[0] = _NOT_RUN.sub(r"*Not run by the tests of this page: \1.*", text)

    app.connect("builder-inited", copy)
    app.connect("source-read", adapt)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
