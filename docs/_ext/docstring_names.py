"""Names in docstrings, which are written for ``help()``, as links.

A docstring says ``VmWriter.write`` wherever it stands, and may name what is not public, by the
module that holds it. A name is looked up by its end, and then among ``docstring_names`` of
``conf.py``, which has pages for names.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

__all__ = ["setup"]


def _found(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element
) -> nodes.Element | None:
    if node["refdomain"] != "py":
        return None
    target: list[str] = ["", *node["reftarget"].split(".")]
    owner, name = target[-2:]
    end = f".{owner}.{name}" if owner[:1].isupper() else f".{name}"
    for known, place in env.domains.python_domain.objects.items():
        if known.endswith(end):
            return make_refnode(app.builder, node["refdoc"], place.docname, place.node_id, content)
    page = app.config.docstring_names.get(name)
    if page is None:
        return None
    return make_refnode(app.builder, node["refdoc"], page, "", content)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("docstring_names", {}, "env")
    app.connect("missing-reference", _found)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
