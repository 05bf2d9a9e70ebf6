"""Every notebook runs from top to bottom, in a fresh kernel."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest
from nbclient import NotebookClient

from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "notebooks").glob("*.py")), ids=lambda path: path.stem
)
def test_notebook_runs_from_top_to_bottom(
    path: Path,
    victoria_metrics: LocalVictoriaMetrics,  # noqa: ARG001 - skips where there is no server
) -> None:
    pytest.importorskip("matplotlib")
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = " ".join(str(output.get("data", output.get("text", ""))) for output in shown)
    assert "verified" in texts
    assert "(True, True)" in texts
    assert any("image/png" in output.get("data", {}) for output in shown)
    assert not [output for output in shown if output.get("name") == "stderr"]
