"""Runs the code blocks of a page, in the order in which they stand there."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.command_line import run
from tests.support.page_blocks import Block
from tests.support.page_servers import PageServers
from vm_df_writer import WriterConfig

__all__ = ["LANGUAGES", "PageRunner"]

# What makes this machine ready is not for a test to do.
_INSTALLERS = {"apt-get", "brew", "docker", "make", "pip"}
_SHELL = re.compile(r"[|;&<>]+|\$\(|`")


class PageRunner:
    """The state between the blocks of a page: variables, files, and what was printed last.

    Parameters
    ----------
    page : Path
        The page, for tracebacks.
    servers : PageServers
        What its addresses stand for.
    environment : pytest.MonkeyPatch
        Takes the variables that the page exports.
    """

    def __init__(self, page: Path, servers: PageServers, environment: pytest.MonkeyPatch) -> None:
        self._page, self._servers, self._environment = page, servers, environment
        self._names: dict[str, Any] = {"__name__": "__page__"}
        self._printed = ""

    def play(self, block: Block) -> None:
        """Run a block, keep it as a file, or compare it with what was printed."""
        if "not run" in block.marks:
            return
        if "file" in block.marks:
            path = Path(block.marks["file"])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self._servers.real(block.text))
        else:
            LANGUAGES[block.language](self, block)

    def _python(self, block: Block) -> None:
        """Run the code, with the page's line numbers in tracebacks."""
        text = "\n" * (block.line - 1) + self._servers.real(block.text)
        with redirect_stdout(io.StringIO()) as output:
            exec(compile(text, str(self._page), "exec"), self._names)  # noqa: S102
        self._print(output.getvalue())

    def _sh(self, block: Block) -> None:
        """Run commands of ours in this process, and all others by a shell."""
        text = self._servers.real(block.text)
        lines = [
            shlex.split(line, comments=True) for line in text.replace("\\\n", " ").splitlines()
        ]
        lines = [words for words in lines if words and words[0] not in _INSTALLERS]
        is_plain = all(
            words[0] in ("vm-df-writer", "export") and not any(map(_SHELL.search, words))
            for words in lines
        )
        if is_plain:
            exit_code: object = 0
            output = ""
            for words in lines:
                assert exit_code == 0, output
                exit_code, said = self._command(words)
                output += said
        else:
            exit_code, output = self._shell(text)
        assert exit_code == int(block.marks.get("exit", "0")), output
        self._print(output)

    def _command(self, words: list[str]) -> tuple[object, str]:
        if words[0] == "export":
            self._environment.setenv(*words[1].split("=", 1))
            return 0, ""
        result = run(*words[1:])
        return result.exit_code, result.output

    def _shell(self, text: str) -> tuple[int, str]:
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-eu", "-c", text],
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def _print(self, text: str) -> None:
        # Servers differ in whether they have a vmui.
        self._printed = self._servers.written(re.sub(r"(?m)^vmui .*\n?", "", text))

    def _text(self, block: Block) -> None:
        shown, printed = block.text.rstrip(), self._printed.rstrip()
        if "numbers differ" in block.marks:
            shown, printed = _without_numbers(shown), _without_numbers(printed)
        assert printed == shown, f"{self._page}:{block.line}: printed is\n{self._printed}"

    def _yaml(self, block: Block) -> None:
        """See that parameters of a writer are those that there are."""
        content = yaml.safe_load(block.text)
        known = {field.alias or name for name, field in WriterConfig.model_fields.items()}
        assert set(content.get("writer", {})) <= known

    def _json(self, block: Block) -> None:
        for line in block.text.splitlines():
            json.loads(line)


def _without_numbers(text: str) -> str:
    return re.sub(r"\d[\d,.:]*", "N", text).strip()


LANGUAGES = {
    "python": PageRunner._python,
    "sh": PageRunner._sh,
    "text": PageRunner._text,
    "yaml": PageRunner._yaml,
    "json": PageRunner._json,
}
"""What is done with a block of each language."""
