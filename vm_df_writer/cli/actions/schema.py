"""``vm-df-writer schema``."""

from __future__ import annotations

from typing import Any

from vm_df_writer.cli.output import say_json
from vm_df_writer.config.writer_config import WriterConfig

__all__ = ["file_schema", "run"]

# %{NAME} stands for what is no text, too, in quotes, since YAML gives % a meaning of its own.
_PLACEHOLDER = {"type": "string", "pattern": r"%\{[\w.-]+\}"}


def run() -> None:
    """Do what the command says, and exit."""
    say_json(file_schema())


def file_schema() -> dict[str, Any]:
    """Return the JSON schema of a configuration file: a whole one, or the section alone.

    Examples
    --------
    >>> schema = file_schema()
    >>> list(schema["$defs"]["writer"]["properties"])[:3]
    ['class', 'datasource_url', 'tenant_id']
    """
    section = WriterConfig.model_json_schema()
    section["properties"] = {
        name: _with_placeholder(field) for name, field in section["properties"].items()
    }
    definitions = section.pop("$defs", {}) | {"writer": section}
    reference = {"$ref": "#/$defs/writer"}
    whole = {"type": "object", "required": ["writer"], "properties": {"writer": reference}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of vm_df_writer",
        "if": {"required": ["writer"]},
        "then": whole,
        "else": reference,
        "$defs": definitions,
    }


def _with_placeholder(field: dict[str, Any]) -> dict[str, Any]:
    if field.get("type") not in ("integer", "boolean"):
        return field
    outer = {name: field[name] for name in ("title", "description", "default") if name in field}
    inner = {name: value for name, value in field.items() if name not in outer}
    return outer | {"anyOf": [inner, _PLACEHOLDER]}
