"""The default writer, which `frame.vm` uses where it is given none."""

from __future__ import annotations

from vm_df_writer.errors import ConfigError
from vm_df_writer.writer import VmWriter

__all__ = ["default_writer", "set_default"]

_chosen: list[VmWriter] = []


def set_default(writer: VmWriter | None) -> None:
    """Make a writer the default of ``frame.vm``, in place of that of the environment.

    Parameters
    ----------
    writer : VmWriter or None
        The writer; None goes back to the environment, which is read anew then.

    Examples
    --------
    >>> import vm_df_writer
    >>> vm_df_writer.set_default(vm_df_writer.VmWriter("http://localhost:8428"))
    >>> vm_df_writer.set_default(None)
    """
    _chosen[:] = [] if writer is None else [writer]


def default_writer() -> VmWriter:
    """Return the default writer; by default that of the environment, which is kept.

    Raises
    ------
    ConfigError
        If none was set, and the environment names no server.
    """
    if not _chosen:
        try:
            _chosen[:] = [VmWriter.from_env()]
        except ConfigError as error:
            raise ConfigError(
                error.message,
                hint="or pass a writer, or call vm_df_writer.set_default(writer) once",
            ) from None
    return _chosen[0]
