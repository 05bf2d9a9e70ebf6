"""Signals at random moments of commands, and what must hold after each.

``python -m tests.support.signal_shots write 1000 --seed 1`` shoots at as many runs of a command.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import multiprocessing
import os
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import click
import numpy as np
import orjson

from tests.support.line_receiver import Receiver
from tests.support.spool_folders import samples_in
from tests.support.writers import frame_of
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.jobs import read_report
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.wire.packing import Body

__all__ = ["Command", "Shots", "shoot"]

Command = Literal["write", "replay", "backfill"]

_HANGS_AFTER_S = 300.0  # a busy machine may take a minute to start workers
_N_FILES = 8
_PRELOADED = ["tests.support.spool_folders", "tests.support.writers"]
_FRAME = frame_of(4_000, 8).rename_axis("time")


@dataclass
class Shots:
    """What became of the runs that were shot at.

    Attributes
    ----------
    ends : Counter of str
        How often runs ended in which way.
    faults : list of str
        What must not be.
    """

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def run_command(arguments: list[str], folder: str, ready: Any) -> None:
    """Run the command line in a process of its own, and say when that begins."""
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    faulthandler.register(signal.SIGUSR1)
    from vm_df_writer.cli import main

    ready.send_bytes(b"go")
    main(arguments, "vm-df-writer")


class _Gun:
    """Runs commands in processes that start quickly, and shoots at them."""

    def __init__(self, url: str, seed: int) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["vm_df_writer.cli", "pyarrow", *_PRELOADED])
        self.random = random.Random(seed)  # noqa: S311
        self.url = url

    def run(self, arguments: list[str], folder: Path, shot_s: float | None) -> tuple[Any, float]:
        """Return the exit code, None if it hung, and how long it took."""
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(target=run_command, args=(arguments, str(folder), theirs))
        process.start()
        theirs.close()
        ours.recv_bytes()
        started = time.monotonic()
        if shot_s is not None:
            number = self.random.choice((signal.SIGINT, signal.SIGTERM))
            times = self.random.choice((1, 1, 1, 2))
            for _ in range(times):
                process.join(shot_s)
                if process.exitcode is None and process.pid is not None:
                    with suppress(ProcessLookupError):  # it ends just now
                        os.kill(process.pid, number)
        process.join(_HANGS_AFTER_S)
        took_s = time.monotonic() - started
        code = process.exitcode
        if code is None and process.pid is not None:
            os.kill(process.pid, signal.SIGUSR1)  # says where it hangs
            time.sleep(1.0)
            process.kill()
            process.join()
        ours.close()
        return code, took_s


def shoot(
    command: Command, shots: int, seed: int, tell: Callable[[object], object] = lambda _: None
) -> Shots:
    """Shoot at a command so many times; what must hold is in the functions below."""
    found = Shots()
    receiver = Receiver(seed)
    thread = threading.Thread(target=receiver.serve_forever, daemon=True)
    gun = _Gun(receiver.url, seed)
    play = {"write": _shoot_at_write, "replay": _shoot_at_replay, "backfill": _shoot_at_backfill}
    thread.start()
    try:
        for shot in range(-2, shots):
            name = f"{command}_{shot + 2}"
            with TemporaryDirectory() as folder:
                longest_s = _LONGEST_S[command]
                shot_s = None if shot < 0 else gun.random.uniform(0.0, longest_s)
                play[command](gun, receiver, name, Path(folder), shot_s, found)
            receiver.samples.clear()
            if shot % 50 == 49:
                tell(found)
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
    return found


_LONGEST_S = {"write": 0.6, "replay": 0.25, "backfill": 0.9}


def _end(found: Shots, name: str, folder: Path, code: Any, shot_s: float | None) -> dict[str, Any]:
    """Note how a run ended, and return the report that it printed, if it printed one."""
    stdout, stderr = ((folder / name).read_text() for name in ("stdout", "stderr"))
    report = json.loads(stdout) if stdout else {}
    # What multiprocessing prints of that, another signal may cut short.
    if code == 1 and stderr.startswith("Process ForkServer") and "cli/messages" not in stderr:
        found.ends["before it began"] += 1
        return {}
    if code == 1 and stderr.endswith(("Interrupted.\n", "Terminated.\n")):
        code = 130  # a second signal struck multiprocessing, after the command
    found.ends[f"{code}{' with a report' if report else ''}"] += 1
    allowed = (0,) if shot_s is None else (0, 130, 143, -signal.SIGTERM)
    if code is None:
        found.faults.append(f"{name}: it hangs, shot at {shot_s}: {stderr[-8000:]}")
    elif code not in allowed:
        found.faults.append(f"{name}: exit code {code}, shot at {shot_s}: {stderr[-2000:]}")
    # Python itself prints what strikes a finalizer, and goes on.
    if "Traceback" in re.sub(r"Exception ignored in.*\nTraceback", "", stderr):
        found.faults.append(f"{name}: a traceback, shot at {shot_s}: {stderr[-2000:]}")
    return dict(report)


def _require(found: Shots, name: str, what: str, holds: bool) -> None:
    if not holds:
        found.faults.append(f"{name}: {what}")


def _config(folder: Path, receiver: Receiver, name: str) -> str:
    path = folder / "writer.yaml"
    path.write_text(
        f"datasource_url: {receiver.url}\nbatch_max_bytes: 65536\nretry_deadline: 5s\n"
        f"metric_format: {{__name__: {name}, column: $VAR}}\n"
    )
    return str(path)


def _shoot_at_write(
    gun: _Gun, receiver: Receiver, name: str, folder: Path, shot_s: float | None, found: Shots
) -> None:
    """The account closes, claims no more than the server has, and all is there or spooled."""
    spool, scores = folder / "spool", folder / "scores.csv"
    frame = _FRAME if gun.random.random() < 0.7 else _FRAME[:20]
    frame.to_csv(scores)
    config = ["--config", _config(folder, receiver, name), "--json"]
    arguments = ["write", str(scores), *config, "--spool-dir", str(spool)]
    code, _ = gun.run(arguments, folder, shot_s)
    report = _end(found, name, folder, code, shot_s)
    held, total = receiver.holds(name), frame.size
    kept = samples_in(spool) if spool.exists() else 0
    if report.get("rows"):
        account = report["samples"] + sum(report["dropped"].values()) + report["undelivered"]
        _require(found, name, f"the account does not close: {report}", account == total)
        _require(found, name, f"{report['samples']} > {held}", report["samples"] <= held)
        # A second signal ends the keeping, and a message says so.
        is_brief = "takes no more (interrupted)" in (folder / "stderr").read_text()
        spooled = report["undelivered"] == kept or is_brief
        _require(found, name, f"undelivered, but {kept} kept: {report}", spooled)
        in_doubt = report["in_doubt"] > 0
        more = held > report["samples"]
        _require(found, name, f"{held} held, nothing in doubt: {report}", in_doubt or not more)
        if report["undelivered"] == kept:
            gun.run(["replay", str(spool), *config], folder, None)
            now = receiver.holds(name)
            _require(found, name, f"{now} of {total} after the replay", now == total)
    else:
        _require(found, name, f"no report, and {held} held, {kept} kept", not (held or kept))


def _shoot_at_replay(
    gun: _Gun, receiver: Receiver, name: str, folder: Path, shot_s: float | None, found: Shots
) -> None:
    """Each file is on the server or in the folder, and the next replay sends what is left."""
    spool = folder / "spool"
    Spool(spool).prepare()
    for number in range(_N_FILES):
        Spool(spool).keep(_body(name, number), tenant=None, reason="no answer")
    arguments = ["replay", str(spool), "--config", _config(folder, receiver, name), "--json"]
    code, _ = gun.run(arguments, folder, shot_s)
    report = _end(found, name, folder, code, shot_s)
    held, left = receiver.holds(name), samples_in(spool)
    _require(found, name, f"{held} held, {left} left of {_N_FILES}", held + left >= _N_FILES)
    if report:
        _require(found, name, f"{report['samples']} > {held}", report["samples"] <= held)
        account = report["samples"] + report["undelivered"]
        _require(found, name, f"the account does not close: {report}", account == _N_FILES)
    code, _ = gun.run(arguments, folder, None)
    done = receiver.holds(name) == _N_FILES and not samples_in(spool) and code == 0
    _require(found, name, f"the next replay: {code}, {receiver.holds(name)} held", done)


def _body(name: str, number: int) -> Body:
    labels = orjson.dumps({"__name__": name, "file": str(number)})
    line = b'{"metric":%s,"values":[1],"timestamps":[1767225600000]}\n' % labels
    times = np.array([1767225600000])
    return Body(line, SampleCounts([labels], np.array([1]), times, times))


def _shoot_at_backfill(
    gun: _Gun, receiver: Receiver, name: str, folder: Path, shot_s: float | None, found: Shots
) -> None:
    """The state claims no more than the server has, and the next run brings the job to its end."""
    scores, state = folder / "scores", folder / "job.sqlite"
    scores.mkdir()
    for number in range(4):
        _FRAME[:300].to_csv(scores / f"f{number}.csv")
    workers = "2" if gun.random.random() < 0.1 else "1"
    options = ["--state", str(state), "--workers", workers, "--file-label", "file", "--json"]
    config = ["--config", _config(folder, receiver, name)]
    arguments = ["backfill", str(scores), *config, *options]
    code, _ = gun.run(arguments, folder, shot_s)
    _end(found, name, folder, code, shot_s)
    total = 4 * 300 * _FRAME.shape[1]
    if state.exists() and state.stat().st_size and receiver.holds(name):
        claimed, held = read_report(state).samples, receiver.holds(name)
        _require(found, name, f"{claimed} > {held}", claimed <= held)
    code, _ = gun.run(arguments, folder, None)
    report = json.loads((folder / "stdout").read_text() or "{}")
    done = code == 0 and report.get("outcome") == "done" and receiver.holds(name) == total
    told = (folder / "stderr").read_text()[-8000:]
    _require(found, name, f"the next run: {code}, {receiver.holds(name)} of {total}: {told}", done)


def main() -> None:
    """Shoot, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["write", "replay", "backfill"])
    parser.add_argument("shots", type=int)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found = shoot(given.command, given.shots, given.seed, click.echo)
    click.echo(found)
    sys.exit(bool(found.faults))


if __name__ == "__main__":
    main()
