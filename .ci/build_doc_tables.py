"""Write the tables of docs/ that the code has: ``python .ci/build_doc_tables.py [FOLDER]``.

A table stands between two markers of a page, such as ``<!-- begin: configuration -->``; the text
around it stays. With a folder the pages are written there.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import click
from prometheus_client.metrics import MetricWrapperBase

import vm_df_writer.jobs
from vm_df_writer import VmDfWriterError, VmDfWriterWarning, WriterConfig, WriteReport
from vm_df_writer.cli import main
from vm_df_writer.cli.messages import ExitCode
from vm_df_writer.config.environment import environment_name
from vm_df_writer.config.read_options import ReadOptions
from vm_df_writer.errors import WriteInterrupted
from vm_df_writer.metrics import WriterMetrics
from vm_df_writer.transport import receiver

DOCS = Path(__file__).parents[1] / "docs"
MARKED = re.compile(r"(<!-- begin: (\S+) -->\n).*?(<!-- end: \2 -->\n)", re.DOTALL)
OURS = "Not a parameter of vmanomaly."


def table(headers: str, rows: Iterable[Iterable[str]]) -> str:
    """Return a table of Markdown; the headers are separated by bars."""
    head = [name.strip() for name in headers.split("|")]
    lines = [head, ["---"] * len(head), *([" ".join(c.split()) for c in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def command_named(name: str) -> Any:
    return main.get_command(click.Context(main), name)


def code(thing: object) -> str:
    text = "true" if thing is True else "false" if thing is False else str(thing)
    return f"`{text}`"


def sentence(text: str) -> str:
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def first_paragraph(thing: object) -> str:
    return (inspect.getdoc(thing) or "").split("\n\n")[0].replace("``", "`")


def parameters(*, ours: bool) -> Iterator[tuple[str, str, str]]:
    for name, field in WriterConfig.model_fields.items():
        meaning = " ".join((field.description or "").split())
        if (OURS in meaning) != ours:
            continue
        default = field.get_default()
        if field.is_required():
            shown = "required"
        elif isinstance(default, dict):
            shown = ", ".join(code(f"{key}: {value}") for key, value in default.items())
        else:
            shown = "" if default in (None, ()) else code(default)
        if get_origin(field.annotation) is Literal:
            choices = ", ".join(map(code, get_args(field.annotation)))
            meaning += f" One of {choices}."
        yield code(field.alias or name), shown, meaning.replace(OURS, "")


def keys_of_vmanomaly() -> Iterator[tuple[str, str, str]]:
    """Give what the keys of vmanomaly's writer are called elsewhere than in its file."""
    options = {option.name: option.opts[0] for option in command_named("write").params}
    for name, field in WriterConfig.model_fields.items():
        if OURS not in " ".join((field.description or "").split()):
            option = options.get(name) or options.get(f"{name}_file")
            yield (
                code(field.alias or name),
                code(option) if option else "none",
                code(environment_name(name)),
            )


def reading_keywords() -> Iterator[tuple[str, str, str]]:
    for field in fields(ReadOptions):
        default = "" if field.default in (None, MISSING) else code(field.default)
        yield code(field.name), default, sentence(field.metadata["help"])


