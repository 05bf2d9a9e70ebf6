"""Backend: everything a writer needs to reach one server, and the disk where that fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Self

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.delivery.concurrency_limit import RequestRoom
from vm_df_writer.delivery.observer import (
    NULL_OBSERVER,
    DeliveryObserver,
    RequestWatch,
    shielded,
    tell_of_spool,
)
from vm_df_writer.delivery.replace_policy import ReplacePolicy
from vm_df_writer.delivery.sender import RetryPolicy, Sender, Throttle
from vm_df_writer.delivery.spool import Spool
from vm_df_writer.errors import ConfigError
from vm_df_writer.frames.labels.cache import LabelSetCache
from vm_df_writer.server.server import Server
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint
from vm_df_writer.verification.read_back_policy import ReadBackPolicy
from vm_df_writer.wire.protocol import WIRES

__all__ = ["Backend", "choose_encoding"]


@dataclass(frozen=True, eq=False)
class Backend:
    """The collaborators that a configuration describes, ready to be used.

    Attributes
    ----------
    config : WriterConfig
        The configuration.
    endpoint : Endpoint
        The URLs of the server.
    client : HttpClient
        Makes the requests.
    sender : Sender
        Delivers bodies.
    server : Server
        Asks the server about itself.
    spool : Spool or None
        Keeps undelivered bodies; None without `spool_dir`.
    read_back : ReadBackPolicy
        How long a verification waits for samples to appear.
    replacing : ReplacePolicy
        How long a replacement waits.
    label_sets : LabelSetCache
        The label sets of earlier frames.
    noticed : dict of str to object
        What was already logged, of what is logged once, and by which call.
    observer : DeliveryObserver
        Hears of what is delivered, and cannot harm that.

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
    read_back: ReadBackPolicy
    replacing: ReplacePolicy
    label_sets: LabelSetCache
    noticed: dict[str, object] = field(default_factory=dict)
    observer: DeliveryObserver = NULL_OBSERVER

    @classmethod
    def of(
        cls,
        config: WriterConfig,
        *,
        throttle: Throttle = iter,
        retry: RetryPolicy | None = None,
        read_back: ReadBackPolicy | None = None,
        replacing: ReplacePolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        observer: DeliveryObserver | None = None,
        room: RequestRoom | None = None,
    ) -> Self:
        """Open no connection yet.

        Parameters
        ----------
        config : WriterConfig
            The configuration.
        throttle : Throttle
            When each body may be sent; by default at once.
        retry : RetryPolicy, optional
            When a body is sent again; by default as configured.
        read_back : ReadBackPolicy, optional
            How long a verification waits; its `sleep` may raise to end that.
        replacing : ReplacePolicy, optional
            The same of a replacement.
        clock : callable
            Monotonic seconds: when the server is asked about itself again.
        observer : DeliveryObserver, optional
            Hears of what is delivered; what it raises is logged.
        room : RequestRoom, optional
            For the requests of all deliveries together; by default each has its own.

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
        observer = shielded(observer)
        endpoint = Endpoint.of(config)
        client = HttpClient(config, endpoint)
        sender = Sender(
            client,
            retry=retry or RetryPolicy.of(config),
            concurrency=config.concurrency,
            encoding=choose_encoding(config, endpoint),
            timeout_s=config.timeout_s,
            throttle=throttle,
            watch=partial(RequestWatch, observer, endpoint.import_url),
            room=room,
        )
        spool = None
        if config.spool_dir is not None:
            spool = Spool(config.spool_dir, wire=client.wire)
            spool.prepare()
            tell_of_spool(observer, spool)
        return cls(
            config=config,
            endpoint=endpoint,
            client=client,
            sender=sender,
            server=Server(client, endpoint, config, clock=clock),
            spool=spool,
            read_back=read_back or ReadBackPolicy(),
            replacing=replacing or ReplacePolicy(),
            label_sets=LabelSetCache(config.metric_prefix_cache_max_entries),
            observer=observer,
        )


def choose_encoding(config: WriterConfig, endpoint: Endpoint) -> str:
    """Return how bodies are to be compressed, if the server understands it."""
    if config.compression not in ("none", "auto"):
        return config.compression
    plain, packed, *_ = WIRES[config.protocol].encodings
    return plain if config.compression == "none" or endpoint.is_loopback else packed
