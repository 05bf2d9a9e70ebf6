"""Replacement: the part of a write with ``if_exists="replace"`` that appending cannot do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.one_interrupt import OneInterrupt
from vm_df_writer.delivery.restore_set import RestoreSet, keep_restore_set, restore_sets_of
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ConfigError, DeliveryError, ReplaceError
from vm_df_writer.model.sample_counts import SampleCounts
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.operations.existing.conflicts import Conflicts, look_up_conflicts
from vm_df_writer.operations.existing.rewriter import Rewriter
from vm_df_writer.operations.ledger import Ledger
from vm_df_writer.operations.send_plan import SendPlan
from vm_df_writer.operations.verify import block_reader

__all__ = ["Replacement", "open_replacement"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Replacement:
    """What a write has to replace, looked up before anything is sent.

    Attributes
    ----------
    plan : SendPlan
        The whole frame.
    lacking : SendPlan
        What is to be appended: samples that the server lacks, of series without conflicts.
    conflicts : Conflicts
        What the server has.
    backend, spool : Backend, Spool
        Where.
    """

    plan: SendPlan
    lacking: SendPlan
    conflicts: Conflicts
    backend: Backend
    spool: Spool

    def groups(self) -> Iterator[SeriesBlock]:
        """Yield the samples of the series with conflicts, each series whole in one block."""
        return self.conflicts.groups(self.plan.blocks())

    def foretell(self, ledger: Ledger) -> None:
        """Count what would be replaced."""
        rewriter = Rewriter(self.backend, self.spool, ledger)
        for group in self.groups():
            rewriter.gatherer.foretell(group)
            ledger.record_unsent(SampleCounts.of_block(group))
        ledger.replaced = rewriter.gatherer.replaced

    def run(self, ledger: Ledger, interrupt: OneInterrupt) -> None:
        """Replace group by group; what the server does not take is kept for a replay.

        Raises
        ------
        ReplaceError
            If another writer turns out to be at work; nothing of its series is deleted.
        DeliveryError
            If the server has acknowledged everything, and then cannot be read.
        """
        rewriter = Rewriter(self.backend, self.spool, ledger)
        groups = self.groups()
        n_done = 0
        group: SeriesBlock | None = None
        try:
            if ledger.error is not None:  # of the samples that are appended
                raise ledger.error  # noqa: TRY301 - the groups are kept as after any other failure
            for group in groups:
                rewriter.rewrite(group)
                ledger.record_replaced(SampleCounts.of_block(group))
                n_done, group = len(rewriter.sets), None
            rewriter.complete()
        except BaseException as error:
            interrupt.hold()
            if not isinstance(error, ReplaceError):
                is_begun = len(rewriter.sets) > n_done
                rest = [group] if group is not None and not is_begun else []
                if group is not None and is_begun:
                    ledger.record_unsent(SampleCounts.of_block(group))
                rewriter.sets += self._keep(ledger, chain(rest, groups), type(error).__name__)
            ledger.spooled += [path for each in rewriter.sets for path in each.paths]
            all_acknowledged = not ledger.undelivered(self.plan.parsed.n_samples)
            if not isinstance(error, DeliveryError) or all_acknowledged:
                raise
            _log.warning(
                "not everything is replaced (%s); the rest is kept in %r, for vm-df-writer replay",
                error.describe(),
                str(self.spool.folder),
            )
        finally:
            ledger.replaced = rewriter.gatherer.replaced

    def _keep(
        self, ledger: Ledger, groups: Iterable[SeriesBlock], reason: str
    ) -> Iterator[RestoreSet]:
        """Keep groups that were not begun: a replay replaces them."""
        for group in groups:
            ledger.record_unsent(SampleCounts.of_block(group))
            yield keep_restore_set(
                self.spool,
                self.plan.bodies([group]),
                tenant=self.backend.endpoint.tenant,
                reason=reason,
            )


@contextmanager
def open_replacement(
    plan: SendPlan, backend: Backend, *, dry_run: bool = False
) -> Iterator[Replacement]:
    """Look up what a plan has to replace, while no other replacement is at work in the spool.

    What an earlier one has left there is completed first.

    Raises
    ------
    ConfigError
        If there is no spool.
    ReplaceError
        If it would not be safe.
    DeliveryError
        If the server or the spool fails.
    """
    spool = backend.spool
    if spool is None:
        raise ConfigError(
            "if_exists: 'replace' needs spool_dir=, a folder that outlives this process: what is "
            "deleted is kept there until the server has it again",
            keyword="if_exists",
        )
    with spool.lock() as is_ours:
        if not is_ours:
            raise ReplaceError(
                f"another one is at work in {str(spool.folder)!r}", hint="wait until it is done"
            )
        rewriter = Rewriter(backend, spool, Ledger())
        rewriter.require_replaceable()
        if not dry_run and (
            left := [
                each
                for each in restore_sets_of(spool.files())
                if backend.endpoint.writes_to(each.files[0].facts.get("tenant"))
            ]
        ):
            _log.info("replace: %d sets that an earlier one left are completed first", len(left))
            rewriter.complete(left)
        conflicts = look_up_conflicts(plan.blocks, block_reader(backend))
        rewriter.gatherer.require_little(conflicts.groups(plan.blocks()))
        n_replaced = sum(group.n_samples for group in conflicts.groups(plan.blocks()))
        parsed = replace(plan.parsed, n_samples=plan.parsed.n_samples - n_replaced)
        lacking = replace(plan.filtered(conflicts.lacking), parsed=parsed)
        yield Replacement(plan, lacking, conflicts, backend, spool)
