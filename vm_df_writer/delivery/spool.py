r"""Spool: undelivered bodies as files, for a replay or plain curl to send later.

A file ``<created>-<random>.jsonl.gz`` holds the import lines of one body, compressed by gzip, and
``<created>-<random>.rw.sz`` a body of remote write, as a block of snappy. Beside it lies a sidecar
``<created>-<random>.json``, which tells whose samples these are, for what kind of server they were
made, and why they are there. Both are written under other names, flushed to the disk and then
renamed, the sidecar first: a file of such a name is whole and has a sidecar. If the sidecar asks
for a receipt, a replay renames it to ``<created>-<random>.delivered`` when the file is delivered;
else it removes both.

A hidden, empty file marks the folder as a spool, so that an emptied one is known. All files are for
their owner alone. Nothing is removed whose name this module does not make. A sidecar with
``restore`` is of a :class:`~vm_df_writer.delivery.restore_set.RestoreSet`, which replaces samples:
leave that to a replay. This sends the other files without one::

    for file in *.jsonl.gz; do
        code=$(curl --silent --output /dev/null --write-out '%{http_code}' \
            --header 'Content-Encoding: gzip' --data-binary "@$file" "$URL/api/v1/import")
        [ "$code" = 204 ] && rm "$file" "${file%.jsonl.gz}.json"
    done

A ``.rw.sz`` goes to ``$URL/api/v1/write``, with the headers ``Content-Encoding: snappy``,
``Content-Type: application/x-protobuf`` and ``X-Prometheus-Remote-Write-Version: 0.1.0``.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from vm_df_writer.delivery.spooled_file import (
    DATA_SUFFIXES,
    RECEIPT_SUFFIX,
    SIDECAR_SUFFIX,
    SpooledFile,
)
from vm_df_writer.errors import ConfigError
from vm_df_writer.transport.receiver import IMPORTING, Receiver
from vm_df_writer.wire.compression import compress
from vm_df_writer.wire.packing import Body
from vm_df_writer.wire.protocol import IMPORT_LINES, Wire

__all__ = ["MARKER", "Spool"]

MARKER = ".vm_df_writer_spool"
"""The hidden file that marks a folder as a spool."""

_UNFINISHED_SUFFIX = ".part"
_OWN_NAME = re.compile(
    r"(\d{8}T\d{6}\.\d{6}Z-[0-9a-f]{8})(\.jsonl\.gz|\.rw\.sz|\.json|\.delivered)(\.part)?"
)
_NAMED = 3

# What a killed process leaves behind is known by its age: no file takes that long to write.
_LITTER_AGE_S = 3600.0

# A job that does not come back within that time sends the samples again, which loses nothing.
_RECEIPT_AGE_S = 90 * 86_400.0


class Spool:
    r"""A folder of undelivered bodies, which several processes may share.

    Parameters
    ----------
    folder : str or Path
        Where the files are.
    wire : Wire
        How the bodies that are kept are to be sent.
    leaves_receipts : bool, default False
        Whether a replay leaves a receipt for each file that :meth:`keep` writes, for who asks
        later by :func:`~vm_df_writer.delivery.spooled_file.was_delivered`.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from vm_df_writer.model.sample_counts import SampleCounts
    >>> line = b'{"metric":{"__name__":"y"},"values":[1],"timestamps":[1767225600000]}\n'
    >>> times = np.array([1767225600000])
    >>> body = Body(line, SampleCounts([b'{"__name__":"y"}'], np.array([1]), times, times))
    >>> with TemporaryDirectory() as folder:
    ...     path = Spool(folder).keep(body, tenant="5:7", reason="no answer")
    ...     [file] = Spool(folder).files()
    ...     print(file.path == path, file.samples, file.facts["tenant"], file.facts["reason"])
    True 1 5:7 no answer
    """

    def __init__(
        self, folder: str | Path, *, wire: Wire = IMPORT_LINES, leaves_receipts: bool = False
    ) -> None:
        self.folder: Path = Path(folder)
        self.wire: Wire = wire
        self._leaves_receipts = leaves_receipts

    def prepare(self) -> None:
        """Make the folder if it is not there, for its owner alone, and mark it as a spool.

        Raises
        ------
        ConfigError
            If there can be no files in it.
        """
        missing = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK | os.X_OK):
                raise PermissionError(None, "no permission to write")
            self._mark()
            for path in missing:
                _flush_folder(path.parent)
        except OSError as error:
            raise ConfigError(
                f"spool_dir: {str(self.folder)!r} cannot be used as a folder for files "
                f"({error.strerror}); name another one"
            ) from None

    def keep(
        self,
        body: Body,
        *,
        tenant: str | None,
        reason: str,
        in_doubt: bool = False,
        restore: Mapping[str, Any] | None = None,
        receiver: Receiver = IMPORTING,
    ) -> Path:
        """Write a body to a file, whole or not at all.

        Parameters
        ----------
        body : Body
            What is not delivered.
        tenant : str, optional
            Whose samples these are.
        reason : str
            Why it is not delivered.
        in_doubt : bool, default False
            True if the server may have stored it nevertheless.
        restore : mapping, optional
            The place of the file in a :class:`~vm_df_writer.delivery.restore_set.RestoreSet`.
        receiver : Receiver
            For what kind of server it was made.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        OSError
            If there is no room, or something else is wrong with the folder.
        """
        created = datetime.now(UTC)
        name = f"{created:%Y%m%dT%H%M%S.%fZ}-{uuid4().hex[:8]}"
        packed = compress(body.data, self.wire.spool_encoding)
        facts: dict[str, Any] = {
            "created": created,
            "protocol": self.wire.name,
            "receiver": receiver.name,
            "tenant": tenant,
            "samples": body.n_samples,
            "bytes": len(body.data),
            "sha256": sha256(packed).hexdigest(),
            "series": body.n_series,
            "first": _moment(int(body.counts.first_ms.min())),
            "last": _moment(int(body.counts.last_ms.max())),
            "in_doubt": in_doubt,
            "reason": reason,
        }
        if self._leaves_receipts:
            facts["receipt"] = True
        if restore is not None:
            facts["restore"] = dict(restore)
        as_json = orjson.dumps(facts, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z)
        sidecar = self._write(name + SIDECAR_SUFFIX, as_json)
        path = self.folder / (name + self.wire.spool_suffix)
        try:
            self._write(path.name, packed)
            _flush_folder(self.folder)
        except BaseException:
            # What is told to be kept nowhere must not be sent by a replay either.
            path.unlink(missing_ok=True)
            sidecar.unlink(missing_ok=True)
            raise
        return path

    def require_spool(self) -> None:
        """Refuse a folder that holds other files, and was never a spool.

        Raises
        ------
        ConfigError
            Names some of what it holds.
        OSError
            If it cannot be read.
        """
        names = [path.name for path in self.folder.iterdir()]
        if MARKER in names:
            return
        if any(name.endswith(DATA_SUFFIXES) or _OWN_NAME.fullmatch(name) for name in names):
            with suppress(OSError):  # a folder that may only be read
                self._mark()
            return
        if others := sorted(name for name in names if not name.startswith(".")):
            named = ", ".join(repr(name) for name in islice(others, _NAMED))
            more = f" and {len(others) - _NAMED:,} more" if len(others) > _NAMED else ""
            raise ConfigError(
                f"replay: {str(self.folder)!r} was never a spool: there is no spooled file in it, "
                f"but {named}{more}; name the folder that undelivered samples were kept in"
            )

    def _mark(self) -> None:
        (self.folder / MARKER).touch(mode=0o600)

    @contextmanager
    def lock(self) -> Iterator[bool]:
        """Keep all others from replacing samples by this folder; false if another one is at it."""
        import fcntl  # not on Windows

        self._mark()
        with (self.folder / MARKER).open("r+b") as marker:
            try:
                fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def files(self) -> list[SpooledFile]:
        """Return what is in the folder, the oldest first."""
        paths = (path for path in self.folder.iterdir() if path.name.endswith(DATA_SUFFIXES))
        return [SpooledFile(path) for path in sorted(paths)]

    def sweep(self) -> None:
        """Remove what processes left behind that were killed while they wrote or removed a file."""
        for path in self.folder.iterdir():
            if (found := _OWN_NAME.fullmatch(path.name)) is None:
                continue
            name, suffix, unfinished = found.groups()
            has_data = any((self.folder / (name + data)).exists() for data in DATA_SUFFIXES)
            if unfinished or (suffix == SIDECAR_SUFFIX and not has_data):
                _remove_if_old(path, _LITTER_AGE_S)
            elif suffix == RECEIPT_SUFFIX:
                _remove_if_old(path, _RECEIPT_AGE_S)

    def _write(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        unfinished = self.folder / (name + _UNFINISHED_SUFFIX)
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            return unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, tz=UTC)


def _flush_folder(folder: Path) -> None:
    """See to it that the names in a folder are on the disk, as their files are."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_if_old(path: Path, age_s: float) -> None:
    try:
        status = path.lstat()
        if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > age_s:
            path.unlink()
    except FileNotFoundError:
        pass  # another process was faster
