"""A Prometheus whose answers get lost: nothing is told as stored or as lost that may be neither."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import answer, passing_faults, reset_before, swallow
from tests.support.prometheus import Prometheus, programs, require
from tests.support.writers import writer_with
from vm_df_writer import ServerRejected, VmWriter

Start = Callable[..., Prometheus]
FORMAT = {"__name__": "score", "host": "$VAR"}


@pytest.fixture(params=programs()[:1])
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Prometheus(require(request.param), **options))


def recent_frame(n_series: int = 40, n: int = 500) -> pd.DataFrame:
    times = pd.date_range(end=pd.Timestamp.now("UTC").floor("s"), periods=n, freq="1s")
    values = np.random.default_rng(0).standard_normal((n, n_series))
    return pd.DataFrame(values, times, [f"h{i}" for i in range(n_series)])


def writer_to(url: str, *, attempts: int = 1000) -> VmWriter:
    return writer_with(
        url,
        protocol="remote_write",
        metric_format=FORMAT,
        batch_max_bytes=2**16,
        concurrency=4,
        connection_retry_attempts=attempts,
    )


def test_a_body_whose_answer_was_lost_is_in_doubt_and_verify_tells(start: Start) -> None:
    server, frame = start(), recent_frame()
    with FaultProxy(server.url).running() as proxy, writer_to(proxy.url) as writer:
        proxy.schedule(swallow)
        with pytest.raises(ServerRejected) as info:
            writer.write(frame)
        assert info.value.in_doubt
        report = info.value.report
        assert report is not None
        assert report.in_doubt == 1
        assert report.samples + report.undelivered == frame.size
        # What is in doubt is stored; the rest was not sent, and is written now.
        assert writer.write(frame, if_exists="skip", verify=True).dropped["exists"] > 0


def test_with_a_window_a_body_that_is_sent_twice_is_stored_once(start: Start) -> None:
    server, frame = start(window="1d"), recent_frame()
    with FaultProxy(server.url).running() as proxy, writer_to(proxy.url) as writer:
        proxy.schedule(swallow, reset_before, answer(503))
        report = writer.write(frame, verify=True)
    assert (report.samples, report.retries) == (frame.size, 3)
    assert report.verification is not None
    assert report.verification.copies == 0


def test_with_a_window_schedules_of_faults_lose_nothing(start: Start) -> None:
    server = start(window="1d")
    with FaultProxy(server.url).running() as proxy, writer_to(proxy.url) as writer:
        for seed in range(8):
            rng = np.random.default_rng(seed)
            proxy.follow(passing_faults(rng, share=0.4))
            frame = recent_frame(n_series=20)
            report = writer.write(frame, labels={"seed": str(seed)}, verify=True)
            assert report.samples == frame.size
            assert report.verification is not None
            assert report.verification.ok
