from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import pytest

from tests.support.blocks import T
from tests.support.spool_folders import LABEL_SETS, body_of, keep, names_in
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.errors import SpoolError
from vm_df_writer.transport.receiver import PROMETHEUS
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.protocol import REMOTE_WRITE, WIRES, Wire

# The number 1 becomes 2.
CHANGED_VALUE = {
    "import": (b",1.0", b",2.0"),
    "remote_write": (b"\x09" + struct.pack("<d", 1.0), b"\x09" + struct.pack("<d", 2.0)),
}

pytest.importorskip("resource")  # not on Windows, and neither are the locks


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_body_comes_back_as_it_was(tmp_path: Path, wire: Wire) -> None:
    body = body_of(wire=wire)
    file = keep(tmp_path, body, wire=wire)
    read = file.read()
    assert file.wire is wire
    assert read.data == body.data
    assert read.counts.label_sets == LABEL_SETS
    assert read.counts.samples.tolist() == [3, 3]
    assert read.counts.first_ms.tolist() == [T] * 2
    assert read.counts.last_ms.tolist() == [T + 2000] * 2


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
def test_a_body_with_another_value_is_not_what_was_written(tmp_path: Path, wire: Wire) -> None:
    file = keep(tmp_path, wire=wire)
    other = body_of(wire=wire).data.replace(*CHANGED_VALUE[wire.name])
    file.path.write_bytes(compress(other, wire.spool_encoding))
    with pytest.raises(SpoolError, match="it is not what was written: its SHA-256 is another"):
        file.read()


def test_a_sidecar_tells_the_wire_and_the_kind_of_server(tmp_path: Path) -> None:
    spool = Spool(tmp_path, wire=REMOTE_WRITE)
    body = body_of(wire=REMOTE_WRITE)
    spool.keep(body, tenant=None, reason="nobody answers", receiver=PROMETHEUS)
    [file] = spool.files()
    assert file.path.name.endswith(".rw.sz")
    assert (file.facts["protocol"], file.facts["receiver"]) == ("remote_write", "prometheus")
    assert file.facts["bytes"] == len(body.data)


def test_a_claimed_file_is_nobody_elses(tmp_path: Path) -> None:
    file = keep(tmp_path)
    [other] = Spool(tmp_path).files()
    assert file.claim()
    assert not other.claim()
    file.release()
    assert other.claim()
    other.remove()
    assert not file.claim()


def test_a_file_that_is_removed_while_it_is_claimed_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened before the other process removed it, and locked after."""
    import fcntl

    file = keep(tmp_path)
    lock = fcntl.flock

    def remove_and_lock(*arguments: object) -> None:
        file.path.unlink()
        lock(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(fcntl, "flock", remove_and_lock)
    assert not file.claim()


def test_a_removed_file_leaves_no_sidecar(tmp_path: Path) -> None:
    file = keep(tmp_path)
    file.claim()
    file.remove()
    assert names_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], r"^it is damaged \(gzip: it is cut off"),
        (lambda data: data[:-4], r"^it is damaged \(gzip: it is cut off"),
        (
            lambda data: data[:-8] + bytes(8),
            r"^it is damaged \(gzip: Error -3 .*incorrect data check",
        ),
        (lambda _: b"plain", r"^it is damaged \(gzip: Error -3 .*incorrect header check"),
        (lambda _: gzip.compress(b"no import line"), r"^it is damaged \("),
        (
            lambda data: gzip.compress(gzip.decompress(data).split(b"\n")[0]),
            r"^it holds 3 samples, where the sidecar tells of 6$",
        ),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: object, message: str) -> None:
    assert callable(damage)
    file = keep(tmp_path)
    file.path.write_bytes(damage(file.path.read_bytes()))
    with pytest.raises(SpoolError, match=message):
        file.read()


def test_a_file_that_holds_more_than_it_should_is_refused_before_memory_is_full(
    tmp_path: Path,
) -> None:
    file = keep(tmp_path)
    file.path.write_bytes(gzip.compress(bytes(300 * 2**20), 1))
    message = r"^it is damaged \(it holds more than 268,435,456 bytes\);"
    with pytest.raises(SpoolError, match=message):
        file.read()


@pytest.mark.parametrize("suffix", [".json", ".jsonl.gz"])
def test_a_pipe_is_no_file_of_a_spool(tmp_path: Path, suffix: str) -> None:
    file = keep(tmp_path)
    path = file.path.with_name(file.path.name.replace(".jsonl.gz", suffix))
    path.unlink()
    os.mkfifo(path)
    file = SpooledFile(file.path)
    with pytest.raises(SpoolError, match=r"not a regular file|where the sidecar tells of 0"):
        file.read()


@pytest.mark.parametrize(
    "content",
    [
        *(None, b"", b"[1]", b'{"samples": "many"}', b'{"samples": -2}', b'{"samples": true}'),
        *(b'{"samples": 99999999999999999999999}', b"[" * 100_000, b" " * 2**17 + b"{}"),
    ],
    ids=range(9),
)
def test_a_damaged_sidecar_tells_of_no_samples(tmp_path: Path, content: bytes | None) -> None:
    file = keep(tmp_path)
    [sidecar] = tmp_path.glob("*.json")
    if content is None:
        sidecar.unlink()
    else:
        sidecar.write_bytes(content)
    assert file.samples == 0


def test_a_delivered_file_is_removed_though_its_sidecar_is_gone(tmp_path: Path) -> None:
    file = keep(tmp_path)
    assert file.claim()
    for sidecar in tmp_path.glob("*.json"):
        sidecar.unlink()
    file.remove()
    assert names_in(tmp_path) == set()
