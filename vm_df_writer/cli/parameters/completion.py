"""What TAB completes, known without the commands, whose import takes twice as long.

The file beside this one is made by ``.ci/build_completion.py``; a test says when it is to be made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

__all__ = ["describe_parameters", "stand_in"]

_KNOWN = Path(__file__).with_suffix(".json")


def describe_parameters(command: click.Command) -> list[dict[str, Any]]:
    """Return what completion needs to know of the options and arguments of a command.

    Examples
    --------
    >>> @click.command
    ... @click.option("--layout", type=click.Choice(["wide", "long"]), help="How it is. More.")
    ... def show(layout): ...
    >>> describe_parameters(show)
    [{'names': ['--layout'], 'help': 'How it is.', 'choices': ['wide', 'long']}]
    """
    return [_describe(param) for param in command.params]


def _describe(param: click.Parameter) -> dict[str, Any]:
    if isinstance(param, click.Option):
        sentence = " ".join((param.help or "").split()).partition(". ")[0].rstrip(".")
        names = [*param.opts, *(f"/{name}" for name in param.secondary_opts)]
        known: dict[str, Any] = {"names": names, "help": f"{sentence}."}
        known |= {key: True for key in ("is_flag", "count", "multiple") if getattr(param, key)}
    else:
        known = {"names": [str(param.name)], "nargs": param.nargs}
    if isinstance(param.type, click.Choice):
        known["choices"] = [*param.type.choices]
    elif isinstance(param.type, click.Path):
        known["path"] = "file" if param.type.file_okay else "dir"
    return known


def stand_in(command: str) -> click.Command:
    """Return a command with the parameters of the one of this name, which does nothing."""
    known = json.loads(_KNOWN.read_bytes())[command]
    return click.Command(command, params=[_param_of(**each) for each in known])


def _param_of(names: list[str], **known: Any) -> click.Parameter:
    choices, path = known.pop("choices", None), known.pop("path", None)
    if choices is not None:
        known["type"] = click.Choice(choices)
    elif path is not None:
        known["type"] = click.Path(file_okay=path == "file")
    if "nargs" in known:
        return click.Argument(names, required=False, **known)
    on_and_off = "".join(names) if names[-1].startswith("/") else None
    return click.Option([on_and_off] if on_and_off else names, **known)
