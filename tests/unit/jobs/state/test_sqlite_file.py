"""The state file as a file: it has one name, whatever links lead to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vm_df_writer.jobs import StateError, read_report
from vm_df_writer.jobs.state.store import StateStore


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "job.sqlite"


def test_a_file_is_held_under_every_name_of_it(state: Path) -> None:
    with StateStore(state):
        link, hard_link = state.with_name("link.sqlite"), state.with_name("hard.sqlite")
        link.symlink_to(state.name)
        hard_link.hardlink_to(state)
        with pytest.raises(
            StateError,
            match=r"hard\.sqlite: the file has 2 names \(hard links\), under which two jobs could "
            r"write to it at a time; remove all but one, or make a copy of it$",
        ):
            StateStore(hard_link)
        with pytest.raises(StateError, match="has 2 names"):
            read_report(hard_link)
        hard_link.unlink()
        with pytest.raises(StateError, match=r"job\.sqlite: in use by process"):
            StateStore(link)
        assert read_report(link).outcome == "running"
    StateStore(link, restart=True).close()
    assert link.is_symlink()
    assert {path.name for path in state.parent.iterdir()} == {
        *("job.sqlite", "job.sqlite-lock", "link.sqlite"),
    }


def test_links_in_a_circle_are_no_file(state: Path) -> None:
    state.symlink_to(state)
    for use in (StateStore, read_report):
        with pytest.raises(StateError, match=r"job\.sqlite: cannot be opened \(.+\); check the p"):
            use(state)
