"""How Sphinx builds the documentation: ``make docs``."""

from __future__ import annotations

import sys
from pathlib import Path

import vm_df_writer

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "vm_df_writer"
author = "the developers of vm_df_writer"
version = release = vm_df_writer.__version__
copyright = f"2026, {author}"  # noqa: A001 - Sphinx's name

extensions = [
    "command_line",
    "docstring_names",
    "myst_nb",
    "numpydoc",
    "page_sources",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
]
# Pages that stand elsewhere in the project, and where `page_sources` copies them to.
pages_from_elsewhere = {
    "notebooks/*.ipynb": "tutorials/notebooks",
    "CHANGELOG.md": "project",
    "CONTRIBUTING.md": "project",
    "benchmarks/README.md": "project/benchmarks",
    "benchmarks/RESULTS.md": "project/benchmarks",
}
templates_path = ["_templates"]
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False  # options begin with two hyphens

# Markdown and notebooks
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the tests run them; their outputs are kept
suppress_warnings = ["mystnb.unknown_mime_type"]

# Docstrings
default_role = "literal"  # single backquotes name what help() shows as it is
autosummary_generate = True
autodoc_typehints = "none"  # numpydoc has them
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"  # the page is about the class
numpydoc_xref_param_type = False

# What docstrings name and the API has no page of its own for.
docstring_names = {
    "ReadOptions": "reference/interfaces/reading_keywords",
    "file_labels": "reference/data/files",
}

# The look; nothing is fetched from elsewhere, neither by the build nor by a reader's browser
html_theme = "pydata_sphinx_theme"
html_title = "vm_df_writer"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_prev_next": True,
    "show_nav_level": 2,  # pages of folders are seen at once
    "show_toc_level": 2,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "monokai",
}
