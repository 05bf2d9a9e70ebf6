from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.frame_samples import minutes, read
from tests.support.spool_folders import names_in, samples_in
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.outcome import Outcome
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.unsent import count_unsent, keep_unsent
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.server import ServerPair
from vm_df_writer.wire.protocol import IMPORT_LINES

FRAME = pd.DataFrame(
    {"a": [1.0, 2.0, 3.0], "b": [4.0, np.nan, 6.0], "c": [7.0, 8.0, 9.0]}, index=minutes(0, 1, 2)
)
N_SAMPLES = 8
DOWN = ServerUnavailable("http://h: nothing listens", hint="start it")
WHY = "http://h: nothing listens; start it"


@pytest.fixture
def config(tmp_path: Path) -> WriterConfig:
    return WriterConfig(datasource_url="http://localhost:8428", spool_dir=str(tmp_path / "spool"))


def plan_of(config: WriterConfig) -> SendPlan:
    servers = ServerPair()
    return SendPlan(
        parsed=read(FRAME),
        servers=servers,
        wire=IMPORT_LINES,
        limits=ServerLimits.of(config, servers),
        max_bytes=2**16,
        max_series=1,
    )


def ledger_after(plan: SendPlan, *errors: ServerUnavailable | None) -> Ledger:
    """Return a ledger past the first bodies, whose errors are given."""
    ledger = Ledger()
    bodies = plan.bodies(map(ledger.count_block, plan.blocks()))
    for error, body in zip(errors, bodies, strict=False):
        ledger.record(Outcome(body, error, 0, 1, in_doubt=error is not None))
    return ledger


def test_the_account_closes_wherever_the_delivery_ended(config: WriterConfig) -> None:
    plan = plan_of(config)
    for errors in ((), (None,), (None, DOWN), (None, None, None)):
        ledger = ledger_after(plan, *errors)
        unsent = count_unsent(plan, ledger)
        report = ledger.report(layout="wide", rows=3, total=9)
        assert unsent == N_SAMPLES - ledger.settled
        assert report.dropped == {"nan": 1}
        assert report.samples + report.undelivered == N_SAMPLES
        assert sum(int(counts.samples.sum()) for counts in report.undelivered_counts) == (
            report.undelivered
        )


def test_what_blocks_left_out_is_counted_once_though_it_was_counted_before(
    config: WriterConfig,
) -> None:
    plan = plan_of(config)
    ledger = ledger_after(plan, None, None, None)
    assert ledger.dropped == {"nan": 1}
    count_unsent(plan, ledger)
    assert ledger.dropped == {"nan": 1}


def test_without_a_spool_nothing_is_kept() -> None:
    config = WriterConfig(datasource_url="http://localhost:8428")
    plan = plan_of(config)
    ledger = ledger_after(plan, None)
    assert keep_unsent(plan, Backend.of(config), ledger, OneInterrupt(), DOWN) is None
    assert ledger.spooled == []


def test_what_failed_and_what_was_never_taken_is_in_the_spool(
    config: WriterConfig, caplog: pytest.LogCaptureFixture
) -> None:
    plan, backend = plan_of(config), Backend.of(config)
    assert backend.spool is not None
    ledger = ledger_after(plan, None, DOWN)
    with caplog.at_level(logging.WARNING):
        assert keep_unsent(plan, backend, ledger, OneInterrupt(), DOWN) is None
    left = N_SAMPLES - ledger.samples
    assert samples_in(backend.spool.folder) == left
    kept = [Path(path).name for path in ledger.spooled]
    assert set(kept) <= names_in(backend.spool.folder)
    files = {file.path.name: file.facts for file in Spool(backend.spool.folder).files()}
    assert [files[name]["in_doubt"] for name in kept] == [True] + [False] * (len(kept) - 1)
    assert {facts["reason"] for facts in files.values()} == {WHY}
    (told,) = caplog.messages
    assert told == (
        f"{left} of {N_SAMPLES + 1} samples are not acknowledged; they are kept in {len(kept)} "
        f"files in {str(backend.spool.folder)!r}, for vm-df-writer replay. {WHY}"
    )


def test_an_interrupt_that_is_no_error_of_ours_is_told_by_its_name(
    config: WriterConfig, caplog: pytest.LogCaptureFixture
) -> None:
    plan = plan_of(config)
    with caplog.at_level(logging.WARNING):
        keep_unsent(plan, Backend.of(config), ledger_after(plan), OneInterrupt(), MemoryError())
    assert caplog.messages[0].endswith("for vm-df-writer replay. MemoryError")


def test_another_interrupt_ends_the_keeping_and_what_is_lost_is_told(
    config: WriterConfig,
) -> None:
    plan, backend = plan_of(config), Backend.of(config)
    assert backend.spool is not None
    ledger = ledger_after(plan, DOWN)
    interrupt = OneInterrupt()
    interrupt.noted = True
    error = keep_unsent(plan, backend, ledger, interrupt, DOWN)
    assert error is not None
    assert re.fullmatch(
        rf"spool_dir: '.+' takes no more \(interrupted\): {N_SAMPLES} samples of "
        r'{"__name__":"a"} and 2 more series, 2026-01-01 00:00:00 UTC to 2026-01-01 00:02:00 UTC, '
        r"are neither on the server nor in the folder; make room and write them again\. "
        rf"{N_SAMPLES} of {N_SAMPLES + 1} samples are not acknowledged, since {re.escape(WHY)}",
        error.message,
    )
    assert error.in_doubt
    assert samples_in(backend.spool.folder) == 0


def test_a_folder_that_takes_no_more_loses_only_what_it_does_not_hold(
    config: WriterConfig, tmp_path: Path
) -> None:
    plan, backend = plan_of(config), Backend.of(config)
    assert backend.spool is not None
    folder = backend.spool.folder
    folder.rename(tmp_path / "moved")
    folder.write_text("no folder any more")
    error = keep_unsent(plan, backend, ledger_after(plan, None), OneInterrupt(), DOWN)
    assert error is not None
    assert "takes no more (Not a directory): 5 samples of " in error.message
    assert not error.in_doubt
