"""SpooledFile: a file of the spool, from its discovery to its removal."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vm_df_writer.errors import ConfigError, SpoolError
from vm_df_writer.model.kept_attribute import kept_attribute
from vm_df_writer.wire.packing import Body
from vm_df_writer.wire.protocol import WIRES, Wire

__all__ = [
    "DATA_SUFFIXES",
    "RECEIPT_SUFFIX",
    "SIDECAR_SUFFIX",
    "SpooledFile",
    "forget_receipt",
    "was_delivered",
]

SIDECAR_SUFFIX, RECEIPT_SUFFIX = ".json", ".delivered"
DATA_SUFFIXES = tuple(wire.spool_suffix for wire in WIRES.values())
"""What the names of files with bodies end in, by wire."""

_MOST_SIDECAR_BYTES = 2**16
# Of a file whose sidecar does not tell of more: one that was edited, or is of an earlier version.
_MOST_BYTES = 2**28


class SpooledFile:
    """A body that was not delivered yet.

    Parameters
    ----------
    path : Path
        The file with the body.

    Attributes
    ----------
    path : Path
        The file with the body.
    wire : Wire
        How the body is to be sent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.wire: Wire = next(
            wire for wire in WIRES.values() if path.name.endswith(wire.spool_suffix)
        )
        self._lock: BinaryIO | None = None

    @property
    def _sidecar(self) -> Path:
        return _beside(self.path, SIDECAR_SUFFIX)

    @kept_attribute
    def facts(self) -> Mapping[str, Any]:
        """What the sidecar tells; nothing if it cannot be read."""
        try:
            facts = orjson.loads(_read_regular(self._sidecar, _MOST_SIDECAR_BYTES))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    @property
    def is_restore(self) -> bool:
        """Whether it is of a set that replaces samples: to be compared, and not only sent."""
        return "restore" in self.facts

    @property
    def samples(self) -> int:
        """Number of samples; 0 if nothing tells."""
        return self._count("samples") or 0

    def _count(self, fact: str) -> int | None:
        count = self.facts.get(fact)
        return count if type(count) is int and count >= 0 else None

    def claim(self) -> bool:
        """Keep all others from sending this file, until it is removed or released.

        Returns
        -------
        bool
            False if another one is sending it, or has just removed it.
        """
        import fcntl  # not on Windows

        try:
            # In no variable: an interrupt's traceback would keep the lock. On NFS only a file that
            # is open for writing can be locked.
            self._lock = self.path.open("r+b")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            self.release()
            return False
        if os.fstat(self._lock.fileno()).st_nlink == 0:
            self.release()
            return False
        return True

    def read(self) -> Body:
        """Return the body.

        Raises
        ------
        SpoolError
            If the file is not what was once written.
        """
        try:
            packed = _read_regular(self.path)
            most_bytes = max(self._count("bytes") or 0, _MOST_BYTES)
            data = self.wire.decode_spooled(packed, most_bytes)
            counts = self.wire.read_counts(data)
        except (OSError, ValueError) as error:
            raise SpoolError(
                f"it is damaged ({error}); restore it, or remove it and write its samples again"
            ) from None
        except ConfigError as missing:  # a package
            raise SpoolError(str(missing)) from None
        if int(counts.samples.sum()) != self.samples:
            raise SpoolError(
                f"it holds {int(counts.samples.sum()):,} samples, where the sidecar tells of "
                f"{self.samples:,}"
            )
        expected = self.facts.get("sha256")
        if expected is not None and sha256(packed).hexdigest() != expected:
            raise SpoolError(
                "it is not what was written: its SHA-256 is another than the sidecar tells of"
            )
        return Body(data, counts)

    def remove(self) -> None:
        """Remove the file for good, as it is delivered; leave a receipt if that is asked for."""
        leaves_receipt = self.facts.get("receipt") is True
        self.path.unlink()
        # After it: a crash between the two leaves no receipt for a file that is still there.
        if leaves_receipt:
            self._sidecar.rename(_beside(self.path, RECEIPT_SUFFIX))
        else:
            self._sidecar.unlink(missing_ok=True)
        self.release()

    def release(self) -> None:
        """Let others have the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _read_regular(path: Path, most_bytes: int = -1) -> bytes:
    """Return the content of a file; a pipe would be waited for without end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(None, "not a regular file")
        return file.read(most_bytes)


def was_delivered(path: Path) -> bool:
    """Say whether there is a receipt for a file that asked for one: a replay has delivered it."""
    return _beside(path, RECEIPT_SUFFIX).exists()


def forget_receipt(path: Path) -> None:
    """Remove the receipt for a file; no run asks for it any more."""
    _beside(path, RECEIPT_SUFFIX).unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    name = path.name
    for data_suffix in DATA_SUFFIXES:
        name = name.removesuffix(data_suffix)
    return path.with_name(name + suffix)
