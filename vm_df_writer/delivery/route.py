"""Route: the way from a writer to its server, and to the disk where that is closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from vm_df_writer.config import WriterConfig
from vm_df_writer.delivery.endpoint import Endpoint
from vm_df_writer.delivery.http import HttpClient
from vm_df_writer.delivery.sender import RetryPolicy, Sender
from vm_df_writer.delivery.server import Server
from vm_df_writer.delivery.spool import Spool

__all__ = ["Route"]


@dataclass(frozen=True, eq=False)
class Route:
    """All that a configuration says of the delivery, ready to be used.

    Examples
    --------
    >>> Route.of(WriterConfig(datasource_url="http://localhost:8428")).endpoint.import_url
    'http://localhost:8428/api/v1/import'
    """

    config: WriterConfig
    endpoint: Endpoint
    client: HttpClient
    sender: Sender
    server: Server
    spool: Spool | None

    @classmethod
    def of(cls, config: WriterConfig) -> Self:
        """Open no connection yet.

        Raises
        ------
        ConfigError
            If the configuration contradicts itself, or what it asks for is not there.
        """
        endpoint = Endpoint.of(config)
        client = HttpClient(config, endpoint)
        coding = config.compression
        if coding == "auto":
            coding = "none" if endpoint.is_loopback else "gzip"
        sender = Sender(
            client,
            retry=RetryPolicy(
                reconnect_attempts=config.connection_retry_attempts,
                deadline_s=config.retry_deadline_s,
            ),
            concurrency=config.concurrency,
            coding=coding,
            timeout_s=config.timeout_s,
        )
        spool = None
        if config.spool_dir is not None:
            spool = Spool(config.spool_dir)
            spool.prepare()
        server = Server(client, endpoint, config)
        return cls(config, endpoint, client, sender, server, spool)
