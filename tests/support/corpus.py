"""The reading corpus: small frames, files and jobs, and what their owners mean by them.

Each file below ``tests/corpus/cases`` holds the cases of one kind:

- ``story``: whose data it is, and what it means; ``via``: ``frame``, ``write`` or ``backfill``.
- ``files``: ``frame.py``, which makes `frame`; or files, or ``build.py``, which makes some.
- ``keywords``: the reading keywords that the owner passes; mostly none.
- ``easy``: it must be read as it is; a refusal would nag.
- ``truth.series``: each series with its samples; ``also`` has other right readings.
- ``truth.either``: a refusal is as good as the right reading; ``must_refuse``: nothing else is.
- ``truth.names``: what a refusal must name (``a|b``: one of them); ``misleads``: what it must not.
- ``truth.may_send``: what a job may have sent before it refuses.
"""

from __future__ import annotations

import gzip
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.support.command_line import run
from vm_df_writer import VmDfWriterError, to_import_lines

CASES = Path(__file__).parents[1] / "corpus" / "cases"
METRIC_FORMAT = {"__name__": "$VAR"}

# Each worker process of pytest reads all cases; libyaml does so in a tenth of the time.
_SAFE = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Case:
    """One case of the corpus."""

    id: str
    kind: str
    story: str
    via: str
    files: Mapping[str, str]
    truth: Mapping[str, Any]
    easy: bool = False
    paths: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Outcome:
    """What would be stored, what was said, and whether it was refused."""

    lines: list[bytes]
    refused: bool
    said: str


def all_cases() -> list[Case]:
    """Read the corpus."""
    return [
        Case(**{"kind": path.stem, **told})
        for path in sorted(CASES.glob("*.yaml"))
        for told in yaml.load(path.read_text(encoding="utf-8"), Loader=_SAFE)  # noqa: S506
    ]


def execute(code: str, **names: Any) -> dict[str, Any]:
    """Run the code of a case and return its names."""
    names |= {"pd": pd, "np": np}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(code, "corpus", "exec"), names)  # noqa: S102 - it is our own
    return names


def lines_of(frame: pd.DataFrame, keywords: Mapping[str, Any]) -> Outcome:
    """Give a frame to the library."""
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        try:
            lines = list(to_import_lines(frame, metric_format=METRIC_FORMAT, **keywords))
        except VmDfWriterError as refusal:
            return Outcome([], refused=True, said=f"{type(refusal).__name__}: {refusal}")
    return Outcome(b"".join(lines).splitlines(), refused=False, said="")


def ask(case: Case, folder: Path, server: HTTPServer) -> Outcome:
    """Give a case to the library: a frame as such, files through the command line."""
    if case.via == "frame":
        return lines_of(execute(case.files["frame.py"])["frame"], case.keywords)
    for name, text in case.files.items():
        if name == "build.py":
            execute(text, folder=folder)
            continue
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    kept = keep_imports(server)
    arguments = [case.via, *case.paths, f"--url={server.url_for('').rstrip('/')}"]
    arguments += [f"--metric-format={name}={text}" for name, text in METRIC_FORMAT.items()]
    arguments += ["--no-progress", *case.options, *as_options(case.keywords)]
    arguments += ["--state", "job.sqlite"] if case.via == "backfill" else []
    with _inside(folder):
        ended = run(*arguments)
    return Outcome(kept, ended.exit_code != 0, ended.output)


def keep_imports(server: HTTPServer) -> list[bytes]:
    """Take imports as VictoriaMetrics does; return the list that their lines will be added to."""
    kept: list[bytes] = []

    def answer(request: Request) -> Response:
        if request.path == "/health":
            return Response("OK")
        if request.path != "/api/v1/import":
            return Response('{"status":"success","data":[]}' * ("export" not in request.path))
        body = request.get_data()
        is_gzip = request.headers.get("Content-Encoding") == "gzip"
        kept.extend((gzip.decompress(body) if is_gzip else body).splitlines())
        return Response(status=204)

    server.expect_request(re.compile(".*")).respond_with_handler(answer)
    return kept


def as_options(keywords: Mapping[str, Any]) -> list[str]:
    """Spell reading keywords as options."""
    return [
        f"--{name.replace('_', '-')}={one}"
        for name, value in keywords.items()
        for one in (value if isinstance(value, list) else [value])
    ]


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
