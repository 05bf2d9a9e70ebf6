from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.packaged_servers import packaged_path


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    for version in ("1.79.5", "1.112.0", "1.145.0"):
        (tmp_path / f"victoria-metrics-{version}/usr/bin").mkdir(parents=True)
    for version in ("2.42.0", "3.5.3", "2.53.3"):
        (tmp_path / f"prometheus-{version}/usr/bin").mkdir(parents=True)
    return tmp_path


@pytest.mark.parametrize(
    ("suite", "versions"),
    [
        ("oldest", ["victoria-metrics-1.79.5", "prometheus-2.42.0"]),
        ("newest", ["victoria-metrics-1.145.0", "prometheus-3.5.3"]),
    ],
)
def test_versions_are_compared_as_numbers(servers: Path, suite: str, versions: list[str]) -> None:
    folders = packaged_path(suite, servers).split(os.pathsep)
    assert [Path(folder).parts[-3] for folder in folders] == versions


def test_a_program_that_was_not_unpacked_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no victoria-metrics; run `make servers`"):
        packaged_path("oldest", tmp_path)


def test_another_suite_is_refused(servers: Path) -> None:
    with pytest.raises(ValueError, match="expected 'oldest' or 'newest', got 'sid'"):
        packaged_path("sid", servers)
