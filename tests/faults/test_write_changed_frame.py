"""A frame that the caller changes while it is written: the account says so, or closes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import accept
from tests.support.writers import frame_of, writer_to
from vm_df_writer import FrameError
from vm_df_writer.delivery.sender import Throttle
from vm_df_writer.wire.packing import Body


def changing(change: Callable[[], object], *, goes_on: bool) -> Throttle:
    """Return a throttle that lets two bodies pass, changes the frame, and goes on or ends."""

    def throttle(bodies: Iterable[Body]) -> Iterator[Body]:
        yield from islice(bodies, 2)
        change()
        if goes_on:
            yield from bodies

    return throttle


@pytest.fixture
def frame() -> pd.DataFrame:
    return frame_of(2_000, 20)


def test_samples_that_are_neither_sent_nor_left_nor_left_out_are_told(
    proxy: FaultProxy, run: str, frame: pd.DataFrame
) -> None:
    def empty() -> None:
        frame.iloc[:, :] = np.nan

    proxy.schedule(then=accept(0))
    throttle = changing(empty, goes_on=False)
    writer = writer_to(proxy.url, run, throttle=throttle, batch_max_bytes=2**16)
    message = (
        r"^frame: it was changed while it was written: of 40,000 samples 4,000 were sent, "
        r"40,000 left out, and 0 are left; write a copy of it, or do not change it meanwhile "
        r"\(36,000 of 40,000 samples are not acknowledged: see \.report\)$"
    )
    with pytest.raises(FrameError, match=message) as caught:
        writer.write(frame)
    report = caught.value.report
    assert report is not None
    assert (report.requests, len(proxy.seen)) == (2, 2)
    assert 0 < report.samples < frame.size
    assert report.samples + sum(report.dropped.values()) + report.undelivered == frame.size


def test_a_column_that_is_gone_meanwhile_does_not_take_the_report_with_it(
    proxy: FaultProxy, run: str, frame: pd.DataFrame
) -> None:
    n_samples, names = frame.size, list(frame.columns)
    proxy.schedule(then=accept(0))
    throttle = changing(lambda: frame.pop("c19"), goes_on=True)
    writer = writer_to(proxy.url, run, throttle=throttle, batch_max_bytes=2**16)
    report = writer.write(frame)
    assert (report.samples, report.undelivered) == (n_samples, 0)
    assert report.reading is not None
    assert report.reading.to_dict()["values"] == names
