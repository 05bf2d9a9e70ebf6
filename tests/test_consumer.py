"""What a user has who has installed the wheel, and nothing of this tree: types, and a fixture."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.programs import require_program
from tests.support.thorough import thorough

pytestmark = thorough

ROOT = Path(__file__).parents[1]

PROGRAM = """\
import numpy as np
import pandas as pd
import vm_df_writer
from requests.auth import HTTPBasicAuth
from vm_df_writer import VmWriter, WriterConfig, WriteReport, to_import_lines, to_remote_write
from vm_df_writer.jobs import JobReport, backfill

class Table:
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

frame = pd.DataFrame({"y": [1.0]})
config = WriterConfig(datasource_url="http://localhost:8428", tenant_id=3, timeout="5s")
writer = VmWriter("http://localhost:8428", metric_format={"__name__": "$VAR"}, user="me")
report: WriteReport = writer.write(frame, query_key="cpu", layout="wide", if_exists="skip")
report = writer.write(frame["y"]) + writer.write(Table(), verify="repair")
lines: list[bytes] = [*to_import_lines(Table(), labels={"job": "node"}), *to_remote_write(frame)]
job: JobReport = backfill("scores/", writer, naive_tz="Europe/Berlin")
found: pd.DataFrame = writer.diff(frame, duplicates="max")
writer.preview(Table(), round_digits=3).to_frame()
rules: str = report.alert_rules(threshold=2.0).to_yaml()
drawn = [report.plot(heatmap=True, max_series=3), *report.plot(frame, yhat="expected")]
VmWriter("http://localhost:8428", auth=HTTPBasicAuth("me", "secret"))

VmWriter("http://localhost:8428", timeot="5s")  # wrong
VmWriter("http://localhost:8428", timeout=[])  # wrong
VmWriter("http://localhost:8428", compression="brotli")  # wrong
WriterConfig()  # wrong
WriterConfig(datasource_url="http://localhost:8428", concurrency="many")  # wrong
writer.write(np.zeros(3))  # wrong
writer.write(frame, querykey="cpu")  # wrong
writer.preview(frame, layout="broad")  # wrong
writer.verify(frame, time_unit="m")  # wrong
writer.read(like=frame, label_columns=3)  # wrong
to_import_lines(frame, labels=["job"])  # wrong
backfill("scores/", writer, inf="kept")  # wrong
VmWriter("http://localhost:8428", auth="token")  # wrong
report.alert_rules(thresold=2.0)  # wrong
report.plot(heatmap=True, yhat="expected")  # wrong
"""

POLARS = """
import polars as pl
writer.write(pl.DataFrame({"y": [1.0]}))
writer.write(pl.LazyFrame({"y": [1.0]}))  # wrong
"""

TESTS = """
import sys
import pandas as pd
import pytest
from vm_df_writer import VmWriter
from vm_df_writer.local import LocalVictoriaMetrics

TIMES = pd.date_range("2020-01-01", periods=3, freq="1min", tz="UTC")

@pytest.fixture(scope="module")
def writer(victoria_metrics: LocalVictoriaMetrics) -> VmWriter:
    return VmWriter(victoria_metrics.url)

@pytest.mark.parametrize("value", [1.0, 2.0])
def test_scores_come_back(writer, request, value):
    scores = pd.DataFrame({"anomaly_score": value}, index=TIMES)
    labels = {"test": request.node.name}
    assert writer.write(scores, labels=labels, verify=True).samples == 3
    back = writer.read(like=scores, labels=labels)
    assert back["anomaly_score"].tolist() == [value] * 3
"""

NAMES_WHAT_WAS_IMPORTED = """
import sys

def pytest_sessionstart():
    print("imported:", *sorted(name for name in sys.modules if name.startswith("vm_df_writer")))
