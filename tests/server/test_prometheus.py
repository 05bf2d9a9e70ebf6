"""Writing to a real Prometheus, with and without an out-of-order window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.support.prometheus import Prometheus, programs, require, stored
from tests.support.writers import writer_with
from vm_df_writer import (
    ConfigError,
    LabelError,
    RetentionWarning,
    SamplesExistError,
    ServerRejected,
    VerificationError,
    VmWriter,
    WriteReport,
)

Start = Callable[..., Prometheus]
NOW = pd.Timestamp.now("UTC").floor("s")
FORMAT = {"__name__": "$VAR"}


@pytest.fixture(params=programs())
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(Prometheus(require(request.param), **options))


def writer_to(server: Prometheus, **parameters: Any) -> VmWriter:
    return writer_with(server.url, protocol="remote_write", metric_format=FORMAT, **parameters)


def frame_of(n_series: int, *, back: timedelta, n: int = 300, name: str = "score") -> pd.DataFrame:
    """Return a wide frame that ends so long ago."""
    times = pd.date_range(end=NOW - back, periods=n, freq="1s")
    values = np.random.default_rng(n_series).standard_normal((n, n_series))
    columns = pd.MultiIndex.from_tuples(
        [(name, f"h{i}") for i in range(n_series)], names=["var", "host"]
    )
    return pd.DataFrame(values, times, columns)


def is_stored(server: Prometheus, frame: pd.DataFrame, name: str = "score") -> bool:
    found = stored(server, name, time.time() + 3600)
    times = frame.index.as_unit("ms").asi8.tolist()  # type: ignore[attr-defined]
    return found == {
        f"host={host}": list(zip(times, frame[name, host].tolist(), strict=True))
        for host in frame[name].columns
    }


def test_recent_samples_are_stored_to_the_bit_by_as_many_requests_as_are_needed(
    start: Start,
) -> None:
    server = start()
    frame = frame_of(200, back=timedelta(minutes=1))
    with writer_to(server, batch_max_bytes=2**16, concurrency=8) as writer:
        report = writer.write(frame)
    assert report.samples == frame.size == 60_000
    assert report.requests > 10
    assert is_stored(server, frame)


def test_a_receiver_that_is_switched_off_is_told_by_its_flag(start: Start) -> None:
    server = start(receives=False)
    with (
        writer_to(server) as writer,
        pytest.raises(ServerRejected, match=r"404.*start it with --web.enable-remote-write-receiv"),
    ):
        writer.write(frame_of(2, back=timedelta(minutes=1)))


def test_what_is_older_than_the_reach_is_left_out_and_counted(start: Start) -> None:
    server = start()
    frame = pd.concat(
        [frame_of(3, back=timedelta(days=2), n=50), frame_of(3, back=timedelta(0), n=50)]
    )
    with (
        writer_to(server) as writer,
        pytest.warns(RetentionWarning, match="150 samples are older.*out_of_order_time_window"),
    ):
        report = writer.write(frame)
    assert (report.samples, report.dropped) == (150, {"too_old": 150})
    assert is_stored(server, frame.iloc[50:])


def test_what_is_older_than_the_head_is_left_out_and_counted(start: Start) -> None:
    server = start()
    with writer_to(server) as writer:
        writer.write(frame_of(1, back=timedelta(0), name="first"))
        with pytest.warns(RetentionWarning):
            report = writer.write(frame_of(2, back=timedelta(hours=3)))
    assert (report.samples, report.dropped) == (0, {"too_old": 600})


def test_history_into_an_empty_head_is_stored(start: Start) -> None:
    server = start()
    frame = frame_of(5, back=timedelta(days=9))
    with writer_to(server) as writer:
        assert writer.write(frame).samples == frame.size
    assert is_stored(server, frame)


def test_with_a_window_history_is_stored_in_any_order_and_at_once(start: Start) -> None:
    server = start(window="30d")
    frames = [frame_of(20, back=timedelta(days=days)) for days in (0, 9, 4)]
    with writer_to(server, batch_max_bytes=2**16, concurrency=4) as writer:
        report = WriteReport.__add__(*[writer.write(frame) for frame in frames[:2]])
        report += writer.write(frames[2])
        again = writer.write(frames[1])
    assert report.samples == 3 * frames[0].size
    assert again.samples == frames[1].size
    assert is_stored(server, pd.concat(frames).sort_index())


def test_what_is_ahead_of_now_is_left_out_and_does_not_poison_the_server(start: Start) -> None:
    server = start()
    frame = frame_of(2, back=-timedelta(days=400), n=10)
    with writer_to(server) as writer:
        with pytest.warns(RetentionWarning, match="20 samples are newer"):
            assert writer.write(frame).dropped == {"too_new": 20}
        recent = frame_of(2, back=timedelta(minutes=1))
        assert writer.write(recent).samples == recent.size
    assert is_stored(server, recent)


@pytest.mark.filterwarnings("ignore::vm_df_writer.RetentionWarning")
def test_one_bad_series_does_not_cost_the_others(start: Start) -> None:
    server = start()
    frame = frame_of(40, back=timedelta(minutes=20))
    newer = frame_of(40, back=timedelta(minutes=10)).iloc[:, [7]]
    with writer_to(server) as writer:
        writer.write(newer)
        with pytest.raises(ServerRejected, match=r"to 300 samples of .*host.:.h7") as info:
            writer.write(frame)
    report = info.value.report
    assert report is not None
    assert (report.samples, report.undelivered) == (39 * 300, 300)
    assert not info.value.in_doubt
    expected = frame.copy()
    found = stored(server, "score", time.time())
    assert [len(samples) for samples in found.values()] == [300] * 40
    assert found["host=h8"][0][1] == expected["score", "h8"].iloc[0]


def test_what_prometheus_would_drop_without_a_word_is_refused(start: Start) -> None:
    server = start()
    frame = frame_of(2, back=timedelta(minutes=1))
    with writer_to(server) as writer:
        with pytest.raises(ConfigError, match="duplicates: Prometheus keeps one sample"):
            writer.write(frame, duplicates="keep")
        with pytest.raises(ConfigError, match="reset_cache: Prometheus keeps no results"):
            writer.write(frame, reset_cache=True)
    with (
        writer_to(server, tenant_id="5") as writer,
        pytest.raises(ConfigError, match="tenant_id: it is a part of the path"),
    ):
        writer.write(frame)


def test_names_that_old_versions_drop_are_refused(start: Start) -> None:
    server = start()
    frame = frame_of(1, back=timedelta(minutes=1), name="a b")
    with writer_to(server) as writer:
        if (writer.check().version or "") >= "3":
            assert writer.write(frame).samples == frame.size
        else:
            with pytest.raises(LabelError, match="metric 'a b': Prometheus takes letters"):
                writer.write(frame)


def test_a_restart_in_mid_write_loses_nothing_without_a_word(start: Start) -> None:
    server = start(window="30d")
    frame = frame_of(400, back=timedelta(minutes=1))
    bodies = 0

    def throttle(waiting: object) -> Iterator[object]:
        nonlocal bodies
        for body in waiting:  # type: ignore[attr-defined]
            bodies += 1
            if bodies == 20:
                server.kill()
                server.start()
            yield body

    with writer_to(
        server, batch_max_bytes=2**16, connection_retry_attempts=100, throttle=throttle
    ) as writer:
        report = writer.write(frame)
    assert report.samples == frame.size
    assert bodies > 20
    assert is_stored(server, frame)


def test_a_check_tells_what_it_is(start: Start) -> None:
    server = start()
    with writer_to(server) as writer:
        check = writer.check()
    assert check.kind == "prometheus"
    assert check.encodings == ("stored", "snappy")
    assert check.reading == "permitted"
    assert check.cache_reset.startswith("none; Prometheus keeps")
    assert check.clock_ahead_s == pytest.approx(0, abs=1.5)
    assert "server         Prometheus 2." in str(check) or "Prometheus 3." in str(check)


@pytest.mark.filterwarnings("ignore::vm_df_writer.DroppedWarning")
def test_one_of_several_samples_of_one_time_is_chosen_here(start: Start) -> None:
    server = start()
    frame = frame_of(2, back=timedelta(minutes=1), n=10)
    doubled = pd.concat([frame + 1, frame])
    with writer_to(server) as writer:
        report = writer.write(doubled)
    assert report.dropped == {"duplicate": 20}
    assert is_stored(server, frame)


def test_zstd_is_not_sent_to_a_server_that_does_not_decode_it(start: Start) -> None:
    server = start()
    frame = frame_of(2, back=timedelta(minutes=1))
    with writer_to(server, compression="zstd") as writer:
        assert writer.write(frame).samples == frame.size
    assert is_stored(server, frame)


@pytest.mark.parametrize("n_series", [3, 700])
def test_what_is_stored_is_verified_to_the_bit(start: Start, n_series: int) -> None:
    server = start()
    frame = frame_of(n_series, back=timedelta(minutes=1), n=60)
    odd = [5e-324, -0.0, 1.7976931348623157e308, 0.1 + 0.2, np.inf, -np.inf]
    frame.iloc[:6, :1] = np.array(odd)[:, None]
    with writer_to(server) as writer:
        report = writer.write(frame, verify=True, inf="keep")
        assert report.verification is not None
        assert (report.verification.found, report.verification.ok) == (frame.size, True)
        altered = frame.copy()
        altered.iloc[7:8, 1:2] = np.nextafter(frame.iloc[7:8, 1:2].to_numpy(), 9)
        with pytest.raises(VerificationError, match="1 with another value"):
            writer.verify(altered, inf="keep")
        longer = frame_of(n_series, back=timedelta(seconds=30), n=90)
        with pytest.raises(VerificationError, match=f"{30 * n_series:,} missing"):
            writer.verify(longer, inf="keep")


def test_what_is_there_can_be_skipped_or_refused(start: Start) -> None:
    server = start()
    frame = frame_of(3, back=timedelta(minutes=1))
    with writer_to(server) as writer:
        writer.write(frame.iloc[:100])
        with pytest.raises(SamplesExistError):
            writer.write(frame, if_exists="fail")
        report = writer.write(frame, if_exists="skip", verify=True)
    assert (report.samples, report.dropped) == (600, {"exists": 300})
    assert is_stored(server, frame)


def test_odd_names_are_verified_where_they_are_taken(start: Start) -> None:
    server = start()
    frame = frame_of(2, back=timedelta(minutes=1), name="a b \u00e9")
    with writer_to(server) as writer:
        if (writer.check().version or "") < "3":
            pytest.skip("names are identifiers before version 3")
        report = writer.write(frame, verify=True, labels={"data center": 'x "y"'})
    assert report.verification is not None
    assert report.verification.found == frame.size


def test_what_was_written_is_read_as_the_same_frame(start: Start) -> None:
    server = start()
    frame = frame_of(3, back=timedelta(minutes=1))
    with writer_to(server) as writer:
        writer.write(frame)
        read = writer.read(like=frame)
        twice = writer.read(['{__name__="score"}', '{host="h1"}'], layout="long")
    frame.index = pd.DatetimeIndex(frame.index).as_unit("ms")
    pd.testing.assert_frame_equal(read, frame, check_freq=False)
    assert len(twice) == frame.size
