"""The options for a command's metrics of itself: where they can be read, or are sent to."""

from __future__ import annotations

from functools import wraps
from typing import Any

import click

from vm_df_writer.cli.parameters.option_groups import Command, grouped_option, with_options
from vm_df_writer.cli.parameters.pairs import name_value_pairs
from vm_df_writer.config.writer_config import WriterConfig

__all__ = ["metrics_options"]

_HEADING = "Metrics of the command itself (extra: metrics)"


def metrics_options(command: Command) -> Command:
    """Add options for self-monitoring; the command gets a `WriterMetrics` as `metrics`, or None.

    It stands below :func:`server_options`, whose `config` it needs.
    """

    @wraps(command)
    def with_metrics(*given: Any, config: WriterConfig, **keywords: Any) -> Any:
        push, interval_s, labels, port, file = (keywords.pop(name) for name in _KEYWORDS)
        if not (push or port is not None or file is not None):
            return command(*given, config=config, metrics=None, **keywords)
        from vm_df_writer.cli.self_monitoring import SelfMonitoring  # needs an extra

        monitoring = SelfMonitoring(
            config if push else None, labels=labels, port=port, file=file, interval_s=interval_s
        )
        with monitoring as metrics:
            return command(*given, config=config, metrics=metrics, **keywords)

    return with_options(with_metrics, _OPTIONS)


_KEYWORDS = ("push_metrics", "push_metrics_interval", "push_metrics_labels", "metrics_port",
             "metrics_file")  # fmt: skip
_OPTIONS = (
    grouped_option(
        _HEADING,
        "--push-metrics",
        is_flag=True,
        help="Send them to the server that samples are written to, and once more at the end.",
    ),
    grouped_option(
        _HEADING,
        "--push-metrics-interval",
        type=click.FloatRange(min=0.1),
        default=10.0,
        show_default=True,
        metavar="SECONDS",
        help="How often; a file is written as often.",
    ),
    grouped_option(
        _HEADING,
        "--push-metrics-label",
        "push_metrics_labels",
        multiple=True,
        callback=name_value_pairs,
        metavar="NAME=VALUE",
        help="A label of what is sent. May be repeated; by default job=vmanomaly_writer, which "
        "the alert rules of vmanomaly select, and instance= the name of this machine.",
    ),
    grouped_option(
        _HEADING,
        "--metrics-port",
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="Serve them at http://...:PORT/metrics while the command runs.",
    ),
    grouped_option(
        _HEADING,
        "--metrics-file",
        type=click.Path(dir_okay=False),
        metavar="FILE",
        help="Keep them in this file, such as node_exporter's textfile collector reads (.prom).",
    ),
)
