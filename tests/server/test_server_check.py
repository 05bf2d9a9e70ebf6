"""What servers tell of themselves, and what becomes of the graphs that they computed before."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from click.testing import CliRunner

from tests.support.replace_kills import is_old
from tests.support.writers import writer_with
from vm_df_writer import CopiesWarning, ServerRejected
from vm_df_writer.cli import main
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.server.drop_counters import count_dropped
from vm_df_writer.wire.packing import Body

StartServer = Callable[..., LocalVictoriaMetrics]
StartAgent = Callable[..., ServerProcess]

FORMAT = {"__name__": "$VAR"}
NOW = pd.Timestamp.now("UTC").floor("min")


def hours_ago(n: int, step: int = 1) -> pd.DataFrame:
    times = pd.date_range(NOW - timedelta(hours=n), NOW - timedelta(hours=1), freq="1min")
    return pd.DataFrame({"y": np.ones(len(times))}, index=times).iloc[::step]


def test_a_single_node_tells_all(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics(
        *("-maxLabelsPerTimeseries=7", "-maxLabelValueLen=99", "-dedup.minScrapeInterval=1s"),
        *("-precisionBits=60", "-search.resetCacheAuthKey=hush"),
        retention="90d",
    )
    with writer_with(server.url, metric_format=FORMAT) as writer:
        check = writer.check()
    assert (check.kind, check.read_kind) == ("single", "single")
    assert (check.retention_s, check.future_s) == (90 * 86_400, 2 * 86_400)
    assert (check.max_labels, check.max_label_value_bytes) == (7, 99)
    assert check.encodings[:2] == ("none", "gzip")
    assert check.clock_ahead_s == pytest.approx(0, abs=1.5)
    assert (check.deduplication, check.altering) == ("1s", {"precisionBits": "60"})
    assert check.reading == "permitted"
    assert check.cache_reset.startswith("refused; set reset_cache_auth_key")
    lines = str(check).splitlines()
    assert lines[0].startswith(f"{server.url}/api/v1/import is ready to be written to (")
    for fact in (
        "server         single node",
        "retention      90 days",
        "future         2 days",
        "labels         7 per series, 256 bytes a name, 99 a value",
        "clock          the same as ours, within a second or so",
        "writing        permitted",
        "reading        permitted",
        "deduplication  one sample per 1s",
        "alters         -precisionBits=60",
    ):
        assert fact in lines


def test_an_agent_and_what_is_behind_it_are_told_apart(
    start_victoria_metrics: StartServer, start_vmagent: StartAgent
) -> None:
    server = start_victoria_metrics(retention="400d")
    agent = start_vmagent(server.url)
    with writer_with(agent.url, query_url=server.url, metric_format=FORMAT) as writer:
        check = writer.check()
    assert (check.kind, check.read_kind, check.retention_s) == ("vmagent", "single", 400 * 86_400)
    assert "server         vmagent; reads go to: single node" in str(check)
    with writer_with(agent.url, metric_format=FORMAT) as writer:
        check = writer.check()
    assert "/api/v1/export: answered 400" in check.reading
    assert check.reading.endswith("or set query_url to what can be read from")
    assert (check.retention_s, check.future_s) == (None, None)
    assert check.cache_reset == "unknown; reads go to: vmagent"


def test_the_deduplication_of_an_agent_is_told_as_what_alters(
    victoria_metrics: LocalVictoriaMetrics, start_vmagent: StartAgent
) -> None:
    if is_old(victoria_metrics):
        pytest.skip("an agent before v1.86 has no such flag")
    agent = start_vmagent(victoria_metrics.url, "-remoteWrite.streamAggr.dedupInterval=30s")
    with writer_with(agent.url, query_url=victoria_metrics.url, metric_format=FORMAT) as writer:
        assert dict(writer.check().altering) == {"remoteWrite.streamAggr.dedupInterval": "30s"}


def test_a_server_that_keeps_its_facts_to_itself_is_assumed_to_be_as_usual(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics("-metricsAuthKey=hush", "-flagsAuthKey=hush")
    with writer_with(server.url, metric_format=FORMAT) as writer:
        lines = str(writer.check()).splitlines()
    assert "server         does not tell what it is" in lines
    assert "retention      not told; 31 days by default" in lines
    assert "future         not told; 2 days by default" in lines
    assert "cache reset    unknown; the server does not tell what it is" in lines
    assert "labels         30 per series, 256 bytes a name, 4,096 a value" in lines


def test_samples_that_may_be_too_old_for_it_are_logged_unless_they_are_verified(
    start_victoria_metrics: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_victoria_metrics("-metricsAuthKey=hush", "-flagsAuthKey=hush")
    frame = hours_ago(24 * 40)
    with writer_with(server.url, metric_format=FORMAT) as writer, caplog.at_level(logging.WARNING):
        writer.write(frame, verify="count")
        assert caplog.messages == []
        writer.write(frame)
        (message,) = caplog.messages
        assert message.startswith("timestamps: samples are older than a day, and no server reports")
        writer.write(hours_ago(3))
        assert len(caplog.messages) == 1


def test_a_server_that_refuses_is_an_error(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-httpAuth.username=me", "-httpAuth.password=hush")
    with (
        writer_with(server.url, metric_format=FORMAT) as writer,
        pytest.raises(ServerRejected, match="answered 401"),
    ):
        writer.check()


def graphed(url: str) -> float:
    """Return the number of samples in a graph that the server may have computed before."""
    end = NOW.timestamp() - 3600
    query = {"query": "count_over_time(y[1m])", "start": str(end - 7200), "end": str(end)}
    answer = requests.get(f"{url}/api/v1/query_range", {**query, "step": "60"}, timeout=10)
    result = answer.json()["data"]["result"]
    return sum(float(value) for _, value in result[0]["values"])


@pytest.mark.parametrize("key", [None, "hu&sh"])
def test_old_graphs_show_new_history_after_a_reset(
    start_victoria_metrics: StartServer, key: str | None
) -> None:
    flags = ["-search.disableAutoCacheReset", f"-search.resetCacheAuthKey={key or ''}"]
    server = start_victoria_metrics(*flags)
    with writer_with(server.url, metric_format=FORMAT, reset_cache_auth_key=key) as writer:
        writer.write(hours_ago(4, step=2), verify=True)
        before = graphed(server.url)
        with pytest.warns(CopiesWarning):
            report = writer.write(hours_ago(4), verify=True)
        assert report.cache_reset == "advised"
        assert "cached graphs         may not show these samples yet; reset_cache=" in str(report)
        assert graphed(server.url) == before
        with pytest.warns(CopiesWarning):
            report = writer.write(hours_ago(4), verify=True, reset_cache=True)
        assert report.cache_reset == "done"
        assert graphed(server.url) > before


def test_a_server_that_resets_its_cache_by_itself_does_so_within_seconds(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics()
    with writer_with(server.url, metric_format=FORMAT) as writer:
        writer.write(hours_ago(4, step=2), verify=True)
        before = graphed(server.url)
        with pytest.warns(CopiesWarning):
            assert writer.write(hours_ago(4), verify=True).cache_reset == "automatic"
        time.sleep(6)
        assert graphed(server.url) > before
        recent = pd.DataFrame({"y": [1.0]}, index=[pd.Timestamp.now("UTC").floor("s")])
        assert writer.write(recent).cache_reset is None


def test_a_reset_that_is_refused_fails_no_write(
    start_victoria_metrics: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = start_victoria_metrics("-search.resetCacheAuthKey=right")
    with writer_with(server.url, metric_format=FORMAT, reset_cache_auth_key="wrong") as writer:
        report = writer.write(hours_ago(2), reset_cache=True)
    assert (report.cache_reset, report.undelivered) == ("failed", 0)
    assert "set reset_cache_auth_key to the server's -search.resetCacheAuthKey" in caplog.text
    assert "wrong" not in caplog.text


def slowly(bodies: Iterable[Body]) -> Iterator[Body]:
    for body in bodies:
        time.sleep(0.4)
        yield body


def test_drops_of_others_during_a_long_write_are_hinted_at(
    start_victoria_metrics: StartServer,
) -> None:
    server = start_victoria_metrics()
    frame = pd.DataFrame(
        np.random.default_rng(0).normal(size=(1000, 500)),
        index=pd.date_range(NOW - timedelta(days=9), periods=1000, freq="1min"),
    ).add_prefix("c")
    bad = b'{"metric":{"__name__":"y"},"values":[null],"timestamps":["x"]}\n' * 3
    with writer_with(
        server.url, metric_format=FORMAT, batch_max_bytes=2**22, throttle=slowly
    ) as writer:
        report = writer.write(frame)
        assert report.requests >= 3
        assert report.server_drops == {}
        requests.post(f"{server.url}/api/v1/import", bad, timeout=9)
        time.sleep(1.1)
        assert writer.write(frame.iloc[:10]).server_drops is None  # too few for that
        assert writer.write(frame).server_drops == {}


def test_the_probe_for_zstd_is_not_told_as_a_drop(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    with writer_with(server.url, metric_format=FORMAT, compression="zstd") as writer:
        writer.write(hours_ago(4))
        time.sleep(1.1)
        # New servers count the probe, which is no zstd, as an error of reading.
        metrics = requests.get(f"{server.url}/metrics", timeout=9).text
    assert count_dropped(metrics).total() == 0


def test_the_commands_check_and_verify(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    url, csv, absent = victoria_metrics.url, tmp_path / "scores.csv", tmp_path / "absent.csv"
    hours_ago(2).rename_axis("time").to_csv(csv)
    hours_ago(2).rename_axis("time").rename(columns={"y": "absent"}).to_csv(absent)
    target = ["--url", url, "--metric-format", "__name__=commands_$VAR"]

    def run(*arguments: object) -> tuple[int, str, str]:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        return result.exit_code, result.stdout, result.stderr

    code, out, _ = run("check", "--url", url)
    assert (code, out.splitlines()[1]) == (0, "server         single node")
    assert run("write", csv, *target, "--repair", "--reset-cache")[0] == 0
    code, out, err = run("verify", csv, *target)
    assert (code, err) == (0, "")
    assert out == f"{csv}  verified: 61 of 61 samples found, 0 missing, 0 mismatched\n"
    assert run("verify", csv, *target, "--count")[0] == 0
    code, out, err = run("verify", csv, *target, "--url", "http://127.0.0.1:1")
    assert (code, out) == (1, "")
    assert f"Error: {csv}: http://127.0.0.1:1/api/v1/export: nothing listens" in err
    code, out, err = run("verify", absent, csv, *target, "--json")
    assert code == 3
    assert err.startswith(f"Error: {absent}: verify: 61 of 61 samples, in 1 series, were not read")
    plain = json.loads(out)
    assert (plain["expected"], plain["missing"], plain["ok"]) == (122, 61, False)
    assert [file["verification"]["ok"] for file in plain["files"]] == [False, True]


def test_a_file_of_which_the_server_keeps_nothing_is_not_called_verified(
    start_victoria_metrics: StartServer, tmp_path: Path
) -> None:
    server = start_victoria_metrics(retention="1d")
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    hours_ago(2).rename_axis("time").to_csv(new)
    hours_ago(40).iloc[:9].rename_axis("time").to_csv(old)
    target = ["--url", server.url, "--metric-format", "__name__=$VAR"]
    result = CliRunner().invoke(main, ["write", str(old), str(new), "--verify", *target])
    assert result.exit_code == 0
    assert f"{old}  delivered\n{new}  verified\n" in result.stdout
    warning = f"warning: {old}: timestamps: 9 samples are older than what the server keeps"
    assert warning in result.stderr
    result = CliRunner().invoke(main, ["verify", str(old), *target])
    assert (result.exit_code, result.stdout) == (0, f"{old}  nothing to verify\n")
    result = CliRunner().invoke(main, ["check", "--url", server.url])
    assert "retention      1 day\n" in result.stdout
