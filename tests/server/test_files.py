"""One frame in files of every format is stored as the same series, whole and in parts."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.support.command_line import run
from tests.support.stored_samples import export
from vm_df_writer.local import LocalVictoriaMetrics

pytest.importorskip("pyarrow")

TIMES = pd.date_range("2026-01-01", periods=4, freq="1h", tz="UTC")
FRAME = pd.DataFrame(
    {
        "time": TIMES.repeat(2),
        "store": ["007", "NA"] * 4,
        "units": pd.array([2**53 - 1, None, 3, 4, 5, 6, 7, 8], dtype="Int64"),
        "score": [1.5, 0.25, 1234.5678, -3.5, 1e-7, 2.0, 3.0, 4.0],
    }
)
CSV = FRAME.to_csv(index=False)


def decimal_commas() -> bytes:
    text = FRAME.to_csv(index=False, sep=";", decimal=",", date_format="%d.%m.%Y %H:%M")
    return b"\xef\xbb\xbfsep=;\r\n" + text.replace("\n", "\r\n").encode()


FILES: dict[str, tuple[str, Callable[[Path], object], tuple[str, ...]]] = {
    "csv": ("a.csv", lambda path: path.write_text(CSV), ()),
    "gzip under another name": (
        "a.csv",
        lambda path: path.write_bytes(gzip.compress(CSV.encode())),
        (),
    ),
    "utf-16": ("a.csv", lambda path: path.write_text(CSV, encoding="utf-16"), ()),
    "tsv": ("a.tsv", lambda path: FRAME.to_csv(path, index=False, sep="\t"), ()),
    "decimal commas": (
        "a.csv",
        lambda path: path.write_bytes(decimal_commas()),
        ("--time-format", "%d.%m.%Y %H:%M"),
    ),
    "date and time": (
        "a.csv",
        lambda path: path.write_text(CSV.replace("time", "date,clock", 1).replace(" ", ",")),
        ("--time-columns", "date", "--time-columns", "clock"),
    ),
    "parquet": ("a.parquet", lambda path: FRAME.to_parquet(path, row_group_size=3), ()),
    "feather": ("a.feather", lambda path: FRAME.to_feather(path), ()),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("command", ["write", "backfill"])
def test_the_same_is_stored(
    command: str, kind: str, victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    file_name, make, options = FILES[kind]
    path = tmp_path / file_name
    make(path)
    state: tuple[str | Path, ...] = (
        ("--state", tmp_path / "job.sqlite") if command == "backfill" else ()
    )
    result = run(
        command,
        path,
        *("--url", victoria_metrics.url, "--verify", "--no-progress", *options),
        *("--metric-format", f"__name__={name}_$VAR", *state),
    )
    assert result.exit_code == 0, result.output
    found = {
        tuple(label for key, label in sorted(labels)): [value for _, value in samples]
        for labels, samples in export(victoria_metrics.url, f'{{__name__=~"{name}_.*"}}').items()
    }
    units, score = f"{name}_units", f"{name}_score"
    assert found == {
        (score, "007"): [1.5, 1234.5678, 1e-7, 3.0],
        (score, "NA"): [0.25, -3.5, 2.0, 4.0],
        (units, "007"): [2**53 - 1, 3, 5, 7],
        (units, "NA"): [4, 6, 8],
    }


def test_the_labels_of_files_names_tell_series_apart(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    for sensor, value in (("boiler", 250.5), ("engine", 1.5)):
        (tmp_path / f"{sensor}.csv").write_text(f"time,value\n2026-01-01T00:00:00Z,{value}\n")
    place = ("--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR")
    refused = run("write", tmp_path, *place)
    assert refused.exit_code == 2
    assert "--file-label" in refused.stderr
    assert run("write", tmp_path, *place, "--file-label", "sensor", "--verify").exit_code == 0
    assert run("verify", tmp_path, *place, "--file-label", "sensor={}.csv").exit_code == 0
    found = export(victoria_metrics.url, f'{{__name__="{name}_value",sensor!=""}}')
    assert sorted(dict(labels)["sensor"] for labels in found) == ["boiler", "engine"]
