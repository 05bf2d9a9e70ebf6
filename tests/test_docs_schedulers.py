"""The pages docs/howto/schedulers: what is copied from them runs, and knows the exit codes."""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.support.command_line import run
from tests.support.docs_pages import DOCS
from tests.support.page_blocks import blocks_of
from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.jobs import JobOptions, backfill
from vm_df_writer.local import LocalVictoriaMetrics

FOLDER = DOCS / "howto" / "schedulers"
NO_USE_TO_TRY_AGAIN = {
    *(ExitCode.REFUSED, ExitCode.UNVERIFIED, ExitCode.FAILED_PARTS, ExitCode.DROPPED)
}


def files_of(page: str) -> dict[str, str]:
    """Return the files that stand on a page, by their names."""
    blocks = blocks_of(FOLDER / f"{page}.md")
    return {block.marks["file"]: block.text for block in blocks if "file" in block.marks}


def container_of(job: Any) -> Any:
    (container,) = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    return container


def command_of_kubernetes() -> list[str]:
    container = container_of(yaml.safe_load(files_of("kubernetes")["cronjob.yaml"]))
    return [*container["command"], *container["args"]]


def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(files_of("systemd")["backfill-scores.service"].replace("\\\n", " "))
    return parser["Service"]


def command_of_systemd() -> list[str]:
    return shlex.split(service()["ExecStart"])


def steps_of_github() -> list[Any]:
    workflow = yaml.safe_load(files_of("github_actions")[".github/workflows/backfill.yaml"])
    steps: list[Any] = workflow["jobs"]["backfill"]["steps"]
    return steps


def command_of_github() -> list[str]:
    (text,) = (s["run"] for s in steps_of_github() if "vm-df-writer backfill" in s.get("run", ""))
    return shlex.split(text)


COMMANDS = {
    "kubernetes": command_of_kubernetes,
    "systemd": command_of_systemd,
    "github_actions": command_of_github,
}


@pytest.mark.parametrize("page", COMMANDS)
def test_the_command_writes_all_and_sends_nothing_again(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    victoria_metrics: LocalVictoriaMetrics,
) -> None:
    monkeypatch.chdir(tmp_path)
    times = pd.date_range("2026-01-05", periods=99, freq="1min", tz="UTC", name="time")
    for folder in ("scores", "data/scores", "srv/scores"):
        (tmp_path / folder).mkdir(parents=True)
        scores = pd.DataFrame({"host": page, "anomaly_score": 0.1}, index=times)
        scores.to_csv(tmp_path / folder / "scores.csv")
    (tmp_path / "var/lib/backfill-scores").mkdir(parents=True)
    config = yaml.safe_load(files_of(page)["writer.yaml"])
    config["writer"]["datasource_url"] = victoria_metrics.url
    monkeypatch.setenv("VM_PASSWORD", "hush")
    for place in ("etc/vm-df-writer/writer.yaml", "writer.yaml"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(yaml.safe_dump(config))

    program, *arguments = COMMANDS[page]()
    assert Path(program).name == "vm-df-writer"
    for root in ("/data", "/etc", "/srv", "/var"):
        arguments = [a.replace(f"={root}/", f"={tmp_path}{root}/") for a in arguments]
        arguments = [f"{tmp_path}{a}" if a.startswith(f"{root}/") else a for a in arguments]
    for sent in (99, 0):
        result = run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        assert f'"run_samples": {sent}' in result.output


def test_the_cron_job_has_what_kubernetes_asks_for() -> None:
    job = yaml.safe_load(files_of("kubernetes")["cronjob.yaml"])
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    spec = job["spec"]["jobTemplate"]["spec"]
    pod = spec["template"]["spec"]
    # A policy of failures is for pods that are not started again in place.
    assert pod["restartPolicy"] == "Never"
    (codes,) = (r["onExitCodes"] for r in spec["podFailurePolicy"]["rules"] if "onExitCodes" in r)
    assert codes["containerName"] == container_of(job)["name"]
    assert set(codes["values"]) == NO_USE_TO_TRY_AGAIN
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container_of(job)["volumeMounts"]} == volumes


@pytest.mark.parametrize(
    ("page", "name"), [("airflow", "dags/backfill_scores.py"), ("prefect", "flow.py")]
)
def test_the_schedulers_file_calls_the_job_of_its_page(page: str, name: str) -> None:
    files = files_of(page)
    (job,) = (text for file, text in files.items() if file.endswith("score_job.py"))
    (defined,) = (n for n in ast.parse(job).body if isinstance(n, ast.FunctionDef))
    imported = [n for n in ast.walk(ast.parse(files[name])) if isinstance(n, ast.ImportFrom)]
    assert ("score_job", defined.name) in [(n.module, n.names[0].name) for n in imported]
    calls: dict[str, set[str | None]] = {
        node.func.id: {keyword.arg for keyword in node.keywords}
        for node in ast.walk(defined)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls["backfill"] <= set(backfill.__annotations__)
    assert calls["JobOptions"] <= set(vars(JobOptions()))


def test_airflow_and_prefect_call_the_same_job() -> None:
    airflow, prefect = files_of("airflow"), files_of("prefect")
    assert airflow["dags/score_job.py"] == prefect["score_job.py"]


def test_the_service_knows_the_exit_codes() -> None:
    assert int(service()["SuccessExitStatus"]) == ExitCode.TERMINATED
    assert set(map(int, service()["RestartPreventExitStatus"].split())) == NO_USE_TO_TRY_AGAIN


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = [name for name in files_of("systemd") if name.startswith("backfill-scores.")]
    for name in units:
        (tmp_path / name).write_text(files_of("systemd")[name])
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in units)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert not [line for line in complaints if "backfill-scores" in line]


def test_the_workflow_keeps_the_state() -> None:
    steps = steps_of_github()
    assert all(("uses" in step) != ("run" in step) for step in steps)
    restore, save = (step for step in steps if step.get("uses", "").startswith("actions/cache"))
    assert restore["with"]["path"] == save["with"]["path"] == "backfill.sqlite"
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert save["if"] == "always()"  # a run that failed has sent something too


def test_every_exit_code_is_on_the_page_of_backfills() -> None:
    page = (DOCS / "howto" / "jobs" / "backfill.md").read_text()
    rows = page.split("\n## Exit codes\n")[1]
    named = re.findall(r"^\| (\d+(?:, \d+)*) \|", rows, re.MULTILINE)
    assert {int(code) for cell in named for code in cell.split(", ")} == {*map(int, ExitCode)}
