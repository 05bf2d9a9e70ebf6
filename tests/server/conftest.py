from __future__ import annotations

from functools import partial

import pytest

import vm_df_writer.jobs.workers.task_runner
from vm_df_writer.verification.export_reader import ReadBackPolicy


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call a loss what is not there a second after the flush of a server on this machine."""
    policy = partial(ReadBackPolicy, patience_s=1.0, queued_patience_s=4.0)
    monkeypatch.setattr(vm_df_writer.jobs.workers.task_runner, "ReadBackPolicy", policy)


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A prefix of metric names that no other test uses."""
    return "".join(c if c.isalnum() else "_" for c in request.node.name)
