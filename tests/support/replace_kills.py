"""Kills of a replacement at random moments, and what the server has after it was completed.

In the suite a few rounds of few samples; as a program as many as one likes, with the servers that
are first on the PATH::

    python -m tests.support.replace_kills --rounds 200 --series 50 --samples 20000 --jobs 4
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import requests

from tests.support.writers import FIRST
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.verification.read_back_policy import ReadBackPolicy

STEPS = ("start", "kept", "deleted", "imported", "durable", "compared")
# A shortfall is mended by the next step, and not waited for.
_SOON = ReadBackPolicy(patience_s=2.0)
Stored = dict[str, tuple[list[int], list[float]]]


@dataclass(frozen=True)
class Round:
    """What is replaced in a round, and what is killed when.

    Attributes
    ----------
    seed : int
        Decides the rest.
    n_series, n_samples : int
        What the server holds; a quarter of the samples of each series is replaced.
    victim : str
        ``client`` or ``server``.
    step : str
        The step after which it is killed.
    delay_s : float
        How long after it.
    """

    seed: int
    n_series: int
    n_samples: int
    victim: str
    step: str
    delay_s: float

    @classmethod
    def of(cls, seed: int, n_series: int, n_samples: int) -> Round:
        """Draw a round."""
        draw = random.Random(seed)  # noqa: S311 - repeatable
        victim, step = draw.choice(["client", "server"]), draw.choice(STEPS)
        longest_s = 0.3 if step in ("deleted", "compared") else 1.5
        return cls(seed, n_series, n_samples, victim, step, draw.uniform(0, longest_s))

    @property
    def old(self) -> pd.DataFrame:
        """What was written first."""
        values = np.arange(self.n_series * self.n_samples).reshape(self.n_samples, self.n_series)
        index = pd.date_range(FIRST, periods=self.n_samples, freq="1s")
        return pd.DataFrame(values / 8, index=index, columns=self._names())

    @property
    def new(self) -> pd.DataFrame:
        """What replaces a part of it, upwards and downwards."""
        part = self.old.iloc[self.n_samples // 2 : self.n_samples // 2 + self.n_samples // 4]
        signs = np.where(np.arange(self.n_series) % 2, 1.0, -1.0)
        return part + signs * 1000

    def _names(self) -> list[str]:
        return [f"kill_{self.seed}_{i}" for i in range(self.n_series)]

    def expected(self, *frames: pd.DataFrame) -> Stored:
        """Return what the server has after frames were written, the later ones over the others."""
        whole = self.old.copy()
        for frame in frames:
            whole.loc[frame.index] = frame
        times = pd.DatetimeIndex(whole.index).as_unit("ms").asi8.tolist()
        return {str(name): (times, whole[name].tolist()) for name in whole}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def writer_for(
    url: str, spool: Path, policy: ReplacePolicy | None = None, *, retry_deadline: str = "20s"
) -> VmWriter:
    """Return a writer that replaces as a policy says."""
    config = WriterConfig(
        datasource_url=url,
        metric_format={"__name__": "$VAR"},
        spool_dir=str(spool),
        replace_max_samples=10**9,
        connection_retry_attempts=20,
        retry_deadline=retry_deadline,
    )
    return VmWriter.from_backend(Backend.of(config, replacing=policy, read_back=_SOON))


def is_old(server: LocalVictoriaMetrics) -> bool:
    """Say whether a server is older than v1.86, which brought a flag."""
    metrics = requests.get(f"{server.url}/metrics", timeout=10).text
    return 'name="inmemoryDataFlushInterval"' not in metrics


def read(url: str, seed: int) -> Stored:
    """Return all that the server has of a round."""
    requests.get(f"{url}/internal/force_flush", timeout=30)
    time.sleep(0.6)
    form = {"match[]": f'{{__name__=~"kill_{seed}_.*"}}', "start": "1", "end": "4102444800"}
    found: Stored = {}
    answer = requests.post(f"{url}/api/v1/export", form, timeout=120)
    for line in answer.iter_lines():
        series = orjson.loads(line)
        times, values = found.setdefault(series["metric"]["__name__"], ([], []))
        times += series["timestamps"]
        values += series["values"]
    return found


def replace_in_child(
    url: str, spool: str, seed: int, n_series: int, n_samples: int, durable_s: float
) -> None:
    """Replace, and print each step as it is done."""
    warnings.simplefilter("ignore")
    policy = ReplacePolicy(durable_after_s=durable_s, on_step=_say)
    each = Round.of(seed, n_series, n_samples)
    with writer_for(url, Path(spool), policy) as writer:
        frame = each.new
        _say("start")
        writer.write(frame, if_exists="replace", progress=False)
    _say("done")


def play(each: Round, server: LocalVictoriaMetrics) -> str:
    """Play a round, and say how it went; raises if the server has anything but what it should."""
    warnings.simplefilter("ignore")
    durable_s = 15.0 if each.victim == "server" else 0.5
    policy = ReplacePolicy(durable_after_s=durable_s)
    with tempfile.TemporaryDirectory() as folder:
        spool = Path(folder) / "spool"
        with writer_for(server.url, spool, policy) as writer:
            writer.write(each.old, progress=False)
            if each.victim == "server":
                server.restart()  # so that all of it is on the disk
            ended = _kill(each, server, spool, durable_s)
            for _ in range(3):
                if not list(spool.glob("*.jsonl.gz")):
                    break
                writer.replay(progress=False)
            assert not list(spool.glob("*.jsonl.gz")), "the replay left files"
            old, new = each.expected(), each.expected(each.new)
            stored = read(server.url, each.seed)
            assert stored.keys() == old.keys(), "series are lost"
            states = Counter(
                "new" if got == new[name] else "old" if got == old[name] else "torn"
                for name, got in stored.items()
            )
            assert not states["torn"], f"{states}: samples are lost or doubled"
            assert ended != "done" or not states["old"], f"{states}: it was not replaced"
            writer.write(each.new, if_exists="replace", progress=False)
        if each.victim == "server":
            server.kill()
            server.start()
        assert read(server.url, each.seed) == new, "not all is new after another replace"
    return f"{each.victim} after {each.step}: {ended}, then {dict(states)}"


def _kill(each: Round, server: LocalVictoriaMetrics, spool: Path, durable_s: float) -> str:
    arguments = [server.url, spool, each.seed, each.n_series, each.n_samples, durable_s]
    command = [sys.executable, "-m", "tests.support.replace_kills", "child", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:  # noqa: S603
        assert child.stdout is not None
        for line in child.stdout:
            if line.decode().strip() == each.step:
                break
        time.sleep(each.delay_s)
        if each.victim == "client":
            child.kill()
        else:
            server.kill()
            server.start()
        rest, errors = child.communicate(timeout=300)
    last = (rest.decode().split() or ["nothing"])[-1]
    if last != "done" and each.victim == "server":
        return "failed: " + (errors.decode().strip().splitlines() or ["?"])[-1][:150]
    return last


def main() -> None:
    """Play rounds, several at a time."""
    if sys.argv[1:2] == ["child"]:
        url, spool, seed, n_series, n_samples, durable_s = sys.argv[2:]
        replace_in_child(url, spool, int(seed), int(n_series), int(n_samples), float(durable_s))
        return
    parser = argparse.ArgumentParser()
    for option, usual in (
        ("rounds", 200),
        ("series", 50),
        ("samples", 20_000),
        ("jobs", 4),
        ("seed", 0),
    ):
        parser.add_argument(f"--{option}", type=int, default=usual)
    options = parser.parse_args()

    def work(seed: int) -> tuple[int, str, bool]:
        flags = ("-dedup.minScrapeInterval=1ms",) if seed % 2 else ()
        each = Round.of(seed, options.series, options.samples)
        try:
            with LocalVictoriaMetrics(flags=flags) as server:
                if flags and is_old(server):
                    return seed, "refused", True
                return seed, play(each, server), True
        except Exception as error:  # noqa: BLE001 - told, and the others go on
            return seed, f"{each}: {error!r}", False

    seeds = range(options.seed, options.seed + options.rounds)
    n_failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        for number, told, is_good in pool.map(work, seeds):
            n_failed += not is_good
            _say(f"{number} {'ok' if is_good else 'FAILED'} {told}")
    _say(f"{options.rounds} rounds, {n_failed} failed")
    sys.exit(n_failed > 0)


if __name__ == "__main__":
    main()
