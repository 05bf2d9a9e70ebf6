from __future__ import annotations

import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from vm_df_writer.errors import ConfigError, ServerUnavailable
from vm_df_writer.local import LocalVictoriaMetrics, ServerNotInstalled, find_program


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def run_instead(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Have a shell script run in place of the server."""
    program = tmp_path / "server"
    monkeypatch.setenv("VICTORIA_METRICS_BIN", str(program))
    return lambda script: write_program(program, script)


@pytest.fixture
def only_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, the only one where programs are looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.delenv("VICTORIA_METRICS_BIN", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(folder))
    return folder


def test_the_end_of_the_log_is_told_when_the_server_dies(
    run_instead: Callable[[str], None],
) -> None:
    run_instead("seq 1 99; echo the disk is gone; exit 3")
    message = (
        r"^LocalVictoriaMetrics: the server ended with status 3 before it answered; see its log:\n"
        r"1\n2\n\.\.\.\n86\n(.*\n)+the disk is gone$"
    )
    with pytest.raises(ServerUnavailable, match=message):
        LocalVictoriaMetrics().start()


def test_a_silent_server_is_given_up_in_time(run_instead: Callable[[str], None]) -> None:
    run_instead("exec sleep 60")
    message = r"did not answer on /health within 0\.3 s; see its log:\n\(it is empty\)$"
    with pytest.raises(ServerUnavailable, match=message):
        LocalVictoriaMetrics(start_timeout_s=0.3).start()


def test_url_of_a_server_that_is_not_started_is_an_error() -> None:
    with pytest.raises(ServerUnavailable, match=r"there is no URL, because .* use it in a"):
        _ = LocalVictoriaMetrics().url


def test_variable_that_names_no_program_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VICTORIA_METRICS_BIN", "/nowhere/vm")
    message = r"^VICTORIA_METRICS_BIN: '/nowhere/vm' is not a program that can run; correct or"
    with pytest.raises(ConfigError, match=message):
        LocalVictoriaMetrics().start()


def test_machine_without_server_and_docker_is_told_what_to_install(only_path: Path) -> None:
    assert list(only_path.iterdir()) == []
    message = r"no server found: .* and no Docker runs; install the Debian package victoria-metrics"
    with pytest.raises(ServerNotInstalled, match=message):
        LocalVictoriaMetrics().start()


def test_program_is_found_by_the_name_of_the_official_release(only_path: Path) -> None:
    program = only_path / "victoria-metrics-prod"
    write_program(program, "exit 0")
    assert find_program("victoria-metrics") == str(program)
