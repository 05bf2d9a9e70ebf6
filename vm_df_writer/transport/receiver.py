"""Receivers: the kinds of servers that take samples, and what their answers mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

__all__ = [
    "IMPORTING",
    "OTHER",
    "PROMETHEUS",
    "RETRIED_STATUSES",
    "VICTORIA_METRICS",
    "Receiver",
]

RETRIED_STATUSES = frozenset({200, 408, 429, 502, 503, 504, 529})
"""Answers that pass. 200 is what a proxy says that is shutting down, where a real success is 204;
529 is what Mimir says that is overloaded. 500 is not among them: Prometheus 2 answers so to samples
that are too old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """What a server of some kind does with the bodies of a wire, and what its answers mean.

    Attributes
    ----------
    name : str
        ``victoria_metrics``, ``prometheus`` or ``other``.
    title : str
        The same for people.
    successes : frozenset of int
        The answers that acknowledge a body.
    about_the_body : frozenset of int
        The answers that refuse what is in a body, so that the server may take another one.
    stores_nothing : frozenset of int
        Those of them after which nothing of the body is stored, which then goes again in halves.
        After another one a part may be stored.
    needs_order : bool
        Whether it drops samples of a series that it gets in another order than that of time, so
        that a series may never be in two requests at once.
    needs_plain_names : bool
        Whether it may drop a series for a name that is no identifier.
    is_exact : bool
        Whether it keeps every bit of a value.
    reads_back : {"export", "query", ""}
        By what its samples are read back; empty if they cannot be.
    health_path : str
        Where it answers if it is there; empty if that is not known.
    if_no_path : str
        What to tell of an answer that there is no such path, with ``{parameters}``.

    Examples
    --------
    >>> PROMETHEUS.needs_order, 400 in PROMETHEUS.stores_nothing, 400 in OTHER.stores_nothing
    (True, True, False)
    """

    name: Literal["victoria_metrics", "prometheus", "other"]
    title: str
    successes: frozenset[int]
    about_the_body: frozenset[int]
    stores_nothing: frozenset[int]
    needs_order: bool = False
    needs_plain_names: bool = False
    is_exact: bool = False
    reads_back: Literal["export", "query", ""] = "export"
    health_path: str = "/health"
    if_no_path: str = "VictoriaMetrics itself never answers so; check {parameters}"


IMPORTING = Receiver(
    name="victoria_metrics",
    title="VictoriaMetrics",
    successes=frozenset({204}),
    about_the_body=frozenset({400, 413}),
    stores_nothing=frozenset(),  # lines before the one that it refuses are stored
)
"""VictoriaMetrics, as it takes import lines."""

# It parses a request before it stores any of it.
VICTORIA_METRICS = replace(IMPORTING, stores_nothing=IMPORTING.about_the_body)
"""VictoriaMetrics, as it takes remote write."""

PROMETHEUS = Receiver(
    name="prometheus",
    title="Prometheus",
    successes=frozenset({204}),
    # It rolls a request back for one bad sample; before 3.0 it answers 500 to one that is too old.
    about_the_body=frozenset({400, 413, 500}),
    stores_nothing=frozenset({400, 413, 500}),
    needs_order=True,
    needs_plain_names=True,
    is_exact=True,
    reads_back="query",
    health_path="/-/healthy",
    if_no_path="start it with --web.enable-remote-write-receiver, or check {parameters}",
)
"""Prometheus without an out-of-order window."""

OTHER = Receiver(
    name="other",
    title="a receiver of remote write that is neither VictoriaMetrics nor Prometheus",
    successes=frozenset({200, 204}),
    # The specification lets a receiver store what is good of a request that it answers 400;
    # Mimir, Cortex and Thanos do, and Thanos answers 409 too.
    about_the_body=frozenset({400, 409, 413, 422}),
    stores_nothing=frozenset({413}),
    needs_order=True,
    needs_plain_names=True,
    reads_back="",
    health_path="",
    if_no_path="check {parameters}",
)
"""Any other receiver, and one that does not say what it is: assumed to do the worst of all."""
