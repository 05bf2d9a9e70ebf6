"""What a crash takes after the acknowledgement is found by verify, and restored by repair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.support.stored_samples import export
from tests.support.waiting import wait_until
from tests.support.writers import acting_before_reading_back, writer_with
from vm_df_writer import CopiesWarning, ServerUnavailable, VerificationError, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.model.verification import Verification
from vm_df_writer.operations.verify import VerifyChoice

StartServer = Callable[..., LocalVictoriaMetrics]

FORMAT = {"__name__": "$VAR"}
NOW = pd.Timestamp.now("UTC").floor("s")
WIDE = pd.DataFrame(
    np.arange(6000.0).reshape(1000, 6),
    index=pd.date_range(NOW - timedelta(days=1), periods=1000, freq="1min"),
    columns=[f"c{i}" for i in range(6)],
)
LONG = WIDE.rename_axis("time").melt(var_name="host", value_name="y", ignore_index=False)
LONG = LONG.sample(frac=1, random_state=0).reset_index()


def writer_to(
    server: LocalVictoriaMetrics, before_reading_back: Callable[[], object] = lambda: None
) -> VmWriter:
    """Return a writer that does something between the last acknowledgement and the first look."""
    return writer_with(
        server.url,
        metric_format=FORMAT,
        read_back=acting_before_reading_back(before_reading_back),
    )


def crash(server: LocalVictoriaMetrics) -> None:
    server.kill()
    server.restart()


def copies(url: str) -> Counter[int]:
    """Return how many samples the server has once, twice and so on."""
    times = Counter(
        (label_set, ms)
        for label_set, samples in export(url, '{__name__!=""}').items()
        for ms, _ in samples
    )
    return Counter(times.values())


@pytest.mark.parametrize(
    ("frame", "earlier"),
    [(WIDE, WIDE.iloc[:400, :4]), (LONG, LONG[LONG["host"] < "c4"].iloc[:1500])],
    ids=["wide", "long"],
)
def test_exactly_what_a_crash_took_is_found_missing_and_restored(
    start_victoria_metrics: StartServer,
    frame: pd.DataFrame,
    earlier: pd.DataFrame,
) -> None:
    server = start_victoria_metrics()
    kept, everything = earlier.select_dtypes("float").size, WIDE.size
    with writer_to(server) as writer:
        writer.write(earlier)
    server.restart()  # this brings it to disk
    with (
        writer_to(server, partial(crash, server)) as writer,
        pytest.raises(VerificationError) as caught,
    ):
        writer.write(frame, verify=True)
    expected = Verification(expected=everything, found=kept, missing=everything - kept)
    assert caught.value.verification == expected
    with writer_to(server, partial(crash, server)) as writer:
        report = writer.write(frame, verify="repair")
    assert report.samples == everything
    assert report.verification == Verification(
        expected=everything, found=everything, repaired=everything - kept
    )
    assert report.requests == 2
    assert copies(server.url) == {1: everything}  # what was there was not sent again
    assert f"{everything - kept:,} of them sent again" in str(report)


def test_what_was_lost_is_found_by_counting_too(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    with writer_to(server) as writer:
        writer.write(WIDE.iloc[:, :2])
    server.restart()
    with (
        writer_to(server, partial(crash, server)) as writer,
        pytest.raises(VerificationError) as caught,
    ):
        writer.write(WIDE, verify="count")
    assert caught.value.verification == Verification(expected=6000, found=2000, missing=4000)


@pytest.mark.parametrize("verify", ["count", True])
def test_samples_that_are_there_twice_are_told_and_make_up_for_none(
    start_victoria_metrics: StartServer, verify: VerifyChoice
) -> None:
    with writer_to(start_victoria_metrics()) as writer:
        writer.write(WIDE.iloc[:, :2], verify=verify)
        with pytest.warns(CopiesWarning, match="holds 2,000 copies of the 6,000 samples that"):
            report = writer.write(WIDE, verify=verify)
    assert report.verification == Verification(expected=6000, found=6000, copies=2000)
    assert "6,000 of 6,000 samples found, 0 missing, 0 mismatched; the server also holds 2,000" in (
        str(report)
    )


def test_what_a_server_does_not_keep_twice_stays_missing(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    config = tmp_path / "relabel.yml"
    config.write_text("- {action: drop, source_labels: [__name__], regex: 'c[01]'}")
    server = start_victoria_metrics(f"-relabelConfig={config}")
    with (
        writer_to(server) as writer,
        pytest.raises(VerificationError, match="2,000 of 6,000 samples, in 2 series") as caught,
    ):
        writer.write(WIDE, verify="repair")
    assert caught.value.verification == Verification(
        expected=6000, found=4000, missing=2000, repaired=2000
    )
    assert caught.value.report is not None
    assert caught.value.report.verification == caught.value.verification


def test_what_an_agent_has_still_to_hand_on_is_not_sent_again(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    full = "-storage.minFreeDiskSpaceBytes=1000000GB"
    server = start_victoria_metrics(full)  # it answers 503, and can be read
    agent = start_vmagent(server.url)
    with (
        writer_with(agent.url, query_url=server.url, metric_format=FORMAT) as writer,
        pytest.raises(
            VerificationError, match=r"still to hand on, .* verify again once it has handed them on"
        ) as caught,
    ):
        writer.write(WIDE, verify="repair")
    assert caught.value.verification == Verification(expected=6000, missing=6000)
    server._flags.remove(full)
    server.restart()
    assert wait_until(lambda: copies(server.url).total() >= 6000, 60)
    assert copies(server.url) == {1: 6000}


def test_a_server_that_does_not_come_back_leaves_all_in_the_report(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics()
    with (
        writer_to(server, server.kill) as writer,
        pytest.raises(
            ServerUnavailable, match="every sample is acknowledged, and only reading them back"
        ) as caught,
    ):
        writer.write(WIDE, verify="repair")
    assert caught.value.report is not None
    assert (caught.value.report.samples, caught.value.report.verification) == (6000, None)


def test_an_earlier_write_is_verified_without_sending(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics()
    with writer_to(server) as writer:
        writer.write(WIDE)
        assert writer.verify(WIDE) == Verification(expected=6000, found=6000)
        assert writer.verify(WIDE, count_only=True).ok
        with pytest.raises(VerificationError, match='"c0","run":"x"} lacks 1,000 of') as caught:
            writer.verify(WIDE, labels={"run": "x"})
        assert caught.value.report is None
        assert caught.value.verification == Verification(expected=6000, missing=6000)
    assert copies(server.url) == {1: 6000}
