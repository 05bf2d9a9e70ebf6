"""``vm-df-writer demo``."""

from __future__ import annotations

from contextlib import ExitStack
from functools import reduce
from importlib.util import find_spec
from operator import add
from pathlib import Path

import pandas as pd

from vm_df_writer.cli.output import say, shown_progress
from vm_df_writer.demo.data import METRIC_FORMAT, detect, make_metrics, read_back
from vm_df_writer.errors import ConfigError
from vm_df_writer.local import LocalVictoriaMetrics
from vm_df_writer.writer import VmWriter

__all__ = ["run"]


def run(
    url: str | None, picture: Path | None, days: int, hosts: int, *, progress: bool | None
) -> None:
    """Do what the command says, and exit."""
    if picture is not None and find_spec("matplotlib") is None:
        raise ConfigError(
            "--picture: needs matplotlib, which is not installed; "
            "pip install 'vm_df_writer[plot]', or leave the option out"
        )
    end = pd.Timestamp.now("UTC").floor("min")
    labels = {"job": "vm_df_writer_demo", "run": end.strftime("%Y-%m-%dT%H:%MZ")}
    metrics = make_metrics(end, days=days, hosts=hosts)
    reports, stored = [], []
    with ExitStack() as stack:
        if url is None:
            url = stack.enter_context(LocalVictoriaMetrics()).url
            say(f"VictoriaMetrics runs at {url} until the demo ends.")
        writer = stack.enter_context(VmWriter(url, metric_format=METRIC_FORMAT))
        for metric in metrics:
            rows, columns = metric.frame.shape
            say(f"Writing {metric.query_key}: {metric.layout}, {rows:,} x {columns:,}")
            reports.append(
                writer.write(
                    metric.frame,
                    query_key=metric.query_key,
                    labels=labels,
                    verify=True,
                    progress=shown_progress(progress),
                )
            )
        for metric in metrics:
            start = end - pd.Timedelta(days=days)
            stored.append(read_back(writer, metric.query_key, labels["run"], start, end))
    report = reduce(add, reports)
    say(f"\n{report}\n")
    pairs = list(zip(metrics, stored, strict=True))
    found = reduce(add, (detect(back["anomaly_score"], made.events) for made, back in pairs))
    say(f"Read back: {found}.")
    if picture is not None:
        from vm_df_writer.demo.plot import Panel, draw  # matplotlib is an extra

        title = "Anomaly scores, as VictoriaMetrics gives them back"
        subtitle = (
            f"{report.samples:,} samples of {report.series:,} series, written and verified; "
            f"{found}. Times are UTC."
        )
        panels = [
            Panel(f"{made.query_key}, written as a {made.layout} frame", back, made.events)
            for made, back in pairs
        ]
        draw(picture, title, subtitle, panels)
        say(f"Saved {picture}")
