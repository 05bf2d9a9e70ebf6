"""Every notebook runs from its source, in a fresh kernel, and its outputs are those to be seen."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from notebooks.build import NOTEBOOKS, RAISES, executed, kept
from tests.support.docs_pages import DOCS
from tests.support.programs import require_program
from tests.support.thorough import thorough

ROOT = Path(__file__).parents[1]
FIRST, *OTHERS = NOTEBOOKS
PARAMETERS = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

# What differs by machine or by run: a server's port, folders, the line numbers of a kernel's cells.
VOLATILE = re.compile(
    r"127\.0\.0\.1|localhost:(?!8428)|/tmp/|/home/|/root/|ipykernel_|0x[0-9a-f]{6,}"
)


def code_of(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def modules_of(notebook: nbformat.NotebookNode) -> set[str]:
    """Return what a notebook imports, without what is within it."""
    nodes = list(ast.walk(ast.parse("\n".join(cell.source for cell in code_of(notebook)))))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return plain | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def shapes(notebook: nbformat.NotebookNode) -> list[list[object]]:
    """Return of each cell the kinds of its outputs; of an error its name."""
    return [
        [
            output.get("ename") or output.get("name") or sorted(output.get("data", {}))
            for output in cell.outputs
        ]
        for cell in code_of(notebook)
    ]


@pytest.mark.parametrize(
    "path",
    [FIRST, *(pytest.param(path, marks=thorough) for path in OTHERS)],
    ids=lambda path: path.stem,
)
def test_a_notebook_runs_from_its_source_and_shows_what_is_kept(path: Path) -> None:
    notebook = kept(path)
    for module in sorted({name.partition(".")[0] for name in modules_of(notebook)}):
        if find_spec(module) is None:
            pytest.skip(f"{module} is not installed")  # with the oldest dependencies
    require_program("victoria-metrics")
    if "backtest" in "".join(cell.source for cell in code_of(notebook)):
        require_program("vmalert")
    ran = executed(path)  # its cells assert what it says
    assert shapes(ran) == shapes(notebook), "the outputs are old; run `make notebooks`"


@PARAMETERS
def test_the_outputs_that_are_kept_tell_nothing_of_a_machine(path: Path) -> None:
    notebook = kept(path)
    assert [cell.execution_count for cell in code_of(notebook)] == [
        *range(1, len(code_of(notebook)) + 1)
    ]
    outputs = [output for cell in code_of(notebook) for output in cell.outputs]
    assert outputs
    for output in outputs:
        output.get("data", {}).pop("image/png", None)
    assert VOLATILE.findall(str(outputs)) == []
    assert not [output for output in outputs if output.get("name") == "stderr"]


@PARAMETERS
def test_a_notebook_is_short_and_makes_sure_of_what_it_says(path: Path) -> None:
    notebook = kept(path)
    assert path.stat().st_size < 300_000
    assert 10 <= len(notebook.cells) <= 25
    assert notebook.cells[0].source.startswith(f"# {int(path.stem[:2])}. ")
    assert sum("assert " in cell.source for cell in code_of(notebook)) >= 2
    raised = [
        cell for cell in code_of(notebook) if any(o.output_type == "error" for o in cell.outputs)
    ]
    assert raised == [cell for cell in code_of(notebook) if RAISES in cell.metadata.get("tags", [])]


@PARAMETERS
def test_a_notebook_uses_what_is_public(path: Path) -> None:
    notebook = kept(path)
    ours = {name for name in modules_of(notebook) if name.startswith("vm_df_writer")}
    assert ours <= {f"vm_df_writer{name}" for name in ("", ".local", ".jobs", ".accessor")}


def test_the_tutorials_list_every_notebook() -> None:
    text = (DOCS / "tutorials" / "index.md").read_text()
    assert len(NOTEBOOKS) == 8
    assert [path.name for path in NOTEBOOKS if f"(../../notebooks/{path.name})" not in text] == []
