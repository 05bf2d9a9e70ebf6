from __future__ import annotations

import sys
from importlib import import_module

import pytest

from tests.support.command_line import run


def test_the_picture_of_the_demo_without_matplotlib_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("vm_df_writer.cli.commands.demo", "vm_df_writer.cli.actions.demo"):
        import_module(module)  # commands are imported when they run
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr("importlib.machinery.PathFinder.find_spec", lambda *_: None)
    result = run("demo", "--picture", "demo.png")
    assert result.exit_code == 2
    assert "pip install 'vm_df_writer[plot]'" in result.stderr
