"""The `writer:` section of a YAML file, with ``%{ENV}`` replaced from the environment.

And YAML of our own. The one importer of yaml.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

import yaml

from vm_df_writer.display.text import did_you_mean
from vm_df_writer.errors import ConfigError

__all__ = ["dump_yaml", "parse_mapping", "parse_writer_section", "read_writer_section"]

_PLACEHOLDER = re.compile(r"%\{([\w.-]+)\}")
# While YAML is parsed, private-use characters stand in for %{ and }: unlike these they are
# plain letters to YAML wherever they stand, and what a variable holds is never parsed.
_MARKED = re.compile("\ue000([\\w.-]+)\ue001")

# A whole file of vmanomaly has a few KiB.
_MOST_BYTES = 2**20
_MOST_MERGED = 10_000

_NULL, _MERGE, _STR, _SEQ, _MAP = (
    f"tag:yaml.org,2002:{name}" for name in ("null", "merge", "str", "seq", "map")
)


class _TextLoader(yaml.SafeLoader):
    """Reads every scalar as the text that is written there, and null as None.

    So ``12:30`` is no sexagesimal 750, the password ``0123`` no octal 83, and what comes
    from the environment is read like what stands in the file: the type of the parameter
    decides what it means.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - no ClassVar in the stubs
        first: [(tag, pattern) for tag, pattern in resolvers if tag in (_NULL, _MERGE)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    yaml_constructors: ClassVar[dict[Any, Any]] = {  # None refuses all other tags
        tag: yaml.SafeLoader.yaml_constructors[tag] for tag in (_NULL, _STR, _SEQ, _MAP, None)
    }

    def __init__(self, text: str, env: Mapping[str, str]) -> None:
        super().__init__(_PLACEHOLDER.sub("\ue000\\1\ue001", text))
        self.env = env

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        def value_of(marked: re.Match[str]) -> str:
            name = marked[1]
            if name not in self.env:
                raise ConfigError(
                    f"{_line(node)}: the environment variable {name!r} is not set; set it, or "
                    f"write the value in place of %{{{name}}}"
                )
            return self.env[name]

        return _MARKED.sub(value_of, str(super().construct_scalar(node)))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        super().flatten_mapping(node)
        # Merges of merges of a list of aliases double with each line.
        if len(node.value) > _MOST_MERGED:
            raise ConfigError(
                f"{_line(node)}: more than {_MOST_MERGED:,} lines are merged into one mapping; "
                "write it out"
            )

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as in the base class
        self.children(node)
        return super().construct_mapping(node, deep=deep)

    def children(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        """Return the values of a mapping by key; refuse a key that stands there twice."""
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                continue
            if key.tag != _STR:
                raise ConfigError(f"{_line(key)}: expected a name before the colon")
            name = self.construct_scalar(key)
            if name in found:
                raise ConfigError(
                    f"{_line(key)}: duplicate key {name!r}, which this mapping already has; "
                    "keep one of the two"
                )
            found[name] = value
        return found


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def parse_writer_section(
    text: str, *, env: Mapping[str, str], known: Collection[str]
) -> dict[str, Any]:
    r"""Return the parameters of the writer as text, nested as they are written.

    Parameters
    ----------
    text : str
        A whole vmanomaly file, of which only the ``writer:`` section is looked at, or the
        parameters of that section alone.
    env : mapping of str to str
        What ``%{NAME}`` is replaced from. Values are taken as they are, whatever
        characters they hold, and are not searched for placeholders again.
    known : collection of str
        The names of the writer's parameters, by which a bare section is recognised.

    Returns
    -------
    dict
        Text by parameter; None where there is no value.

    Raises
    ------
    ConfigError
        If the text is no YAML, has no writer section or a key twice, or if a variable that
        the section names is not set. Values are never quoted: they may be secrets.

    Examples
    --------
    >>> text = "writer:\n  datasource_url: %{URL}\n  tenant_id: 12:30"
    >>> parse_writer_section(text, env={"URL": "http://localhost:8480"}, known=[])
    {'datasource_url': 'http://localhost:8480', 'tenant_id': '12:30'}
    """
    try:
        loader = _TextLoader(text, env)
        root = loader.get_single_node()
        sections = loader.children(root) if isinstance(root, yaml.MappingNode) else {}
        bare = root if sections.keys() & set(known) else None
        section = sections.get("writer", bare)
        if section is None:
            found = ", ".join(map(repr, sections)) or "nothing"
            hint = "".join(did_you_mean(name, ["writer"]) for name in sections)
            raise ConfigError(
                "expected a 'writer:' section, or the parameters of a writer, "
                f"found {found}{hint or '; add the section'}"
            )
        if not isinstance(section, yaml.MappingNode):
            found = "a list" if isinstance(section, yaml.SequenceNode) else "no 'name: value' lines"
            raise ConfigError(
                f"{_line(section)}: writer: expected the parameters of one writer, found {found}; "
                "write and indent them below it"
            )
        parameters: dict[str, Any] = loader.construct_document(section)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # What YAML says about aliases, anchors and tags quotes the text, as in `password: *abc`.
        problem = re.sub(r"\b(alias|anchor|tag)\b.*", r"\1", getattr(error, "problem", None) or "")
        raise ConfigError(
            (f"line {mark.line + 1}: " if mark else "")
            + f"not valid YAML ({problem or 'unprintable characters'}); "
            "check the indentation, and put values with special characters in quotes"
        ) from None
    except RecursionError:
        raise ConfigError("nested too deeply; check brackets and indentation") from None
    return parameters


def read_writer_section(path: Path, *, known: Collection[str]) -> dict[str, Any]:
    """Read a file and parse it with the environment of this process.

    See :func:`parse_writer_section`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ConfigError(f"has more than {_MOST_BYTES:,} bytes; check the path")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}; check the path") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot be read: {error.reason}; save it as UTF-8") from None
    return parse_writer_section(text, env=os.environ, known=known)


def parse_mapping(text: str, name: str) -> dict[str, Any]:
    """Return a mapping that is written as YAML or JSON, with every scalar as text.

    Raises
    ------
    ConfigError
        If it is none; names what it was the value of, and does not quote it.

    Examples
    --------
    >>> parse_mapping("{__name__: vm_$VAR, port: 08}", "VM_DF_WRITER_METRIC_FORMAT")
    {'__name__': 'vm_$VAR', 'port': '08'}
    """
    try:
        mapping = _TextLoader(text, {}).get_single_data()
    except (yaml.YAMLError, ConfigError):
        mapping = None
    if not isinstance(mapping, dict):
        raise ConfigError(f"{name}: expected a mapping in one line, such as {{name: value}}")
    return mapping


def dump_yaml(document: Mapping[str, Any]) -> str:
    """Return a document as YAML, with keys in their order and each text in one line.

    Examples
    --------
    >>> print(dump_yaml({"expr": "up == 0", "for": "5m"}), end="")
    expr: up == 0
    for: 5m
    """
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
