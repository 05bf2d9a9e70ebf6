"""What is published: the distributions are complete, and what they say of the project is so."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from vm_df_writer import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the source distribution and the wheel of this tree."""
    pytest.importorskip("hatchling")
    pytest.importorskip("hatch_fancy_pypi_readme")
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def wheel_names(dist: Path) -> set[str]:
    with ZipFile(dist / f"vm_df_writer-{__version__}-py3-none-any.whl") as wheel:
        return set(wheel.namelist())


@pytest.fixture(scope="module")
def metadata(dist: Path) -> Message:
    with ZipFile(dist / f"vm_df_writer-{__version__}-py3-none-any.whl") as wheel:
        text = wheel.read(f"vm_df_writer-{__version__}.dist-info/METADATA").decode()
    return Parser().parsestr(text)


def tracked_files() -> set[str]:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("the files of the project are those that git tracks, and this is no clone")
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)  # noqa: S603
    return set(filter(None, listed.stdout.decode().split("\0")))


def test_the_source_distribution_has_every_file_of_the_project(dist: Path) -> None:
    with tarfile.open(dist / f"vm_df_writer-{__version__}.tar.gz") as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    assert tracked_files() - packed == set()


def test_the_wheel_has_the_package_and_nothing_else(wheel_names: set[str]) -> None:
    info = f"vm_df_writer-{__version__}.dist-info"
    about = {"METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE"}
    assert {name for name in wheel_names if name.startswith(info)} == {
        f"{info}/{name}" for name in about
    }
    package = {name for name in wheel_names if not name.startswith(info)}
    assert package == {name for name in tracked_files() if name.startswith("vm_df_writer/")}


def test_the_wheel_is_typed_and_has_its_data(wheel_names: set[str]) -> None:
    assert {
        "vm_df_writer/py.typed",
        "vm_df_writer/__init__.pyi",
        "vm_df_writer/alerting/dashboard.json",
        "vm_df_writer/cli/parameters/completion.json",
    } <= wheel_names


def test_every_link_of_the_published_readme_is_absolute(metadata: Message) -> None:
    text = metadata.get_payload()
    assert isinstance(text, str)
    prose = re.sub(r"(?ms)^```.*?^```$", "", text)
    targets = re.findall(r"\]\(([^)\s]+)", prose)
    targets += re.findall(r"(?:href|src|srcset)=[\"']([^\"'\s]+)", prose)
    targets += re.findall(r"(?m)^\[[^\]]+\]:\s+(\S+)", prose)
    assert targets
    relative = {target for target in targets if not target.startswith(("https://", "#"))}
    assert relative == set()
    at_this_version = re.escape(f"{PROJECT['urls']['Source']}/") + r"(blob|raw)/v"
    ours = {target for target in targets if re.match(at_this_version, target)}
    assert ours
    paths = {re.sub(rf"{at_this_version}{re.escape(__version__)}/", "", url) for url in ours}
    assert {path for path in paths if not (ROOT / path.partition("#")[0]).exists()} == set()


def test_the_code_of_the_published_readme_is_that_of_the_readme(metadata: Message) -> None:
    blocks = re.compile(r"(?ms)^```.*?^```$")
    published = metadata.get_payload()
    assert isinstance(published, str)
    assert blocks.findall(published) == blocks.findall((ROOT / "README.md").read_text())


def test_the_published_readme_speaks_to_those_who_have_no_repository(metadata: Message) -> None:
    text = metadata.get_payload()
    assert isinstance(text, str)
    assert "`pip install vm_df_writer`" in text
    assert "`'vm_df_writer[" in text
    assert re.search(r"pip install \.|'\.\[|this folder", text) is None
    assert "a clone of the repository" in text.partition("make demo")[0]


def test_every_extra_that_a_text_names_is_there() -> None:
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.yaml")]
    texts += (ROOT / "vm_df_writer").rglob("*.py")
    named = {
        extra
        for text in texts
        for extras in re.findall(r"vm_df_writer\[([\w, -]+)\]", text.read_text())
        for extra in re.split(r",\s*", extras)
    }
    assert {"arrow", "plot"} <= named
    assert named - PROJECT["optional-dependencies"].keys() == set()


def test_the_citation_and_the_changelog_are_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == __version__
    released = re.findall(r"(?m)^## (\d\S*) - (\S+)$", (ROOT / "CHANGELOG.md").read_text())
    assert released[0] == (__version__, str(cited["date-released"]))


def test_where_the_repository_is_stands_in_pyproject_alone() -> None:
    source = PROJECT["urls"]["Source"]
    assert all(url.startswith(source) for url in PROJECT["urls"].values())
    host = source.partition("://")[2]
    texts = {name for name in tracked_files() if not name.endswith((".png", ".parquet"))}
    naming = [name for name in texts if host in (ROOT / name).read_text(errors="replace")]
    assert naming == ["pyproject.toml"]


def test_workflows_call_targets_of_the_makefile_alone() -> None:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    workflows = list((ROOT / ".github" / "workflows").glob("*.yml"))
    jobs = [job for path in workflows for job in yaml.safe_load(path.read_text())["jobs"].values()]
    commands = [step["run"].split() for job in jobs for step in job["steps"] if "run" in step]
    assert {command[0] for command in commands} == {"make"}
    assert {command[1] for command in commands} <= targets
    assert {"lint", "test", "test-oldest", "docs", "matrix"} <= {command[1] for command in commands}
    actions = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert {action.partition("/")[0] for action in actions} == {"actions"}  # of the host itself


def test_each_supported_python_is_classified_from_the_oldest_on() -> None:
    versions = [
        int(minor)
        for line in PROJECT["classifiers"]
        for minor in re.findall(r"Python :: 3\.(\d+)$", line)
    ]
    oldest = int(PROJECT["requires-python"].removeprefix(">=3."))
    assert versions == list(range(oldest, versions[-1] + 1))
    assert f'target-version = "py3{oldest}"' in (ROOT / "pyproject.toml").read_text()
