"""What a refusal proposes in a shell, done: its options, until the command stores the truth."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_httpserver import HTTPServer

from tests.support.corpus import Case, ask
from tests.support.corpus_truth import are_alike, right_readings, stored

_MOST_STEPS = 4
_VALUE = r"""(?:'[^']*'|"[^"]*"|(?!-)[^\s;,)]+)"""
_OPTION = rf"--[a-z-]+ {_VALUE}"
_OPTIONS = re.compile(rf"{_OPTION}(?:(?: and)? {_OPTION})*")
# What the owner of a file has to do to it, since no option can.
_CHANGES_TO_A_FILE = (
    "into the file",
    "write the times with their offset",
    "write it in a job of its own",
    "tell the files apart with --file-label",
    "correct the file",
    "rename",
    "remove the lines that begin with #",
    "header",
    "name every column",
)


def options_lead_to_the_truth(
    case: Case, folder: Path, server: HTTPServer
) -> tuple[bool, Sequence[str]]:
    """Say whether the options that refusals propose, passed, lead to a right reading.

    A refusal that says what to do to the file is taken at its word. What was said on the way is
    returned, too.
    """
    said: list[str] = []
    ways: list[tuple[str, ...]] = [case.options]
    for step in range(_MOST_STEPS):
        further: list[tuple[str, ...]] = []
        for number, options in enumerate(ways[:8]):
            place = folder / f"{step}-{number}"
            place.mkdir()
            server.clear()
            outcome = ask(replace(case, options=options), place, server)
            if not outcome.refused:
                found = stored(outcome.lines)
                if any(are_alike(found, right) for right in right_readings(case)):
                    return True, said
                continue
            said.append(outcome.said)
            further += _with_proposed(options, outcome.said)
        ways = further
    return any(change in text for text in said for change in _CHANGES_TO_A_FILE), said


def _with_proposed(options: Sequence[str], message: str) -> Iterator[tuple[str, ...]]:
    for match in _OPTIONS.finditer(message):
        words = shlex.split(match[0].replace(" and ", " "))
        proposed = [f"{name}={value}" for name, value in zip(words[::2], words[1::2], strict=True)]
        names = {option.partition("=")[0] for option in proposed} - {"--na-values"}
        yield (*(o for o in options if o.partition("=")[0] not in names), *proposed)
