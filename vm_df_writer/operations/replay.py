"""One replay: what lies in a spool folder on its way to the server."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.observer import NULL_OBSERVER, tell_of_spool
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.restore_set import restore_sets_of
from vm_df_writer.delivery.sender import Outcome
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.display.progress import ProgressBar, ProgressChoice
from vm_df_writer.display.text import shown
from vm_df_writer.errors import DeliveryError, ReplaceError, ServerRejected, SpoolError
from vm_df_writer.model.report import WriteReport
from vm_df_writer.operations.existing.rewriter import Rewriter
from vm_df_writer.operations.ledger import Ledger, reporting
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.server import ServerPair
from vm_df_writer.transport.receiver import IMPORTING, OTHER
from vm_df_writer.wire.packing import Body

__all__ = ["replay_folder"]

_log = logging.getLogger(__name__)

_NAMED = 3


def replay_folder(folder: Path, backend: Backend, *, progress: ProgressChoice) -> WriteReport:
    """Send what lies in a folder; the parameters and what is raised are `VmWriter.replay`'s."""
    spool = Spool(folder)
    try:
        spool.require_spool()
        spool.sweep()
        files = spool.files()
    except OSError as error:
        raise SpoolError(
            f"replay: {str(folder)!r} cannot be read ({error.strerror}); name the folder that "
            "undelivered samples were kept in"
        ) from None
    ledger = Ledger()
    bar = ProgressBar(
        progress,
        sum(file.samples for file in files),
        lambda: ledger.done,
        status=lambda: ledger.status,
    )
    replay = _Replay(spool, files, backend, backend.server.info(), ledger)
    tell_of_spool(backend.observer, spool)
    with OneInterrupt(), reporting(replay.report):
        try:
            with bar:
                replay.run()
        finally:
            replay.release()
            if backend.observer is not NULL_OBSERVER:
                # What is left was counted by the write that left it.
                backend.observer.on_write(replace(replay.report(), undelivered=0))
                tell_of_spool(backend.observer, spool)
        replay.raise_what_is_left()
        report = replay.report()
        n_left = len(report.spooled)
        _log.info("replayed %d samples; %d files left in %r", report.samples, n_left, str(folder))
        return report


