from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from tests.support.frame_samples import minutes, read
from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.errors import DeliveryError, ServerUnavailable
from vm_df_writer.frames.parse import ParsedFrame
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.wire.packing import Body, pack_bodies

T = 1767225600000
FRAME = pd.DataFrame(
    {"y": [1.0, np.nan, 3.0, 4.0], "z": [1.0, 2.0, np.inf, 4.5]}, index=minutes(0, 1, None, 3)
)


def accounted(reading: ParsedFrame | None = None) -> tuple[Ledger, list[Body]]:
    """Return an account, and the bodies of a frame that went past it."""
    account = Ledger()
    blocks = map(account.count_block, (reading or read(FRAME)).blocks())
    return account, list(pack_bodies(blocks, max_bytes=2**20, max_series=1))


def report_of(account: Ledger, reading: ParsedFrame | None = None) -> WriteReport:
    reading = reading or read(FRAME)
    return account.report(layout=reading.layout, rows=reading.rows, total=reading.n_samples)


def ok(body: Body, attempts: int = 1, *, in_doubt: bool = False) -> Outcome:
    return Outcome(body, None, len(body.data) // 2, attempts, in_doubt)


def failed(body: Body, error: DeliveryError, *, in_doubt: bool = False) -> Outcome:
    return Outcome(body, error, 0, 3, in_doubt)


def test_everything_acknowledged_leaves_nothing_undelivered() -> None:
    account, bodies = accounted()
    for body in bodies:
        account.record(ok(body))
    report = report_of(account)
    assert (report.layout, report.rows, report.series) == ("wide", 4, 2)
    assert report.samples == 5
    assert report.dropped == {"nat": 2, "nan": 1}
    assert report.undelivered == 0
    assert report.total == 8 == account.done
    assert (report.requests, report.retries, report.in_doubt) == (2, 0, 0)
    assert report.bytes_raw == sum(len(body.data) for body in bodies)
    assert report.bytes_sent == sum(len(body.data) // 2 for body in bodies)
    assert (report.first_ms, report.last_ms) == (T, T + 3 * 60_000)
    assert account.error is None


def test_what_fails_is_undelivered_and_the_first_error_is_kept() -> None:
    account, (first, second) = accounted()
    errors = ServerUnavailable("one"), ServerUnavailable("two")
    account.record(failed(first, errors[0]))
    account.record(failed(second, errors[1], in_doubt=True))
    report = report_of(account)
    assert account.error is errors[0]
    assert account.error.in_doubt  # for any of the bodies
    assert (report.samples, report.undelivered, report.total) == (0, 5, 8)
    assert (report.requests, report.retries, report.in_doubt) == (0, 4, 1)
    assert report.bytes_sent == 0
    assert report.to_frame()["undelivered"].tolist() == [2, 3]


def test_what_was_left_is_undelivered_too() -> None:
    account, (first, second) = accounted()
    account.record(ok(first, attempts=3, in_doubt=True))
    account.record_unsent(second.counts, len(second.data))
    report = report_of(account)
    assert (report.samples, report.undelivered) == (2, 3)
    assert (report.retries, report.in_doubt) == (2, 1)
    assert report.series == 2
    assert report.bytes_raw == len(first.data) + len(second.data)


def test_what_was_never_reached_is_undelivered() -> None:
    account = Ledger()
    report = report_of(account)
    assert (report.undelivered, report.total, report.series) == (8, 8, 0)
    assert (report.first_ms, report.last_ms) == (None, None)


def test_an_empty_frame_has_an_account() -> None:
    account, bodies = accounted(read(FRAME[:0]))
    assert (bodies, account.done) == ([], 0)
    report = report_of(account, read(FRAME[:0]))
    assert (report.total, report.first_ms, report.last_ms) == (0, None, None)


def test_bodies_may_settle_in_many_threads() -> None:
    frame = pd.DataFrame(np.ones((1, 400)), index=minutes(0))
    reading = read(frame)
    account, bodies = accounted(reading)
    barrier = threading.Barrier(8)

    def record(part: list[Body]) -> None:
        barrier.wait()
        for body in part:
            account.record(ok(body))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(record, [bodies[i::8] for i in range(8)]))
    report = report_of(account, reading)
    assert (report.samples, report.requests, report.undelivered) == (400, 400, 0)
    assert account.done == 400


def test_links_are_of_what_was_acknowledged_alone() -> None:
    account, (first, second) = accounted()
    asked: list[tuple[int, int]] = []

    def links(first_ms: int, last_ms: int) -> tuple[str, str]:
        asked.append((first_ms, last_ms))
        return "vmui", "grafana"

    account.record(failed(first, ServerUnavailable("one")))
    report = account.report(layout="wide", rows=4, total=8, links=links)
    assert (report.vmui_url, report.grafana_url, asked) == (None, None, [])
    account.record(ok(second))
    report = account.report(layout="wide", rows=4, total=8, links=links)
    assert (report.vmui_url, report.grafana_url) == ("vmui", "grafana")
    assert asked == [(int(second.counts.first_ms.min()), int(second.counts.last_ms.max()))]
