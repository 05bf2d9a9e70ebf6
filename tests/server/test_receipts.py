"""What a receipt says later of what was written, beside real servers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests

from tests.support.command_line import run
from tests.support.writers import writer_with
from vm_df_writer import ConfigError, CopiesWarning, Receipt, VerificationError, VmWriter
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.model.series import FloatArray
from vm_df_writer.model.verification import Verification

FIRST = pd.Timestamp("2026-01-01", tz="UTC")
ROWS = 3_000


def scores(seed: int, rows: int = ROWS, start: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    index = pd.date_range(FIRST + pd.Timedelta(minutes=start), periods=rows, freq="1min")
    return pd.DataFrame(rng.normal(size=(rows, 4)), index=index, columns=list("abcd"))


@pytest.fixture
def writer(victoria_metrics: LocalVictoriaMetrics, name: str) -> VmWriter:
    return writer_with(victoria_metrics.url, metric_format={"__name__": f"{name}_$VAR"})


def receipt_of(writer: VmWriter, frame: pd.DataFrame) -> Receipt:
    """Return the receipt that a write of a frame would have."""
    report = writer.write(frame, dry_run=True, receipt=True)
    assert report.digests is not None
    return Receipt.of(report.digests)


def test_what_was_written_is_there_as_the_receipt_says(writer: VmWriter, tmp_path: Path) -> None:
    report = writer.write(scores(1), receipt=True)
    everything = Verification(expected=4 * ROWS, found=4 * ROWS)
    assert writer.verify_receipt(report.receipt()) == everything
    report.receipt().save(tmp_path / "scores.receipt")
    assert writer.verify_receipt(tmp_path / "scores.receipt") == everything


@pytest.mark.parametrize(
    "values",
    [
        lambda rng: rng.random((ROWS, 20)),
        lambda rng: rng.lognormal(0, 3, (ROWS, 20)),
        lambda rng: rng.integers(-(10**6), 10**6, (ROWS, 20)) / 1000,
        lambda rng: 10 ** rng.uniform(-9, 9, (ROWS, 20)),
        lambda rng: rng.normal(size=(ROWS, 20)) * 1e-13,
        lambda rng: rng.normal(size=(ROWS, 20)) * 1e15,
        lambda rng: 1e5 + rng.normal(size=(ROWS, 20)).cumsum(0),
    ],
    ids=["uniform", "lognormal", "decimals", "mixed", "tiny", "large", "walk"],
)
@pytest.mark.filterwarnings("ignore::vm_df_writer.InexactWarning")
def test_what_a_server_rounds_is_no_difference(
    writer: VmWriter, values: Callable[[np.random.Generator], FloatArray]
) -> None:
    index = pd.date_range(FIRST, periods=ROWS, freq="37s")
    frame = pd.DataFrame(values(np.random.default_rng(5)), index=index).add_prefix("c")
    report = writer.write(frame, receipt=True)
    assert writer.verify_receipt(report.receipt()).found == frame.size


def test_one_value_that_differs_by_a_billionth_is_told_with_its_series_and_time(
    writer: VmWriter,
) -> None:
    frame = scores(2) + 5
    writer.write(frame, verify=True)
    frame.loc[frame.index[1_234], "c"] *= 1 + 1e-9
    told = receipt_of(writer, frame)
    with pytest.raises(VerificationError, match="verify: 1 of 4 series do not hold") as caught:
        writer.verify_receipt(told)
    assert '_c"} differs at ' in str(caught.value)
    assert "between 2026-01-01 " in str(caught.value)
    found = caught.value.verification
    assert found is not None
    assert 0 < found.mismatched < 200
    assert (found.missing, found.found + found.mismatched) == (0, 4 * ROWS)


def test_samples_that_are_missing_are_counted(writer: VmWriter) -> None:
    frame = scores(3)
    writer.write(frame.drop(frame.index[100:110]), verify=True)
    with pytest.raises(VerificationError, match=r"40 of 12,000 samples missing") as caught:
        writer.verify_receipt(receipt_of(writer, frame))
    assert caught.value.verification is not None
    assert caught.value.verification.missing == 40


def test_a_series_that_is_gone_is_missing(writer: VmWriter) -> None:
    frame = scores(4, rows=10)
    writer.write(frame[["a", "b"]], verify=True)
    with pytest.raises(VerificationError, match=r"2 of 4 series .*20 of 40 samples missing"):
        writer.verify_receipt(receipt_of(writer, frame))


def test_copies_are_told_and_other_values_beside_are_a_difference(writer: VmWriter) -> None:
    frame = scores(6, rows=50)
    report = writer.write(frame, receipt=True)
    with pytest.warns(CopiesWarning):
        writer.write(frame, verify=True)
    found = writer.verify_receipt(report.receipt())
    assert (found.found, found.copies) == (200, 200)
    writer.write(frame.iloc[:1] + 1)
    with pytest.raises(VerificationError, match="4 of 4 series do not hold"):
        writer.verify_receipt(report.receipt())


def test_receipts_of_parts_are_added_up(writer: VmWriter) -> None:
    parts = [writer.write(scores(n, 500, start=500 * n), receipt=True) for n in range(4)]
    whole = sum((part.receipt() for part in parts), Receipt())
    assert len(whole.series) == 4
    assert writer.verify_receipt(whole) == Verification(expected=8_000, found=8_000)
    merged = parts[0] + parts[1] + parts[2] + parts[3]
    assert writer.verify_receipt(merged.receipt()).found == 8_000


def test_long_series_are_read_in_pieces_that_cut_no_window(writer: VmWriter) -> None:
    index = pd.date_range(FIRST, periods=1_200_000, freq="1s")
    frame = pd.DataFrame({"y": np.random.default_rng(0).random(len(index))}, index=index)
    report = writer.write(frame, receipt=True)
    assert writer.verify_receipt(report.receipt()).found == len(frame)


def test_duplicates_that_are_kept_have_no_receipt(writer: VmWriter) -> None:
    with pytest.raises(ConfigError, match="receipt: duplicates is 'keep', and a receipt cannot"):
        writer.write(scores(1, rows=2), receipt=True, duplicates="keep")


def test_the_commands_write_and_verify_receipts(
    victoria_metrics: LocalVictoriaMetrics, name: str, tmp_path: Path
) -> None:
    target = ["--url", victoria_metrics.url, "--metric-format", f"__name__={name}_$VAR"]
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for n, file in enumerate(files):
        scores(n, 100, start=200 * n).rename_axis("time").to_csv(file)
    receipt = tmp_path / "scores.receipt.gz"
    result = run("write", *files, *target, "--receipt", receipt)
    assert result.exit_code == 0, result.output
    head = json.loads(gzip.decompress(receipt.read_bytes()).splitlines()[0])
    assert head == {"vm_df_writer_receipt": 1, "series": 4, "samples": 800}
    result = run("verify", *target, "--receipt", receipt)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "verified: 800 of 800 samples found" in result.stdout
    result = run("verify", *target, "--receipt", receipt, "--json")
    assert json.loads(result.stdout)["ok"] is True
    selector = f'{{__name__="{name}_a"}}'
    url = f"{victoria_metrics.url}/api/v1/admin/tsdb/delete_series"
    requests.post(url, params={"match[]": selector}, timeout=9).raise_for_status()
    result = run("verify", *target, "--receipt", receipt)
    assert result.exit_code == 3
    told = "1 of 4 series do not hold what the receipt tells of (200 of 800 samples missing"
    assert told in result.stderr
    result = run("verify", files[0], *target, "--receipt", receipt)
    assert result.exit_code == 2
    assert "--receipt: a PATH or --count is given too" in result.stderr
    result = run("verify", *target)
    assert result.exit_code == 2
    assert "Missing argument 'PATH...', or --receipt FILE." in result.stderr


def test_what_is_not_delivered_has_no_receipt_file(tmp_path: Path) -> None:
    file, receipt = tmp_path / "a.csv", tmp_path / "r"
    scores(0, 5).rename_axis("time").to_csv(file)
    result = run("write", file, "--url", "http://127.0.0.1:1", "--receipt", receipt)
    assert result.exit_code == 1
    assert "--receipt: no receipt is kept of what is not delivered as a whole" in result.stderr
    assert not receipt.exists()
