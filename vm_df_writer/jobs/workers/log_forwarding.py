"""Forwards the warnings and log records of worker processes to the job's own process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler
from types import SimpleNamespace
from typing import Any, cast

from vm_df_writer.display.warn import warn_caller, warnings_handed_to

__all__ = ["Message", "log_level", "pass_on", "relayed"]

Message = logging.LogRecord | Warning

_PACKAGE = "vm_df_writer"
_log = logging.getLogger(_PACKAGE)


def log_level() -> int:
    """Return the lowest level of log records that any module of this process handles."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith(f"{_PACKAGE}.")]
    return min(logging.getLogger(name).getEffectiveLevel() for name in (_PACKAGE, *names))


@contextmanager
def relayed(send: Callable[[Message], object], level: int) -> Iterator[None]:
    """Send the warnings and log records of this library to another process.

    Parameters
    ----------
    send : callable
        Takes every warning, and every record from `level` on; called from any thread.
    level : int
        What `log_level` returned in the job's own process.
    """
    # It makes plain text of what cannot be pickled, such as arguments and tracebacks.
    handler = QueueHandler(cast("Any", SimpleNamespace(put_nowait=send)))
    level_before = _log.level
    _log.addHandler(handler)
    _log.setLevel(level)
    try:
        with warnings_handed_to(send):
            yield
    finally:
        _log.removeHandler(handler)
        _log.setLevel(level_before)


def pass_on(message: Message) -> None:
    """Warn or log in the job's own process what a worker has sent."""
    if isinstance(message, logging.LogRecord):
        logger = logging.getLogger(message.name)
        if logger.isEnabledFor(message.levelno):
            logger.handle(message)
    else:
        warn_caller(str(message), type(message))
