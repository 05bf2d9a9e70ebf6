from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest

from vm_df_writer.errors import ConfigError
from vm_df_writer.model.receipt import Receipt
from vm_df_writer.model.report import WriteReport
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.model.window_digest import WindowDigest

HEAD = b'{"vm_df_writer_receipt":1,"series":1,"samples":5}\n'
FIRST_MS = 1_767_225_600_000


def digest(start: int, stop: int, *, step_ms: int = 60_000, size: float = 1.0) -> WindowDigest:
    """Return the digest of some samples of one series."""
    numbers = np.arange(start, stop)
    times = FIRST_MS + step_ms * numbers
    values = size * np.sin(numbers)[None, :]
    labels = [b'{"__name__":"y","host":"\xc3\xa4"}']
    return WindowDigest.of_block(SeriesBlock(labels, np.array([0, len(times)]), times, values))


def texts(receipt: Receipt) -> list[bytes]:
    return list(receipt.lines())


def test_a_receipt_of_parts_is_that_of_the_whole() -> None:
    [whole] = Receipt.of([digest(0, 900)]).series.values()
    parts = Receipt.of([digest(0, 400)]) + Receipt.of([digest(400, 900)])
    [merged] = parts.series.values()
    assert repr(parts) == "<Receipt: 900 samples of 1 series>"
    assert (merged.samples, merged.first_ms, merged.last_ms) == (900, whole.first_ms, whole.last_ms)
    assert merged.shift == whole.shift
    assert merged.ids.tolist() == whole.ids.tolist()
    assert merged.times.tolist() == whole.times.tolist()
    assert np.allclose(merged.sums, whole.sums, rtol=1e-12)
    assert np.allclose(merged.logs, whole.logs, rtol=1e-12)


def test_parts_of_other_density_and_size_are_merged_in_the_wider_windows() -> None:
    fine, coarse = digest(0, 3_000, step_ms=1_000, size=1e9), digest(50, 900)
    [merged] = Receipt.of([fine, coarse]).series.values()
    assert merged.samples == 3_850
    assert merged.shift == int(coarse.shifts[0]) > int(fine.shifts[0])
    # Of a window that has both, logarithms on different scales say nothing.
    assert np.isnan(merged.logs).sum() == 1
    assert np.isfinite(merged.sums).all()


def test_some_windows_of_a_series_are_a_receipt_of_the_samples_in_them() -> None:
    [whole] = Receipt.of([digest(0, 900)]).series.values()
    edge_ms = int(whole.ids[2]) << whole.shift
    rest = whole.take(slice(2, None), edge_ms, whole.last_ms)
    n_before = -(-(edge_ms - FIRST_MS) // 60_000)
    assert (rest.samples, rest.first_ms) == (900 - n_before, edge_ms)
    assert rest.sums.tolist() == whole.sums[2:].tolist()


@pytest.mark.parametrize("name", ["scores.receipt", "scores.receipt.gz"])
def test_a_file_holds_all_of_it_and_is_for_its_owner_alone(tmp_path: Path, name: str) -> None:
    receipt = Receipt.of([digest(0, 900), digest(5_000, 5_001, size=1e9)])
    path = tmp_path / name
    path.write_text("an old one")
    receipt.save(path)
    assert texts(Receipt.load(path)) == texts(receipt)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is no receipt"),
        (b"time,y\n", "it is no receipt"),
        (b"[1]\n", "it is no receipt"),
        (b'{"vm_df_writer_receipt":2,"series":0}', "it is a receipt of version 2, and 1 is known"),
        (HEAD, "it breaks off"),
        (HEAD + b'{"metric":', "a line of it is damaged"),
        (HEAD + b'{"metric":{}}', "a line of it is damaged"),
        (b"\x1f\x8bxx", "it is damaged or breaks off"),
    ],
)
def test_what_is_no_receipt_is_refused(tmp_path: Path, text: bytes, reason: str) -> None:
    path = tmp_path / "r"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=f"^{reason}"):
        Receipt.load(path)


def test_a_receipt_that_breaks_off_within_its_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.gz"
    Receipt.of([digest(0, 900)]).save(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match="it is damaged or breaks"):
        Receipt.load(path)


def test_a_report_gives_a_receipt_of_what_was_delivered_as_a_whole() -> None:
    part = WriteReport(layout="wide", samples=400, digests=(digest(0, 400),))
    other = WriteReport(layout="wide", samples=500, digests=(digest(400, 900),))
    assert (part + other).receipt().samples == 900
    with pytest.raises(ConfigError, match="the write was made without one; pass receipt=True"):
        (part + WriteReport(layout="wide", samples=1)).receipt()
    with pytest.raises(ValueError, match=r"^receipt: 3 of 403 samples are not acknowledged, and"):
        WriteReport(layout="wide", samples=400, undelivered=3, digests=(digest(0, 400),)).receipt()
    assert "digests" not in part.to_dict()
    assert part.summary().digests is None


def test_a_receipt_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "receipt").mkdir()
    with pytest.raises(OSError, match="receipt"):
        Receipt.of([digest(0, 9)]).save(tmp_path / "receipt")
    assert [path.name for path in tmp_path.iterdir()] == ["receipt"]