def exit_codes(command: Any, codes: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Give what the help of a command says of each exit code."""
    lines = re.findall(r"^ +(\d+) +(\S.*)$", command.help, re.MULTILINE)
    assert {int(number) for number, _ in lines} == set(codes)
    yield from ((code(number), sentence(meaning)) for number, meaning in lines)


def tree(base: type, module: Any = vm_df_writer, depth: int = 0) -> Iterator[tuple[str, str, str]]:
    """Give a class and those that are made of it: where they are, what they are, and when."""
    home = module if hasattr(module, base.__name__) else vm_df_writer.jobs
    others = [other.__name__ for other in base.__bases__ if other.__module__ == "builtins"]
    yield (
        f"{'↳ ' * depth}{code(f'{home.__name__}.{base.__name__}')}",
        ", ".join(map(code, others)),
        first_paragraph(base),
    )
    for each in sorted(base.__subclasses__(), key=lambda one: inspect.getsourcelines(one)[1]):
        if each.__module__.startswith("vm_df_writer.") and each.__name__ in (
            *vm_df_writer.__all__,
            *vm_df_writer.jobs.__all__,
        ):
            yield from tree(each, module, depth + 1)


def metrics(prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for metric in vars(WriterMetrics()).values():
        if isinstance(metric, MetricWrapperBase) and metric._name.startswith(prefix):  # noqa: SLF001
            of_all = {"url", "query_key", "scheduler_alias", "preset"}
            labels = [code(name) for name in metric._labelnames if name not in of_all]  # noqa: SLF001
            (family,) = metric.describe()
            suffix = "_total" if family.type == "counter" else ""
            yield (
                code(family.name + suffix),
                family.type,
                ", ".join(labels),
                sentence(family.documentation),
            )


def receivers() -> Iterator[tuple[str, ...]]:
    known = ("IMPORTING", "VICTORIA_METRICS", "PROMETHEUS", "OTHER")
    wires = ("import lines", *["remote write"] * 3)
    found = [getattr(receiver, name) for name in known]
    yes = {True: "yes", False: "no"}

    def row(name: str, cell: Callable[[Any], str]) -> tuple[str, ...]:
        return (name, *map(cell, found))

    def statuses(codes: frozenset[int]) -> str:
        return ", ".join(map(str, sorted(codes))) or "none"

    yield ("Wire", *wires)
    yield row("A body is acknowledged by", lambda one: statuses(one.successes))
    yield row("A body is refused for what is in it by", lambda one: statuses(one.about_the_body))
    yield row("Nothing of it is stored after", lambda one: statuses(one.stores_nothing))
    yield row("Samples of a series have to come in order", lambda one: yes[one.needs_order])
    yield row("Names have to be identifiers", lambda one: yes[one.needs_plain_names])
    yield row("Every bit of a value is kept", lambda one: yes[one.is_exact])
    reads = {"export": "`/api/v1/export`", "query": "`/api/v1/query`", "": "cannot be"}
    yield row("Samples are read back by", lambda one: reads[one.reads_back])


def report_attributes() -> Iterator[tuple[str, str]]:
    """Give what the docstring of a report says of its attributes."""
    section = (inspect.getdoc(WriteReport) or "").split("Attributes\n----------\n")[1]
    entries = re.findall(r"^(\S.*?) : .*\n((?:    .*\n)+)", section, re.MULTILINE)
    for names, text in entries:
        shown = ", ".join(code(name.strip()) for name in names.split(","))
        yield shown, text.strip().replace("``", "`")


TABLES: dict[str, Callable[[], str]] = {
    "configuration": lambda: table("Parameter | Default | Meaning", parameters(ours=False)),
    "configuration-ours": lambda: table("Parameter | Default | Meaning", parameters(ours=True)),
    "vmanomaly": lambda: table("Key | Option | Environment variable", keys_of_vmanomaly()),
    "reading-keywords": lambda: table("Keyword | Default | Meaning", reading_keywords()),
    "exit-codes": lambda: table(
        "Code | Meaning", exit_codes(main, {*ExitCode} - {ExitCode.FAILED_PARTS})
    ),
    "job-exit-codes": lambda: table(
        "Code | Meaning", exit_codes(command_named("backfill"), ExitCode)
    ),
    "errors": lambda: table(
        "Error | Is also | When", [*tree(VmDfWriterError), *tree(WriteInterrupted)]
    ),
    "warnings": lambda: table("Warning | Is also | When", tree(VmDfWriterWarning)),
    "metrics": lambda: table("Metric | Type | Labels | What", metrics("vmanomaly_writer_")),
    "metrics-ours": lambda: table("Metric | Type | Labels | What", metrics("vm_df_writer_")),
    "receivers": lambda: table(
        "  | VictoriaMetrics | VictoriaMetrics | Prometheus | any other", receivers()
    ),
    "report": lambda: table("Attribute | Meaning", report_attributes()),
}


def with_tables(page: str) -> str:
    """Return a page with its tables as the code has them."""
    return MARKED.sub(
        lambda found: (
            f"{found[1]}\n{TABLES[found[2]]()}\n{found[3]}" if found[2] in TABLES else found[0]
        ),
        page,
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (made := with_tables(text)) != text or folder != DOCS:
            target = folder / path.relative_to(DOCS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(made, encoding="utf-8")
