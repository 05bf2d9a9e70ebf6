"""Gatherer: puts on the disk, exactly and streaming, what series are to have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from vm_df_writer.delivery.backend import Backend
from vm_df_writer.delivery.restore_set import RestoreSet, keep_restore_set
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ReplaceError, SpoolError
from vm_df_writer.model.replaced import Replaced
from vm_df_writer.model.series import FloatArray, SeriesBlock
from vm_df_writer.operations.existing.whole_series import Selection, SeriesAccess
from vm_df_writer.server.limits import ServerLimits
from vm_df_writer.server.time_limits import DEFAULT_FUTURE_S
from vm_df_writer.wire.export_lines import series_key
from vm_df_writer.wire.packing import Body, pack_bodies

__all__ = ["Gatherer"]

_REASON = "the whole of series that are being replaced; vm-df-writer replay completes that"
_LOOKS = 3
# The server keeps about 18 digits below the largest value of a block (decimal.go): beside one that
# is so much larger, a value loses digits before its sixth one.
_TOO_LARGE = 1e11
_FAR_LARGER = 1e3  # than all that was there: else the digits are gone already, or nearly so


class Gatherer:
    """Exports whole series, and puts what stays of them and what is new into sets of files.

    Parameters
    ----------
    backend : Backend
        The server.
    spool : Spool
        Where the files go.
    access : SeriesAccess
        Makes the requests.

    Attributes
    ----------
    replaced : Replaced
        What was gathered so far.
    """

    def __init__(self, backend: Backend, spool: Spool, access: SeriesAccess) -> None:
        self.replaced: Replaced = Replaced()
        self._backend, self._spool, self._access = backend, spool, access
        self._policy = backend.replacing

    def require_little(self, groups: Iterator[SeriesBlock]) -> None:
        """Refuse histories that are too large, and series that another writer is at.

        Raises
        ------
        ReplaceError
            Says what was found.
        """
        n_series = n_samples = 0
        limit = self._backend.config.replace_max_samples
        for group in groups:
            selection = self._select(group)
            n_series += group.n_series
            n_samples += sum(self._access.count(selection, self._newest_ms).values())
            if n_samples > limit:
                raise ReplaceError(
                    f"{n_series:,} series with conflicts hold {n_samples:,} samples, all of which "
                    f"would be exported, deleted and imported again, and replace_max_samples is "
                    f"{limit:,}",
                    hint="raise it, or write to series of other labels",
                )
            self._require_no_other_writer(group, selection)

    def foretell(self, group: SeriesBlock) -> None:
        """Count what would be done for some series."""
        bodies = self.pack(self._staying(group, self._select(group), Counter()))
        sizes = [(body.n_samples, len(body.data)) for body in bodies]
        self._count(group, sum(n for n, _ in sizes), sum(n for _, n in sizes))

    def keep(self, group: SeriesBlock) -> tuple[RestoreSet, Selection]:
        """Put on the disk what series are to have, seen to be all that they have now."""
        for _ in range(_LOOKS):
            self._access.flush()
            self._policy.sleep(self._backend.read_back.flushed_wait_s)
            selection = self._select(group)
            found: Counter[str] = Counter()
            self._require_no_other_writer(group, selection)
            try:
                bodies = self.pack(self._staying(group, selection, found))
                tenant = self._backend.endpoint.tenant
                kept = keep_restore_set(self._spool, bodies, tenant=tenant, reason=_REASON)
            except OSError as error:
                raise SpoolError(
                    f"spool_dir: {str(self._spool.folder)!r} takes no more ({error.strerror}), and "
                    "what would be deleted has to be there before; make room, and write again"
                ) from None
            self._access.flush()
            counts = self._access.count(selection, self._newest_ms)
            if counts == {key: n for key, n in found.items() if n}:
                self._count(group, kept.n_samples, kept.n_bytes)
                return kept, selection
            kept.remove()
        raise ReplaceError(
            f"{_names(group)} were written to while they were read: another writer is active",
            hint="stop it, and write again; nothing of these series was deleted",
        )

    def _staying(
        self, group: SeriesBlock, selection: Selection, found: Counter[str]
    ) -> Iterator[SeriesBlock]:
        """Yield what is to be imported: what stays, and the group; count what was found."""
        new_times = {label_set: times for label_set, times, _ in group}
        new_values = {label_set: values for label_set, _, values in group}
        limits = self.limits().times
        for label_set, times, values in self._access.read(selection, self._newest_ms):
            found[series_key(label_set)] += len(times)
            stays = ~np.isin(times, new_times[label_set])
            if n := int(stays.sum()):
                _require_digits(label_set, values[stays], new_values[label_set])
                yield limits.keep(
                    SeriesBlock(
                        label_sets=[label_set],
                        offsets=np.array([0, n]),
                        timestamps_ms=times[stays],
                        values=values[stays][None, :],
                        has_infinities=bool(np.isinf(values).any()),
                    )
                )
        yield group

    def pack(self, blocks: Iterator[SeriesBlock]) -> Iterator[Body]:
        """Pack samples into bodies."""
        config = self._backend.config
        return pack_bodies(
            (block for block in blocks if block.n_series),
            max_bytes=config.batch_max_bytes,
            max_series=config.batch_max_series,
            max_chunk_bytes=self.limits().max_line_bytes,
        )

    def _require_no_other_writer(self, group: SeriesBlock, selection: Selection) -> None:
        """Refuse series that have young samples which the group has not."""
        now_ms = self._backend.server.info().now_ms()
        first_ms = now_ms - round(self._policy.active_s * 1000)
        new_times = {label_set: times for label_set, times, _ in group}
        for label_set, times, _ in self._access.read(selection, now_ms, first_ms=first_ms):
            if n := int((~np.isin(times, new_times[label_set])).sum()):
                raise ReplaceError(
                    f"{_name(label_set)} has {n:,} samples of the last {self._policy.active_s:g} s "
                    "at other times than the frame: another writer is active, and what it sends "
                    "meanwhile could be deleted",
                    hint="stop it, and wait that long",
                )

    def _count(self, group: SeriesBlock, n_samples: int, n_bytes: int) -> None:
        stays = n_samples - group.n_samples
        self.replaced += Replaced(series=group.n_series, samples=stays, bytes_raw=n_bytes)

    def _select(self, group: SeriesBlock) -> Selection:
        return self._access.select(group.label_sets, self._newest_ms)

    def limits(self) -> ServerLimits:
        """Return what the server stores at this moment."""
        return ServerLimits.of(self._backend.config, self._backend.server.info())

    @property
    def _newest_ms(self) -> int:
        newest_ms = self.limits().times.newest_ms
        if newest_ms is not None:
            return newest_ms
        return self._backend.server.info().now_ms() + round(DEFAULT_FUTURE_S * 1000)


def _require_digits(label_set: bytes, staying: FloatArray, new: FloatArray) -> None:
    """Refuse values beside which the server would round off what is to stay."""
    largest = np.abs(new[np.isfinite(new)]).max(initial=0.0)
    sizes = np.abs(staying[np.isfinite(staying) & (staying != 0)])
    if not sizes.size or largest <= _FAR_LARGER * sizes.max():
        return
    is_lost = (sizes * _TOO_LARGE < largest) & (sizes * _TOO_LARGE >= sizes.max())
    if is_lost.any():
        raise ReplaceError(
            f"{_name(label_set)} has {int(is_lost.sum()):,} samples as small as "
            f"{sizes[is_lost].min():.6g}, which the server would round off or make zero beside "
            f"{largest:.6g}: it keeps about 18 digits below the largest value of a series",
            hint="correct that value, or write it to series of other labels",
        )


def _name(label_set: bytes) -> str:
    return label_set[:300].decode(errors="replace")


def _names(group: SeriesBlock) -> str:
    first = _name(group.label_sets[0])
    return f"{first} and {group.n_series - 1:,} more series" if group.n_series > 1 else first
