"""RestoreSet: files of the spool that together hold all that some series are to have.

A replacement keeps one set for each group of series before it deletes them, and removes it once the
server has proven to have all of it. The sidecar of each file names its set and its number in
it, and that of the last one says so: without that one nothing was deleted yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import uuid4

from vm_df_writer.delivery.spool import Spool
from vm_df_writer.delivery.spooled_file import SpooledFile
from vm_df_writer.model.series import SeriesBlock
from vm_df_writer.wire.line_block import block_of_lines
from vm_df_writer.wire.packing import Body

__all__ = ["RestoreSet", "keep_restore_set", "restore_sets_of"]


@dataclass(frozen=True)
class RestoreSet:
    """The files of a set, in order.

    Attributes
    ----------
    files : sequence of SpooledFile
        Its files, the last one last.
    """

    files: Sequence[SpooledFile]

    @property
    def is_whole(self) -> bool:
        """Whether the last file is there; else nothing was deleted for this set."""
        return bool(self.files[-1].facts["restore"]["last"])

    @property
    def paths(self) -> list[str]:
        """Where the files are."""
        return [str(file.path) for file in self.files]

    @property
    def n_samples(self) -> int:
        """Samples of all files."""
        return sum(file.samples for file in self.files)

    @property
    def n_bytes(self) -> int:
        """Bytes of their lines."""
        return sum(file.facts["bytes"] for file in self.files)

    def bodies(self) -> Iterator[Body]:
        """Read the files one after the other.

        Raises
        ------
        SpoolError
            If a file is not what was once written.
        """
        for file in self.files:
            yield file.read()

    def read(self) -> SeriesBlock:
        """Return the whole set as a block, in which each series stands once.

        Raises
        ------
        SpoolError
            If a file is not what was once written.
        """
        return block_of_lines(line for body in self.bodies() for line in body.data.splitlines())

    def remove(self) -> None:
        """Remove the files; the last one first, so that a crash leaves a set that is not whole."""
        for file in reversed(self.files):
            file.remove()


def keep_restore_set(
    spool: Spool, bodies: Iterable[Body], *, tenant: str | None, reason: str
) -> RestoreSet:
    """Put bodies on the disk as a set, the mark of its end after all others.

    Raises
    ------
    OSError
        If there is no room; then nothing is left of the set.
    """
    name = uuid4().hex
    files: list[SpooledFile] = []
    try:
        coming = iter(bodies)
        body = next(coming, None)
        while body is not None:
            following = next(coming, None)
            mark = {"set": name, "number": len(files), "last": following is None}
            path = spool.keep(body, tenant=tenant, reason=reason, restore=mark)
            files.append(SpooledFile(path))
            body = following
    except BaseException:
        if files:
            RestoreSet(files).remove()
        raise
    return RestoreSet(files)


def restore_sets_of(files: Iterable[SpooledFile]) -> list[RestoreSet]:
    """Return the sets that files make, the oldest first."""
    sets: dict[str, list[SpooledFile]] = {}
    for file in files:
        if file.is_restore:
            sets.setdefault(file.facts["restore"]["set"], []).append(file)
    return [
        RestoreSet(sorted(members, key=lambda file: file.facts["restore"]["number"]))
        for members in sets.values()
    ]
