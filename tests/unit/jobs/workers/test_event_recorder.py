from __future__ import annotations

import pickle
from typing import Any

import pytest

from vm_df_writer import WriteReport
from vm_df_writer.delivery.observer import METHODS, NullObserver
from vm_df_writer.jobs.workers.event_recorder import EventRecorder


def test_what_is_recorded_reaches_an_observer_in_another_process_in_order() -> None:
    heard: list[str] = []

    class Listening(NullObserver):
        def on_body(self, *, samples: int, **_: Any) -> None:
            heard.append(f"{samples} samples")

        def on_write(self, report: WriteReport) -> None:
            heard.append(report.layout)

    recorder = EventRecorder()
    recorder.on_body(url="u", query_key="q", samples=3, bytes_sent=9)
    recorder.on_write(WriteReport(layout="wide"))
    pickle.loads(pickle.dumps(recorder.take())).tell(Listening())  # noqa: S301
    assert heard == ["3 samples", "wide"]


def test_it_hears_whatever_an_observer_hears_and_nothing_else() -> None:
    recorder = EventRecorder()
    assert all(callable(getattr(recorder, name)) for name in METHODS)
    with pytest.raises(AttributeError, match="on_nothing"):
        recorder.on_nothing()


def test_another_process_begins_with_an_empty_one() -> None:
    recorder = EventRecorder()
    recorder.on_spool(files=1, size_bytes=1)
    assert pickle.loads(pickle.dumps(recorder)).take().calls == []  # noqa: S301
    assert len(recorder.take().calls) == 1
