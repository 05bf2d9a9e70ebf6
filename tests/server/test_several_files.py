"""What several files hold is one thing: a series is one series in all files of a command."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import run
from tests.support.score_files import stored
from vm_df_writer.local import LocalVictoriaMetrics


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Three files of one host, of which each has a sample of the one before; and another host."""
    rows = (
        [("00", "a", 1.5), ("01", "a", 2.5)],
        [("01", "a", 2.5), ("02", "a", 3.5), ("01", "b", 2.5)],
        [("02", "a", 3.5), ("00", "a", 1.5)],
    )
    paths = []
    for number, lines in enumerate(rows):
        paths.append(tmp_path / f"{number}.csv")
        text = "".join(f"2026-01-01T00:{minute}:00Z,{host},{y}\n" for minute, host, y in lines)
        paths[-1].write_text("time,host,y\n" + text)
    return paths


def command(what: str, files: list[Path], url: str, name: str, *options: str) -> Any:
    format_ = f"__name__={name}_$VAR"
    options = ("--label-columns", "host", "--value-columns", "y", *options)
    result = run(what, *files, "--url", url, "--metric-format", format_, "--json", *options)
    return result.exit_code, json.loads(result.stdout) if result.stdout else result.stderr


def ms(minute: int) -> int:
    return 1767225600000 + 60_000 * minute


ONCE = {
    "host=a": Counter({(ms(minute), minute + 1.5): 1 for minute in range(3)}),
    "host=b": Counter({(ms(1), 2.5): 1}),
}


@pytest.mark.parametrize("duplicates", ["last", "first", "max"])
def test_a_sample_that_two_files_have_is_stored_once_and_counts_once(
    victoria_metrics: LocalVictoriaMetrics, name: str, files: list[Path], duplicates: str
) -> None:
    url, options = victoria_metrics.url, ("--duplicates", duplicates)
    code, foreseen = command("write", files, url, name, "--dry-run", *options)
    assert (code, foreseen["undelivered"]) == (0, 4)
    code, report = command("write", files, url, name, "--verify", *options)
    assert (code, report["samples"], report["dropped"]) == (0, 4, {"duplicate": 3})
    assert (report["verification"]["expected"], report["verification"]["copies"]) == (4, 0)
    assert stored(url, name) == ONCE
    code, found = command("verify", files, url, name, *options)
    assert (code, found["expected"], found["found"]) == (0, 4, 4)


def test_of_other_values_the_one_stays_that_duplicates_names(
    victoria_metrics: LocalVictoriaMetrics, name: str, files: list[Path]
) -> None:
    files[0].write_text(files[0].read_text().replace("2.5", "9.5"))
    url = victoria_metrics.url
    code, said = command("write", files, url, name)
    assert (code, stored(url, name)) == (2, {})
    assert "1.csv: has other values at 1 times at which" in said
    code, report = command("write", files, url, name, "--duplicates", "max", "--verify")
    assert (code, report["samples"], report["dropped"]) == (0, 4, {"duplicate": 3})
    assert stored(url, name)["host=a"][ms(1), 9.5] == 1
    assert command("verify", files, url, name, "--duplicates", "max")[0] == 0


def test_the_largest_of_three_is_known_though_it_is_not_the_last(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    files = []
    for number, y in enumerate((5.0, 2.0, 3.0)):
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text(f"time,host,y\n2026-01-01T00:00:00Z,a,{y}\n")
    code, report = command("write", files, victoria_metrics.url, name, "--duplicates", "max")
    assert (code, report["samples"]) == (0, 1)
    assert stored(victoria_metrics.url, name) == {"host=a": Counter({(ms(0), 5.0): 1})}


def test_all_that_is_to_be_kept_is_stored_and_verified(
    victoria_metrics: LocalVictoriaMetrics, name: str, files: list[Path]
) -> None:
    """Each file is right, though others have put equal and other values beside its own."""
    files[0].write_text(files[0].read_text().replace("2.5", "9.5"))
    url, options = victoria_metrics.url, ("--duplicates", "keep")
    code, report = command("write", files, url, name, "--verify", *options)
    assert (code, report["samples"], report["verification"]["found"]) == (0, 7, 7)
    assert stored(url, name)["host=a"] == Counter(
        {(ms(0), 1.5): 2, (ms(1), 9.5): 1, (ms(1), 2.5): 1, (ms(2), 3.5): 2}
    )
    assert command("verify", files, url, name, *options)[0] == 0
