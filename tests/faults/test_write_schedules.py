"""Many schedules of faults: whole frames arrive, or the report tells exactly what did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Fault, answer, hang, pass_on, passing_faults, store_and_hang
from tests.support.stored_frame import StoredFrame, check_account
from tests.support.stored_samples import settled
from tests.support.thorough import few_or_many
from tests.support.waiting import wait_until
from tests.support.writers import frame_of, writer_to
from vm_df_writer import DeliveryError, VmWriter, WriteReport
from vm_df_writer.local import LocalVictoriaMetrics

ENCODINGS = {"import": ["none", "gzip"], "remote_write": ["none", "snappy", "zstd"]}

on_each_wire = pytest.mark.parametrize("protocol", [*ENCODINGS])
FRAMES = [frame_of(5_000, 20), frame_of(1_000, 100), frame_of(1_300, 80, gaps=0.02)]


def seeded_writer(
    url: str, run: str, rng: np.random.Generator, protocol: str, **parameters: object
) -> VmWriter:
    return writer_to(
        url,
        run,
        protocol=protocol,
        concurrency=int(rng.integers(1, 5)),
        compression=str(rng.choice(ENCODINGS[protocol])),
        batch_max_bytes=int(2 ** rng.uniform(16, 18)),
        **parameters,
    )


@on_each_wire
@few_or_many("n_schedules", 16, 200)
def test_schedules_that_patience_gets_over_lose_nothing(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    protocol: str,
    n_schedules: int,
) -> None:
    reports: list[WriteReport] = []
    for seed in range(n_schedules):
        rng = np.random.default_rng(seed)
        proxy.follow(passing_faults(rng, share=rng.uniform(0.02, 0.6)))
        patience = {"connection_retry_attempts": 10_000, "retry_deadline": "10m"}
        with seeded_writer(proxy.url, run, rng, protocol, timeout="10s", **patience) as writer:
            reports.append(writer.write(FRAMES[seed % len(FRAMES)], labels={"seed": str(seed)}))

    settled(victoria_metrics)
    for seed, report in enumerate(reports):
        assert report.total == FRAMES[seed % len(FRAMES)].size >= 100_000
        assert report.undelivered == 0
        stored = StoredFrame(victoria_metrics, run, seed=str(seed))
        check_account(report, stored, f"seed {seed}")
        assert stored.is_all_of(FRAMES[seed % len(FRAMES)]), f"seed {seed}"
    assert sum(report.retries for report in reports) > 5 * n_schedules
    assert min(report.in_doubt for report in reports) == 0


def report_of(writer: VmWriter, frame: pd.DataFrame, seed: int) -> WriteReport:
    """Write, and return the report, from the exception if it is raised; with a spool none is."""
    try:
        return writer.write(frame, labels={"seed": str(seed)})
    except DeliveryError as error:
        if error.report is None or writer.config.spool_dir:
            raise
        return error.report


def has_all(server: LocalVictoriaMetrics, run: str, seed: int) -> bool:
    return StoredFrame(server, run, seed=str(seed)).is_all_of(FRAMES[seed % len(FRAMES)])


def fatal_faults(rng: np.random.Generator, protocol: str) -> Iterator[Fault]:
    """Yield faults that end a write sooner or later."""
    # Of remote write a server that answers 400 has stored nothing.
    parts = [0.0, 0.5, 1.0]
    passing = passing_faults(rng, share=0.2)
    while True:
        if rng.random() > 0.04:
            yield next(passing)
        elif rng.random() < 0.1:
            yield [hang, store_and_hang][rng.integers(2)]
        elif rng.random() < 0.5:
            status = int(rng.choice([400, 500]))
            is_whole = protocol == "remote_write" and status == 400
            yield answer(status, stored=0.0 if is_whole else float(rng.choice(parts)))
        else:
            yield answer(int(rng.choice([401, 404, 413])))


@on_each_wire
@few_or_many("n_schedules", 16, 60)
def test_schedules_that_end_a_write_are_reported_or_spooled_to_the_last_sample(
    proxy: FaultProxy,
    victoria_metrics: LocalVictoriaMetrics,
    run: str,
    tmp_path: Path,
    protocol: str,
    n_schedules: int,
) -> None:
    reports: list[WriteReport] = []
    for seed in range(n_schedules):
        rng = np.random.default_rng(10_000 + seed)
        proxy.follow(fatal_faults(rng, protocol))
        spool = {"spool_dir": tmp_path / str(seed)} if seed % 2 else {}
        attempts = int(rng.integers(0, 3))
        writer = seeded_writer(
            proxy.url,
            run,
            rng,
            protocol,
            timeout="300ms",
            connection_retry_attempts=attempts,
            **spool,
        )
        report = report_of(writer, FRAMES[seed % len(FRAMES)], seed)
        assert report.total == FRAMES[seed % len(FRAMES)].size
        assert bool(report.spooled) == bool(spool and report.undelivered)
        reports.append(report)

    settled(victoria_metrics)
    for seed, report in enumerate(reports):
        check_account(report, StoredFrame(victoria_metrics, run, seed=str(seed)), f"seed {seed}")

    proxy.schedule(then=pass_on)
    for seed in range(1, n_schedules, 2):
        replayed = writer_to(proxy.url, run, protocol=protocol).replay(tmp_path / str(seed))
        assert replayed.samples == reports[seed].undelivered, f"seed {seed}"
        assert replayed.undelivered == 0
    settled(victoria_metrics)
    for seed in range(1, n_schedules, 2):
        # A busy 1.79 gives the series that it knew when it was last asked, for some seconds.
        assert wait_until(partial(has_all, victoria_metrics, run, seed)), f"seed {seed}"

    kinds = Counter((report.undelivered > 0, report.in_doubt > 0) for report in reports)
    assert kinds[True, False] >= 3
    assert kinds[True, True] >= 3
