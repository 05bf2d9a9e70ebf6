"""Write what TAB completes: ``python .ci/build_completion.py [FILE]``, after options changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from vm_df_writer.cli import main
from vm_df_writer.cli.parameters.completion import describe_parameters

TARGET = Path(__file__).parents[1] / "vm_df_writer" / "cli" / "parameters" / "completion.json"


def known() -> dict[str, object]:
    context = click.Context(main)
    commands = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: describe_parameters(command) for name, command in commands.items() if command}


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    path.write_text(json.dumps(known(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
