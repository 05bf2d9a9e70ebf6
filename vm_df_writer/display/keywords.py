"""Families of keywords, spelled out in the signature and the docstring of what takes them."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

__all__ = ["Keyword", "spell_out", "spelled_out"]

_Documented = TypeVar("_Documented", bound=Callable[..., Any])

_WIDTH = 88
_REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Keyword:
    """One keyword: its name, the type that it takes, its default and what it means.

    Examples
    --------
    >>> print(Keyword("layout", Literal["auto", "wide"], "auto", "How it is laid out.").section)
    layout : {'auto', 'wide'}, default 'auto'
        How it is laid out.
    >>> print(Keyword("var", str | None, None, "What $VAR stands for.").section)
    var : str, optional
        What $VAR stands for.
    """

    name: str
    kind: Any
    default: Any = _REQUIRED
    description: str = ""

    @property
    def section(self) -> str:
        """The keyword as an entry of a numpydoc section."""
        kinds = [arg for arg in _members(self.kind) if arg is not type(None)]
        kind = " or ".join(map(_kind_name, kinds))
        if self.default is None or self.default in ({}, ()):
            kind += ", optional"
        elif self.default is not _REQUIRED:
            kind += f", default {self.default!r}"
        text = textwrap.fill(" ".join(self.description.split()), _WIDTH)
        return f"{self.name} : {kind}\n{textwrap.indent(text, '    ')}"

    @property
    def parameter(self) -> inspect.Parameter:
        """The keyword as a parameter of a signature."""
        return inspect.Parameter(
            self.name, inspect.Parameter.KEYWORD_ONLY, default=self.default, annotation=self.kind
        )


def _members(kind: Any) -> Iterator[Any]:
    if get_origin(kind) in (Union, UnionType):
        for arg in get_args(kind):
            yield from _members(arg)
    else:
        yield kind


def _kind_name(kind: Any) -> str:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return f"{{{', '.join(map(repr, args))}}}"
    name = getattr(origin or kind, "__name__", str(kind)).lower()
    name = {"hashable": "label", "pathlike": "path", "secretstr": "SecretStr"}.get(name, name)
    if name == "sequence":
        return f"sequence of {_kind_name(args[0])}"
    if name == "mapping":
        return f"mapping of {' to '.join(map(_kind_name, args))}"
    return name


def spelled_out(keywords: Iterable[Keyword]) -> Callable[[_Documented], _Documented]:
    """Decorate a function or class that takes ``**family``, so that users see the keywords.

    Type checkers see ``Unpack[...]``; the signature is what IPython completes from, and the
    docstring what `help` shows. The docstring must have an entry ``**family``, which stays, as the
    headline of the others.

    Examples
    --------
    >>> @spelled_out([Keyword("layout", str, "auto", "How it is laid out.")])
    ... def write(frame: object, **reading: object) -> None:
    ...     '''Write.
    ...
    ...     Parameters
    ...     ----------
    ...     frame : object
    ...     **reading
    ...         How to read the frame.
    ...     '''
    >>> inspect.signature(write)
    <Signature (frame: 'object', *, layout: str = 'auto') -> 'None'>
    >>> print(write.__doc__.splitlines()[-3].strip())
    layout : str, default 'auto'
    """
    return lambda thing: spell_out(thing, keywords)


def spell_out(thing: _Documented, keywords: Iterable[Keyword]) -> _Documented:
    """Do in place what :func:`spelled_out` does, and return it."""
    function: Any = thing.__init__ if inspect.isclass(thing) else thing
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {parameter.name for parameter in own}
    family = [keyword for keyword in keywords if keyword.name not in taken]
    more = [keyword.parameter for keyword in family]
    function.__signature__ = signature.replace(parameters=[*own, *more])
    if thing.__doc__:  # there is none under python -OO
        sections = [keyword.section for keyword in family]
        thing.__doc__ = _with_sections(thing.__doc__, sections)
    return thing


def _with_sections(docstring: str, sections: Iterable[str]) -> str:
    entry = re.search(r"^( *)\*\*\w+\n(?:\1 +\S.*\n)*", docstring, re.MULTILINE)
    if entry is None:
        raise TypeError("the docstring has no entry of the form **keywords")
    indented = "".join(textwrap.indent(section, entry[1]) + "\n" for section in sections)
    return docstring[: entry.end()] + indented + docstring[entry.end() :]
