"""Execute the notebooks and keep their outputs: ``python -m notebooks.build [NAME ...]``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient

from tests.support.packaged_servers import packaged_path

__all__ = ["NOTEBOOKS", "RAISES", "executed", "kept"]

NOTEBOOKS = sorted(Path(__file__).parent.glob("*.ipynb"))

# The tag of a cell that shows an error; nbclient knows it.
RAISES = "raises-exception"

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def kept(path: Path) -> nbformat.NotebookNode:
    """Read a notebook as it stands in its file."""
    notebook: nbformat.NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def executed(path: Path) -> nbformat.NotebookNode:
    """Run a notebook in a fresh kernel and an empty folder, without what differs by machine.

    Raises
    ------
    CellExecutionError
        If a cell raises that is not there to show an error.
    """
    notebook = kept(path)
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    notebook.metadata = {"kernelspec": _KERNEL, "language_info": {"name": "python"}}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    return notebook


def main(names: list[str]) -> None:
    """Execute all notebooks, or those of which a part of the name is given."""
    # What is to be seen is what the newest server does.
    os.environ["PATH"] = os.pathsep.join([packaged_path("newest"), os.environ["PATH"]])
    for path in NOTEBOOKS:
        if not names or any(name in path.stem for name in names):
            nbformat.write(executed(path), path)  # type: ignore[no-untyped-call]
            print(f"{path.name}  {path.stat().st_size / 1000:,.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
