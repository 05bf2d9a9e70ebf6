"""The examples of docs/howto/examples: whoever copies one gets something that runs."""

from __future__ import annotations

import ast
import configparser
import shlex
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.support.command_line import command_named
from tests.support.docs_pages import DOCS
from vm_df_writer.cli.actions.backfill import JobExitCode
from vm_df_writer.jobs import JobOptions, backfill

FOLDER = DOCS / "howto" / "examples"


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def require_valid(arguments: list[str]) -> None:
    """Parse a command line as the program would; nothing is run."""
    command, *rest = arguments
    command_named(command).make_context(command, rest)


def test_the_cron_job_has_what_kubernetes_asks_for_and_a_valid_command() -> None:
    job = load("kubernetes-cronjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "OnFailure"
    (container,) = pod["containers"]
    assert container["command"] == ["vm-df-writer"]
    # The files are in the container alone: only their absence may be told.
    arguments = [
        argument.replace("/etc/vm-df-writer/writer.yaml", __file__)
        for argument in container["args"]
    ]
    require_valid(arguments)
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes


def test_the_airflow_task_calls_what_there_is() -> None:
    tree = ast.parse((FOLDER / "airflow_backfill.py").read_text())
    calls = {
        node.func.id: {keyword.arg for keyword in node.keywords}
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert calls["backfill"] <= set(backfill.__annotations__)
    assert calls["JobOptions"] <= set(vars(JobOptions()))


def test_the_systemd_units_are_valid_and_know_the_exit_codes() -> None:
    units = {}
    for kind in ("service", "timer"):
        parser = configparser.ConfigParser(strict=True, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment, method-assign]
        text = (FOLDER / f"backfill-scores.{kind}").read_text().replace("\\\n", " ")
        parser.read_string(text)
        units[kind] = parser
    service = units["service"]["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert program.endswith("/vm-df-writer")
    require_valid(
        [argument.replace("/etc/vm-df-writer/writer.yaml", __file__) for argument in arguments]
    )
    assert int(service["SuccessExitStatus"]) == JobExitCode.TERMINATED
    assert set(map(int, service["RestartPreventExitStatus"].split())) == {
        *(JobExitCode.REFUSED, JobExitCode.UNVERIFIED, JobExitCode.FAILED_PARTS),
    }
    assert units["timer"]["Timer"]["OnCalendar"] == "*-*-* 02:30:00"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_units() -> None:
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", *map(str, sorted(FOLDER.glob("backfill-scores.*")))],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if "is not executable" not in line]
    assert not [line for line in complaints if "backfill-scores" in line]


def test_the_github_workflow_is_valid_and_keeps_the_state() -> None:
    workflow = load("github-backfill.yaml")
    assert workflow[True]["schedule"]  # `on` is YAML 1.1's word for true
    steps = workflow["jobs"]["backfill"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    (run,) = (step["run"] for step in steps if "vm-df-writer backfill" in step.get("run", ""))
    program, *arguments = shlex.split(run)
    assert program == "vm-df-writer"
    require_valid([argument.replace("writer.yaml", __file__) for argument in arguments])
    restore, save = (step for step in steps if step.get("uses", "").startswith("actions/cache"))
    assert restore["with"]["path"] == save["with"]["path"] == "backfill.sqlite"
    assert save["with"]["key"].startswith(restore["with"]["restore-keys"])
    assert save["if"] == "always()"  # a run that failed has sent something too


def test_every_example_and_exit_code_is_in_the_page() -> None:
    page = (FOLDER.parent / "backfill.md").read_text()
    for path in FOLDER.iterdir():
        assert f"(examples/{path.name})" in page
    for code in JobExitCode:
        assert str(int(code)) in page
