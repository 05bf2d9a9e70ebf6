"""A backfill that is killed again and again, beside a server that is restarted."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.torture_scores import METRIC_FORMAT, Scores, Stored
from vm_df_writer.jobs import JobReport, StateError, read_report
from vm_df_writer.local import LocalVictoriaMetrics

ROOT = Path(__file__).parents[2]
_COMMAND = "from vm_df_writer.cli import main; main()"
_LAST_RUN_S = 600.0


@dataclass(frozen=True)
class Torture:
    """How a tortured job went.

    Attributes
    ----------
    kills, restarts : int
        How often the job was killed, and the server restarted while it ran.
    parts_at_kills : list of int
        How many parts were marked when it was killed.
    exit_code : int
        Of the last run.
    stored : Stored
        What the server holds in the end.
    report : JobReport
        What the state file says.
    elapsed_s : float
        From the first start to the end.
    """

    kills: int
    restarts: int
    parts_at_kills: list[int]
    exit_code: int
    stored: Stored
    report: JobReport
    elapsed_s: float


def command(folder: Path, state: Path, url: str, *options: str) -> list[str]:
    """Return the command line of the job."""
    return [
        *(sys.executable, "-c", _COMMAND, "backfill", str(folder), "--url", url),
        *("--metric-format", METRIC_FORMAT, "--state", str(state), "--no-progress", *options),
    ]


def torture(
    scores: Scores, *, kills: int, restarts: int, longest_s: float, seed: int, folder: Path
) -> Torture:
    """Write scores by a job that is killed so often, and compare what is stored in the end.

    Parameters
    ----------
    scores : Scores
        What is written.
    kills, restarts : int
        How often at least the job is killed, and how often the server is restarted meanwhile.
    longest_s : float
        The longest time that the job is left alone; less where it is ahead of the kills.
    seed : int
        Decides the moments.
    folder : Path
        Where the files, the state file and the logs go.

    Raises
    ------
    RuntimeError
        If the job ends by itself before it was killed so often.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    data, state = folder / "scores", folder / "job.sqlite"
    data.mkdir()
    scores.write(data)
    restart_at = {round((i + 1) * kills / (restarts + 1)) for i in range(restarts)}
    marked: list[int] = []
    n_parts = scores.files * scores.groups
    with LocalVictoriaMetrics() as server, (folder / "job.log").open("wb") as log:
        started = time.monotonic()
        while len(marked) < kills:
            options = ["--workers", str(rng.choice([1, 1, 2]))]
            job = subprocess.Popen(  # noqa: S603 - our own program
                command(data, state, server.url, *options),
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            latest = time.monotonic() + rng.uniform(0.2, longest_s)
            # A fast machine must not be done before it was killed so often.
            share = (len(marked) + 1) / (kills + 1)
            while time.monotonic() < latest and marked_parts(state) < share * n_parts:
                time.sleep(0.02)
            if len(marked) in restart_at:
                server.restart()
                time.sleep(0.5)
            if job.poll() == 1:
                continue  # it was started while the server was away, and said so
            if job.poll() is not None:
                raise RuntimeError(
                    f"the job ended with {job.returncode} after {len(marked)} kills: "
                    f"{(folder / 'job.log').read_text()[-1000:]}"
                )
            os.kill(job.pid, signal.SIGKILL)
            job.wait()
            marked.append(marked_parts(state))
        last = subprocess.run(  # noqa: S603 - our own program
            command(data, state, server.url),
            cwd=ROOT,
            stdout=log,
            stderr=log,
            timeout=_LAST_RUN_S,
            check=False,
        )
        elapsed_s = time.monotonic() - started
        return Torture(
            kills=len(marked),
            restarts=len(restart_at),
            parts_at_kills=marked,
            exit_code=last.returncode,
            stored=scores.compare(server.url),
            report=read_report(state),
            elapsed_s=elapsed_s,
        )


def marked_parts(state: Path) -> int:
    """Return how many parts a state file has as sent; 0 if there is none yet."""
    try:
        return read_report(state).parts.get("sent", 0)
    except StateError:
        return 0  # it was killed before there was one
