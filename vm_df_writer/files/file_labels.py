"""Labels of a file's name: what tells apart files that hold the same columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from vm_df_writer.errors import FrameError, SourceError
from vm_df_writer.files.formats import SUFFIXES
from vm_df_writer.files.locations import hive_labels, require_one_value_each

__all__ = ["check_file_labels", "file_labels", "path_labels", "require_names_of_their_own"]


def check_file_labels(specs: Sequence[str]) -> None:
    """Refuse what is no ``NAME`` or ``NAME=PATTERN``.

    Raises
    ------
    FrameError
        Names the first that is wrong.
    """
    names = [_parse(spec)[0] for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise FrameError(f"file_labels: {name!r} is given twice; keep one of the two")


def file_labels(path: str, specs: Sequence[str]) -> dict[str, str]:
    r"""Return the labels that a file gets of its path.

    Parameters
    ----------
    path : str
        Path or URL of the file.
    specs : sequence of str
        ``NAME`` takes the file's name without its ending. ``NAME=PATTERN`` takes what stands in
        the path where the pattern has ``{}``; the pattern is the end of the path, with or
        without the ending of the name, and ``*`` in it stands for anything within a name. A
        pattern without ``{}`` is a regular expression with one group.

    Raises
    ------
    SourceError
        If the path does not fit a pattern.

    Examples
    --------
    >>> file_labels("data/plant-7/boiler.csv.gz", ["sensor", "plant=plant-{}/*"])
    {'sensor': 'boiler', 'plant': '7'}
    >>> file_labels("data/machine-1-3.csv", [r"group=machine-(\d+)-"])
    {'group': '1'}
    """
    labels = {}
    plain = path.replace("\\", "/")
    suffix = max((s for s in SUFFIXES if plain.lower().endswith(s)), key=len, default="")
    stem = plain[: len(plain) - len(suffix)]
    for spec in specs:
        name, pattern = _parse(spec)
        found = pattern.search(stem) or pattern.search(plain)
        if found is None or not found[1]:
            raise SourceError(
                f"file_labels: its path does not fit {spec!r}; correct the pattern, or leave the "
                "file out"
            )
        labels[name] = found[1]
    return labels


def path_labels(path: str, *, hive: bool, specs: Sequence[str]) -> dict[str, str]:
    """Return all labels that a file gets of its path: of ``key=value`` folders, and as named.

    Raises
    ------
    SourceError
        If the path does not fit a pattern, or two folders give one label a value.

    Examples
    --------
    >>> path_labels("day=1/boiler.csv", hive=True, specs=["sensor"])
    {'day': '1', 'sensor': 'boiler'}
    """
    if hive:
        require_one_value_each(path)
    return {**(hive_labels(path) if hive else {}), **file_labels(path, specs)}


def require_names_of_their_own(paths: Sequence[str], *, hive: bool, specs: Sequence[str]) -> None:
    """Refuse files whose names should tell them apart, and do not.

    Files of equal names in several folders may be months of one sensor, or sensors of several
    plants. A pattern says which; a name alone does not.

    Raises
    ------
    FrameError
        Names two files that would get the same labels.

    Examples
    --------
    >>> paths = ["valve1/0.csv", "valve2/0.csv"]
    >>> require_names_of_their_own(paths, hive=False, specs=["run", "valve={}/*"])
    >>> require_names_of_their_own(paths, hive=False, specs=["run=*/{}"])
    >>> require_names_of_their_own(paths, hive=False, specs=["run"])
    Traceback (most recent call last):
        ...
    vm_df_writer.errors.FrameError: file_labels: 'valve1/0.csv' and 'valve2/0.csv' both get ...
    """
    plain = next((spec for spec in specs if "=" not in spec), None)
    if plain is None:
        return
    seen: dict[tuple[tuple[str, str], ...], str] = {}
    for path in paths:
        try:
            labels = path_labels(path, hive=hive, specs=specs)
        except SourceError:
            continue  # the file is refused by itself
        other = seen.setdefault(tuple(sorted(labels.items())), path)
        if other != path:
            raise FrameError(
                f"file_labels: {other!r} and {path!r} both get {plain}={labels[plain]!r}, and may "
                "be of two things; add a label of the folder, such as 'folder={}/*', or pass "
                f"'{plain}=*/{{}}' if they are of one"
            )


@cache
def _parse(spec: str) -> tuple[str, re.Pattern[str]]:
    name, sign, pattern = spec.partition("=")
    if not name or (sign and not pattern):
        raise FrameError(
            f"file_labels: expected NAME or NAME=PATTERN, got {spec!r}; write sensor, or "
            "sensor=machine-{}.csv"
        )
    if not sign:
        return name, re.compile(r"([^/]+)$")
    if "{}" in pattern:
        parts = (re.escape(part).replace(r"\*", "[^/]*") for part in pattern.split("{}"))
        expression = "(?:^|/)" + "([^/]+?)".join(parts) + "$"
    else:
        expression = pattern
    try:
        compiled = re.compile(expression)
    except re.error as error:
        raise FrameError(
            f"file_labels: {pattern!r} is no regular expression ({error}); correct it"
        ) from None
    if compiled.groups != 1:
        raise FrameError(
            f"file_labels: {pattern!r} has {compiled.groups} groups; mark what becomes the label "
            "with {} or with one pair of parentheses"
        )
    return name, compiled