class _Replay:
    """Sends files, the oldest first, and removes each as soon as it is acknowledged.

    A file stays as it is if the servers would not store all of it: an acknowledgement does not say
    so, and this may be the only copy.
    """

    def __init__(
        self,
        spool: Spool,
        files: Sequence[SpooledFile],
        backend: Backend,
        servers: ServerPair,
        ledger: Ledger,
    ) -> None:
        self._spool = spool
        self._files = files
        self._backend = backend
        self._servers = servers
        self._ledger = ledger
        self._gone: set[SpooledFile] = set()  # delivered, or in the hands of another process
        self._problems: dict[SpooledFile, str] = {}
        self._failure: DeliveryError | None = None
        self._claimed: dict[Body, SpooledFile] = {}

    def run(self) -> None:
        """Send until nothing is left, or sending fails for a reason that all files share."""
        restores = [file for file in self._files if file.is_restore]
        others = [file for file in self._files if not file.is_restore]
        older = [file for file in others if restores and file.path < restores[0].path]
        self._send(older)
        if restores and self._failure is None:
            self._restore(restores)
        self._send(others[len(older) :])

    def _send(self, files: Sequence[SpooledFile]) -> None:
        while self._failure is None:
            rest = [f for f in files if f not in self._gone and f not in self._problems]
            if not rest:
                break
            self._backend.sender.deliver(
                self._bodies(rest),
                self._settle,
                self._ledger.note_retry,
                receiver=self._servers.receiver,
            )

    def release(self) -> None:
        """Let others have what is left; a file that is not claimed stays as it is."""
        for file in self._files:
            file.release()

    def report(self) -> WriteReport:
        """Return the account as it stands."""
        left = [file for file in self._files if file not in self._gone]
        self._ledger.spooled = [str(file.path) for file in left]
        total = self._ledger.samples + sum(file.samples for file in left)
        return self._ledger.report(layout="spool", rows=0, total=total)

    def raise_what_is_left(self) -> None:
        """Raise if a file could not be sent, or not be removed."""
        if self._failure is not None:
            raise self._failure
        if self._problems:
            named = [
                f"{str(file.path)!r}: {problem}"
                for file, problem in islice(self._problems.items(), _NAMED)
            ]
            if len(self._problems) > _NAMED:
                named.append(f"and {len(self._problems) - _NAMED:,} more")
            raise SpoolError(
                f"replay: {len(self._problems):,} of {len(self._files):,} files are left to you: "
                + "; ".join(named)
            )

    def _restore(self, files: Sequence[SpooledFile]) -> None:
        """Complete what a write with ``if_exists="replace"`` has begun; see `Rewriter`."""
        try:
            for file in files:
                self._require_same_door(file)
            with self._spool.lock() as is_ours:
                if is_ours:  # else they are in the hands of another process
                    # Listed under the lock: a set that is being written is not whole.
                    found = restore_sets_of(self._spool.files())
                    n_samples = sum(each.n_samples for each in found if each.is_whole)
                    Rewriter(self._backend, self._spool, self._ledger).complete(found)
                    self._ledger.samples += n_samples
        except DeliveryError as error:
            if isinstance(error, SpoolError):
                self._problems |= dict.fromkeys(files, str(error))
            else:
                self._failure = error
        except ReplaceError as error:
            self._problems |= dict.fromkeys(files, str(error))
        else:
            self._gone.update(files)

    def _bodies(self, files: Iterable[SpooledFile]) -> Iterator[Body]:
        for file in files:
            try:
                if not file.claim():
                    self._gone.add(file)
                    continue
                body = self._read(file)
            except (OSError, SpoolError) as error:
                self._problems[file] = str(error)
                file.release()
                continue
            self._claimed[body] = file
            yield body

    def _read(self, file: SpooledFile) -> Body:
        self._require_same_door(file)
        body = file.read()
        # Anew for each file: a replay may take hours, in which samples get too old.
        limits = ServerLimits.of(self._backend.config, self._servers)
        if loss := limits.describe_loss(body.counts):
            raise SpoolError(loss)
        return body

    def _require_same_door(self, file: SpooledFile) -> None:
        """Refuse a file of another tenant, or that the server does not take as it is."""
        if "tenant" not in file.facts:
            raise SpoolError(
                "the sidecar, which tells the tenant, is missing or damaged; send it by curl"
            )
        tenant = file.facts["tenant"]
        if tenant is not None and not isinstance(tenant, str):
            raise SpoolError(f"the sidecar's tenant, {shown(tenant)}, is no text; put it in quotes")
        if not self._backend.endpoint.writes_to(tenant):
            raise SpoolError(f"it is of tenant {shown(tenant)}; replay it with that tenant_id")
        wire, receiver = self._backend.client.wire, self._servers.receiver
        if file.wire is not wire:
            raise SpoolError(
                f"it is for the protocol {file.wire.name!r}; replay it with protocol="
                f"{file.wire.name!r}"
            )
        # What was made for a server that nothing was known of fits any.
        made_for = file.facts.get("receiver", IMPORTING.name)
        if made_for not in (receiver.name, OTHER.name):
            raise SpoolError(
                f"it was made for {made_for!r}, and the server is {receiver.name!r}, which may "
                "store less of it; replay it to where it was to go"
            )

    def _settle(self, outcome: Outcome) -> None:
        file, error = self._claimed.pop(outcome.body), outcome.error
        if error is None:
            self._ledger.record(outcome)
            self._gone.add(file)
            try:
                file.remove()
            except OSError as failure:
                self._problems[file] = (
                    f"it is delivered, but cannot be removed ({failure.strerror}); remove it, or "
                    "it is sent again"
                )
        elif outcome.attempts:  # else it was kept from being sent by the failure of another one
            self._ledger.record(outcome)
            if isinstance(error, ServerRejected) and error.is_about_the_body:
                self._problems[file] = str(error)
            else:
                self._failure = self._failure or error
        file.release()