"""


@pytest.fixture(scope="module")
def consumer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel, and beside it what the wheel depends on."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("consumer")
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run(  # noqa: S603
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)],
        check=True,
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(  # noqa: S603
        [*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)],
        check=True,
    )
    # Files ending in .pth are not read there: an editable install of this tree stays out.
    scheme = sysconfig.get_paths(vars={"base": str(folder / "venv")})
    Path(scheme["purelib"], "dependencies.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("site-packages"))
    )
    return python


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "consumer.py"
    path.write_text(PROGRAM + (POLARS if _has("polars") else ""))
    return path


def _has(library: str) -> bool:
    return any(Path(path, library).is_dir() for path in sys.path)


def run(
    *command: str,
    cwd: Path,
    path: str = os.environ["PATH"],
    python: Path | str = sys.executable,
    **more_env: str,
) -> str:
    foreign = ("CI", "PYTHONPATH", "PYTEST_ADDOPTS", "VICTORIA_METRICS_BIN")
    env = {name: value for name, value in os.environ.items() if name not in foreign}
    env |= {"PATH": path, **more_env}
    return subprocess.run(  # noqa: S603
        [str(python), "-m", *command],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def wrong_lines(program: Path) -> set[int]:
    lines = program.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}


def test_mypy_finds_each_mistake_of_a_consumer_and_no_other(consumer: Path, program: Path) -> None:
    pytest.importorskip("mypy")
    options = ("--strict", "--python-executable", str(consumer), "--cache-dir", "cache")
    told = run("mypy", *options, program.name, cwd=program.parent)
    found = {int(n) for n in re.findall(r"^consumer\.py:(\d+): error", told, re.MULTILINE)}
    assert found == wrong_lines(program), told


def test_pyright_finds_each_mistake_of_a_consumer_and_no_other(
    consumer: Path, program: Path
) -> None:
    pytest.importorskip("pyright")
    told = run(
        *("pyright", "--outputjson", "--pythonpath", str(consumer), program.name),
        cwd=program.parent,
    )
    errors = json.loads(told)["generalDiagnostics"]
    found = {e["range"]["start"]["line"] + 1 for e in errors if e["severity"] == "error"}
    assert found == wrong_lines(program), errors


def test_pyright_knows_the_type_of_every_public_name(consumer: Path, program: Path) -> None:
    pytest.importorskip("pyright")
    # With --verifytypes it takes the first Python of the path, whatever --pythonpath says.
    path = f"{consumer.parent}{os.pathsep}{os.environ['PATH']}"
    told = run(
        *("pyright", "--outputjson", "--ignoreexternal", "--verifytypes", "vm_df_writer"),
        cwd=program.parent,
        path=path,
    )
    completeness = json.loads(told)["typeCompleteness"]
    unknown = [
        symbol["name"]
        for symbol in completeness["symbols"]
        if symbol["isExported"]
        and (symbol["isTypeAmbiguous"] or not symbol["isTypeKnown"])
        # click's decorators are untyped, and of the command line only `main` is imported
        and not symbol["name"].startswith("vm_df_writer.cli.")
    ]
    assert unknown == ["vm_df_writer.jobs.dask.to_victoriametrics"]  # dask's Delayed is untyped


@pytest.fixture(scope="module")
def their_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with tests of its own, that take the fixture `victoria_metrics`."""
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "test_scores.py").write_text(TESTS)
    (folder / "conftest.py").write_text(NAMES_WHAT_WAS_IMPORTED)
    return folder


def test_the_tests_of_a_consumer_have_a_server(consumer: Path, their_tests: Path) -> None:
    # A server may stand beside this Python alone, and theirs is another one.
    path = str(Path(require_program("victoria-metrics")).parent)
    told = run("pytest", "-p", "no:cacheprovider", cwd=their_tests, python=consumer, path=path)
    assert "2 passed" in told, told
    # A start of pytest costs no more than this.
    assert "imported: vm_df_writer vm_df_writer.pytest_plugin" in told.splitlines()


@pytest.mark.parametrize(
    ("ci", "outcome"), [("", "2 skipped"), ("true", "2 errors")], ids=["at a desk", "in CI"]
)
def test_without_a_server_their_tests_are_skipped_and_fail_in_ci(
    consumer: Path, their_tests: Path, ci: str, outcome: str
) -> None:
    options = ("-p", "no:cacheprovider", "-rsE")
    told = run("pytest", *options, cwd=their_tests, path="", python=consumer, CI=ci)
    assert outcome in told, told
    assert "LocalVictoriaMetrics: no server found" in told
