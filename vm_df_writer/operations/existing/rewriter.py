"""Rewriter: corrects series of a database that corrects none: kept, deleted, imported, compared.

At any moment what a series is to have is on the server, or on the disk, or on both. A set of files
(`RestoreSet`) that is whole says: at these times the server is to have these samples, and beside
them whatever it has. So a set means the same before the deletion, after it, and after samples of
other times came in; to complete one is to compare it with the server and to mend what differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.restore_set import RestoreSet
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ReplaceError
from vm_df_writer.model.series import FloatArray, IntArray, SeriesBlock
from vm_df_writer.operations.existing.conflicts import look_up_conflicts
from vm_df_writer.operations.existing.gatherer import Gatherer
from vm_df_writer.operations.existing.replaceable import require_replaceable
from vm_df_writer.operations.existing.whole_series import SeriesAccess
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.verify import block_reader
from vm_df_writer.verification.block_reader import BlockReader
from vm_df_writer.wire.line_block import block_of_pieces
from vm_df_writer.wire.packing import Body

__all__ = ["Rewriter"]

_PART_SAMPLES = 500_000
_LEAST_ROUNDS = 4


class Rewriter:
    """Replaces samples on one server; all that it deletes is in one spool before.

    Parameters
    ----------
    backend : Backend
        The server.
    spool : Spool
        Where it keeps what it deletes.
    ledger : Ledger
        Counts requests.

    Attributes
    ----------
    sets : list of RestoreSet
        What is on the disk for that, to be completed.
    gatherer : Gatherer
        What put it there, and counts it.
    """

    def __init__(self, backend: Backend, spool: Spool, ledger: Ledger) -> None:
        self.sets: list[RestoreSet] = []
        self._backend, self._spool, self._ledger = backend, spool, ledger
        self._policy = backend.replacing
        self._access = SeriesAccess(backend)
        self.gatherer: Gatherer = Gatherer(backend, spool, self._access)
        self._is_checked = False

    def require_replaceable(self) -> None:
        """Refuse a server on which this is not safe.

        Raises
        ------
        ReplaceError
            Says why.
        """
        if not self._is_checked:
            require_replaceable(self._backend, self._access)
            self._is_checked = True

    def rewrite(self, group: SeriesBlock) -> None:
        """Make the server have a group's samples at their times, and else what it has.

        Parameters
        ----------
        group : SeriesBlock
            Each series once.

        Raises
        ------
        ReplaceError
            If it is not safe; nothing is deleted then.
        DeliveryError
            If the server fails; the set is among `sets` if something may be deleted.
        """
        self.require_replaceable()
        kept, selection = self.gatherer.keep(group)
        self.sets.append(kept)
        self._policy.on_step("kept")
        self._access.delete(selection.selectors)
        self._policy.on_step("deleted")
        self._import(kept.bodies())
        self._policy.on_step("imported")

    def complete(self, found: Sequence[RestoreSet] = ()) -> None:
        """Return when the server has all of the sets for good, and their files are removed.

        Parameters
        ----------
        found : sequence of RestoreSet
            What another process has left, beside the `sets` of this one.

        Raises
        ------
        ReplaceError
            If series keep changing, or it is not safe to go on; the files stay.
        DeliveryError
            If the server or the spool fails; the files stay.
        """
        for each in found:
            if each.is_whole:
                self.sets.append(each)
            else:  # nothing was deleted yet when its process ended
                each.remove()
        begun_at = self._policy.clock()
        for n_rounds in count(1):
            if not self.sets:
                return
            self._policy.sleep(self._policy.durable_after_s)
            self._policy.on_step("durable")
            is_changed = [self._mend(each) for each in tuple(self.sets)]
            self._policy.on_step("compared")
            if not any(is_changed):
                while self.sets:
                    self.sets[0].remove()
                    self.sets.pop(0)
                return
            elapsed_s = self._policy.clock() - begun_at
            if n_rounds >= _LEAST_ROUNDS and elapsed_s >= self._policy.give_up_after_s:
                raise ReplaceError(
                    f"the server did not keep what was imported, in {n_rounds} attempts and "
                    f"{elapsed_s:.0f} s; all of it is in {str(self._spool.folder)!r}",
                    hint="see the server's log, and run vm-df-writer replay on that folder",
                )

    def _mend(self, kept: RestoreSet) -> bool:
        """Compare a set with the server, and make the server have it; return whether it had not."""
        is_changed = False
        reader = block_reader(self._backend)  # its patience is that of the whole set
        for part in _parts(kept.read()):
            block = self.gatherer.limits().times.keep(part)
            if not block.n_series:
                continue
            conflicts = look_up_conflicts(partial(iter, [block]), reader)
            for group in conflicts.groups([block]):
                self.rewrite(group)
            lacking = [self._import_lost(rest, reader) for rest in conflicts.lacking([block])]
            is_changed |= any(lacking) or bool(conflicts.last_block)
        return is_changed

    def _import_lost(self, block: SeriesBlock, reader: BlockReader) -> bool:
        """Import what the server does not have of a block; return whether it lacked some.

        What it deduplicates is not lacking. What a killed process has sent may be on its way still,
        and would be stored twice if it was imported before it came in.
        """
        every = range(block.n_series)
        if not every or not any(True for _ in reader.missing_block(block, every)):
            return False
        lost = reader.missing_block(block, list(reader.verify(block).incomplete))
        self._import(self.gatherer.pack(iter(tuple(lost))))
        return True

    def _import(self, bodies: Iterator[Body]) -> None:
        self._ledger.error = None
        self._backend.sender.deliver(bodies, self._ledger.record_rewrite, self._ledger.note_retry)
        if self._ledger.error is not None:
            raise self._ledger.error


def _parts(block: SeriesBlock) -> Iterator[SeriesBlock]:
    """Yield some series of a block at a time, which bounds what is compared at once."""
    pieces: dict[bytes, list[tuple[IntArray, FloatArray]]] = {}
    n_samples = 0
    for label_set, times, values in block:
        if n_samples >= _PART_SAMPLES:
            yield block_of_pieces(pieces)
            pieces, n_samples = {}, 0
        pieces[label_set] = [(times, values)]
        n_samples += len(times)
    if pieces:
        yield block_of_pieces(pieces)
