"""SpooledFile: a file of the spool, from its discovery to its removal."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from vm_df_writer.errors import SpoolError
from vm_df_writer.wire.line_reader import counts_of_lines
from vm_df_writer.wire.packing import Body

__all__ = [
    "DATA_SUFFIX",
    "RECEIPT_SUFFIX",
    "SIDECAR_SUFFIX",
    "SpooledFile",
    "forget_receipt",
    "was_delivered",
]

DATA_SUFFIX, SIDECAR_SUFFIX, RECEIPT_SUFFIX = ".jsonl.gz", ".json", ".delivered"


class SpooledFile:
    """A body that was not delivered yet.

    Parameters
    ----------
    path : Path
        The file with the import lines.

    Attributes
    ----------
    path : Path
        The file with the import lines.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: BinaryIO | None = None

    @property
    def _sidecar(self) -> Path:
        return _beside(self.path, SIDECAR_SUFFIX)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """What the sidecar tells; nothing if it cannot be read."""
        try:
            facts = orjson.loads(self._sidecar.read_bytes())
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    @property
    def samples(self) -> int:
        """Number of samples; 0 if nothing tells."""
        samples = self.facts.get("samples")
        return samples if isinstance(samples, int) else 0

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
            data = gzip.decompress(self.path.read_bytes())
            lines = counts_of_lines(data)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise SpoolError(
                f"it is damaged ({error}); restore it, or remove it and write its samples again"
            ) from None
        if int(lines.samples.sum()) != self.samples:
            raise SpoolError(
                f"it holds {int(lines.samples.sum()):,} samples, where the sidecar tells of "
                f"{self.samples:,}"
            )
        return Body(data, lines)

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


def was_delivered(path: Path) -> bool:
    """Say whether there is a receipt for a file that asked for one: a replay has delivered it."""
    return _beside(path, RECEIPT_SUFFIX).exists()


def forget_receipt(path: Path) -> None:
    """Remove the receipt for a file; no run asks for it any more."""
    _beside(path, RECEIPT_SUFFIX).unlink(missing_ok=True)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name.removesuffix(DATA_SUFFIX) + suffix)
