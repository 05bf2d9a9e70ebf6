"""SelfMonitoring: the metrics of a command, served, pushed and kept in a file while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError, DeliveryError
from vm_df_writer.metrics import MetricsPush, WriterMetrics

__all__ = ["SelfMonitoring"]

_log = logging.getLogger(__name__)


class SelfMonitoring:
    """Metrics for the time of a block; what goes wrong with them is a warning, and no more.

    Parameters
    ----------
    push_to : WriterConfig or None
        The server to push to.
    labels : mapping of str to str
        Labels of what is pushed.
    port : int or None
        Where to serve the metrics.
    file : str or None
        The file to keep them in, which is replaced as a whole.
    interval_s : float
        How often to push, and to write the file; once more when the block ends.

    Raises
    ------
    ConfigError
        If the port is taken, the file cannot be written, or prometheus-client is not installed.
    """

    def __init__(
        self,
        push_to: WriterConfig | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        port: int | None = None,
        file: str | None = None,
        interval_s: float = 10.0,
    ) -> None:
        self._metrics = WriterMetrics()
        self._interval_s = interval_s
        self._ending = threading.Event()
        self._stack = ExitStack()
        self._tasks: list[Callable[[], None]] = []
        self._failed: set[str] = set()
        if port is not None:
            self._serve(port)
        if file is not None:
            self._file = file
            self._write_first()
            self._tasks.append(self._write_file)
        if push_to is not None:
            self._push = MetricsPush(self._metrics, push_to, labels)
            self._stack.callback(self._push.close)
            self._tasks.append(self._push.push)
        self._thread = threading.Thread(target=self._run, name="vm_df_writer metrics", daemon=True)

    def _serve(self, port: int) -> None:
        from prometheus_client import start_http_server  # an extra

        try:
            server, thread = start_http_server(port, registry=self._metrics.registry)
        except OSError as error:
            raise ConfigError(
                f"--metrics-port: {port} cannot be listened on ({error.strerror}); name another one"
            ) from None
        self._stack.callback(thread.join)
        self._stack.callback(server.server_close)
        self._stack.callback(server.shutdown)

    def _write_first(self) -> None:
        try:
            self._write_file()
        except OSError as error:
            raise ConfigError(
                f"--metrics-file: {self._file!r} cannot be written ({error.strerror}); name a file "
                "in a folder that is there"
            ) from None

    def _write_file(self) -> None:
        from prometheus_client import write_to_textfile  # an extra

        write_to_textfile(self._file, self._metrics.registry)

    def __enter__(self) -> WriterMetrics:
        """Begin, and return the metrics."""
        if self._tasks:
            self._thread.start()
        return self._metrics

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        """Push and write once more, whatever the block raised; a server has five seconds."""
        self._ending.set()
        if self._tasks:
            self._thread.join()
        self._stack.close()

    def _run(self) -> None:
        while not self._ending.wait(self._interval_s):
            self._do_all()
        self._do_all()

    def _do_all(self) -> None:
        for task in self._tasks:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - whatever it is, the command goes on
                reason = error.message if isinstance(error, DeliveryError) else str(error)
                if task.__name__ not in self._failed:  # once is enough
                    self._failed.add(task.__name__)
                    _log.warning("metrics of this command are not to be had: %s", reason)
