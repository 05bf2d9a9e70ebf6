"""Route: the way from a writer to its server, and to the disk where that is closed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.sender import RetryPolicy, Sender, Throttle
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ConfigError
from vm_df_writer.server.server_info import Server
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

__all__ = ["Backend", "choose_encoding"]


@dataclass(frozen=True, eq=False)
class Backend:
    """All that a configuration says of the delivery, ready to be used.

    Examples
    --------
    >>> Backend.of(WriterConfig(datasource_url="http://localhost:8428")).endpoint.import_url
    'http://localhost:8428/api/v1/import'
    """

    config: WriterConfig
    endpoint: Endpoint
    client: HttpClient
    sender: Sender
    server: Server
    spool: Spool | None
    sleep: Callable[[float], None]

    @classmethod
    def of(
        cls,
        config: WriterConfig,
        *,
        throttle: Throttle = iter,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Self:
        """Open no connection yet.

        Parameters
        ----------
        config : WriterConfig
            The configuration.
        turns : Throttle
            When each body may be sent; by default at once.
        sleep : callable
            Waits for so many seconds until samples can be read back; may raise to end that.

        Raises
        ------
        ConfigError
            If the configuration contradicts itself, or what it asks for is not there.
        """
        if not isinstance(config, WriterConfig):
            raise ConfigError(
                f"config: expected a WriterConfig, got {type(config).__name__}; "
                "make one with WriterConfig(datasource_url=..., ...)"
            )
        endpoint = Endpoint.of(config)
        client = HttpClient(config, endpoint)
        sender = Sender(
            client,
            retry=RetryPolicy(
                reconnect_attempts=config.connection_retry_attempts,
                deadline_s=config.retry_deadline_s,
            ),
            concurrency=config.concurrency,
            encoding=choose_encoding(config, endpoint),
            timeout_s=config.timeout_s,
            throttle=throttle,
        )
        spool = None
        if config.spool_dir is not None:
            spool = Spool(config.spool_dir)
            spool.prepare()
        server = Server(client, endpoint, config)
        return cls(config, endpoint, client, sender, server, spool, sleep)


def choose_encoding(config: WriterConfig, endpoint: Endpoint) -> str:
    """Return how bodies are to be compressed, if the server understands it."""
    if config.compression != "auto":
        return config.compression
    return "none" if endpoint.is_loopback else "gzip"
