from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from tests.support.waiting import wait_until
from vm_df_writer.errors import ServerUnavailable
from vm_df_writer.local import LocalVictoriaMetrics, find_program
from vm_df_writer.local.process import ServerProcess

StartServer = Callable[..., LocalVictoriaMetrics]

LINE = b'{"metric":{"__name__":"m"},"values":[1,2],"timestamps":[1767225600000,1767225601000]}\n'


def is_up(url: str) -> bool:
    try:
        return requests.get(f"{url}/health", timeout=10).text == "OK"
    except requests.ConnectionError:
        return False


def post_line(url: str, line: bytes = LINE) -> None:
    assert requests.post(f"{url}/api/v1/import", line, timeout=10).status_code == 204


def stored_lines(url: str) -> list[bytes]:
    requests.get(f"{url}/internal/force_flush", timeout=10)
    query = {"match[]": "m", "start": "0", "end": "4000000000"}
    return requests.get(f"{url}/api/v1/export", query, timeout=10).content.splitlines()


def write_program(path: Path, script: str) -> Path:
    path.write_text("#!/bin/sh\n" + textwrap.dedent(script))
    path.chmod(0o755)
    return path


@pytest.fixture
def real_program(victoria_metrics: LocalVictoriaMetrics) -> str:
    """The program that the tests' servers run."""
    program = os.environ.get("VICTORIA_METRICS_BIN") or find_program("victoria-metrics")
    if program is None:
        pytest.skip(f"{victoria_metrics.url} runs in Docker: there is no program to run by itself")
    return program


def test_samples_of_any_age_are_kept(start_victoria_metrics: StartServer) -> None:
    url = start_victoria_metrics().url
    line = LINE.replace(b"17672256", b"3155328")  # 1980
    post_line(url, line)
    assert stored_lines(url) == [line.rstrip()]


def test_each_server_has_its_own_port_and_data(start_victoria_metrics: StartServer) -> None:
    first, second = start_victoria_metrics(), start_victoria_metrics()
    post_line(first.url)
    assert len(stored_lines(first.url)) == 1
    assert stored_lines(second.url) == []


def test_flags_reach_the_server(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics("-dedup.minScrapeInterval=1ms", retention="5y")
    flags = requests.get(f"{server.url}/flags", timeout=10).text
    assert '-dedup.minScrapeInterval="1ms"' in flags
    assert '-retentionPeriod="5y"' in flags


def test_nothing_is_left_after_the_with_block(
    start_victoria_metrics: StartServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    server = start_victoria_metrics()
    url = server.url
    assert list(tmp_path.iterdir()) != []
    server.close()
    assert not is_up(url)
    assert list(tmp_path.iterdir()) == []
    assert server.log == ""


def test_restart_keeps_port_and_samples(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    url = server.url
    post_line(url)
    server.restart()
    assert server.url == url
    assert stored_lines(url) == [LINE.rstrip()]


def test_kill_loses_what_was_only_in_memory(start_victoria_metrics: StartServer) -> None:
    server = start_victoria_metrics()
    post_line(server.url)
    server.kill()
    assert not is_up(server.url)
    server.restart()
    assert stored_lines(server.url) == []


@pytest.mark.usefixtures("victoria_metrics")  # so that a missing program is noticed here
def test_server_outlives_the_thread_that_started_it(start_victoria_metrics: StartServer) -> None:
    servers: list[LocalVictoriaMetrics] = []
    thread = threading.Thread(target=lambda: servers.append(start_victoria_metrics()))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert is_up(servers[0].url)


def test_server_ends_when_its_parent_is_killed(
    victoria_metrics: LocalVictoriaMetrics, tmp_path: Path
) -> None:
    script = """
        import time
        from vm_df_writer.local import LocalVictoriaMetrics

        print(LocalVictoriaMetrics().start().url, flush=True)
        time.sleep(60)
    """
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert url != victoria_metrics.url
        assert is_up(url)
        parent.send_signal(signal.SIGKILL)
    assert wait_until(lambda: not is_up(url))


def test_a_wrong_flag_is_told_by_the_server_itself(start_victoria_metrics: StartServer) -> None:
    with pytest.raises(ServerUnavailable, match="flag provided but not defined: -nosuch"):
        start_victoria_metrics("-nosuch=1")


def test_docker_runs_the_server_where_there_is_no_program(
    real_program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # Stands in for Docker's client: runs the image's program by itself, with the same arguments.
    write_program(
        tmp_path / "docker",
        f"""
        echo "$*" >> {tmp_path}/calls
        case $1 in
            run) echo $$ > {tmp_path}/pid ;;
            kill) read -r pid < {tmp_path}/pid; kill -KILL "$pid"; exit ;;
            *) exit ;;
        esac
        until [ "${{1#victoriametrics/victoria-metrics:}}" != "$1" ]; do shift; done
        shift
        exec {real_program} "$@"
        """,
    )
    monkeypatch.delenv("VICTORIA_METRICS_BIN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with LocalVictoriaMetrics() as server:
        port = server.url.rpartition(":")[2]
        assert is_up(server.url)
        server.kill()
        assert not is_up(server.url)
    run, kill = (tmp_path / "calls").read_text().splitlines()[-2:]
    container = run.split("--name ")[1].split()[0]
    assert kill == f"kill {container}"
    assert f"--publish 127.0.0.1:{port}:{port} " in run
    assert f"-httpListenAddr=:{port} " in run


def test_vmagent_forwards_to_the_server(
    start_victoria_metrics: StartServer, start_vmagent: Callable[..., ServerProcess]
) -> None:
    server = start_victoria_metrics()
    agent = start_vmagent(server.url)
    post_line(agent.url)
    assert wait_until(lambda: stored_lines(server.url) == [LINE.rstrip()])


def test_vmauth_asks_for_a_password_before_the_server_is_reached(
    victoria_metrics: LocalVictoriaMetrics, start_vmauth: Callable[..., ServerProcess]
) -> None:
    auth = start_vmauth(
        f"users: [{{username: ada, password: s3cret, url_prefix: '{victoria_metrics.url}/'}}]"
    )
    url = f"{auth.url}/api/v1/status/tsdb"
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, auth=("ada", "s3cret"), timeout=10).status_code == 200
