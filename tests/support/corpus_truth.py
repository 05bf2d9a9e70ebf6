"""Whether a case of the reading corpus was read as its owner means it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import isclose
from typing import Any

from tests.support.corpus import Case, Outcome

Series = dict[frozenset[tuple[str, str]], list[tuple[int, float]]]


def verdict(case: Case, outcome: Outcome) -> tuple[str, str]:
    """Return ``right``, ``refused`` or ``WRONG``, and why.

    Refused is what can be read, and a refusal that does not help.
    """
    truth = case.truth
    sent, readings = stored(outcome.lines), right_readings(case)
    if not outcome.refused:
        if not truth.get("must_refuse") and any(are_alike(sent, one) for one in readings):
            return "right", ""
        return "WRONG", f"stored {shown(sent)}"
    harmless = [*readings, *map(told, truth.get("may_send", []))]
    if sent and not any(is_part_of(sent, one) for one in harmless):
        return "WRONG", f"refused, and before that stored {shown(sent)}"
    said = plain(outcome.said)
    for names in truth.get("names", []):
        if not any(plain(name) in said for name in names.split("|")):
            return "refused", f"the message does not name {names}: {outcome.said}"
    for harm in truth.get("misleads", []):
        if plain(harm) in said:
            return "refused", f"the message advises {harm}: {outcome.said}"
    if truth.get("must_refuse") or truth.get("either"):
        return "right", "refused, as it may be"
    return "refused", f"it can be read: {outcome.said}"


def right_readings(case: Case) -> list[Series]:
    """Return the right readings of a case."""
    readings = [case.truth["series"]] if "series" in case.truth else []
    return [told(one) for one in [*readings, *case.truth.get("also", [])]]


def stored(lines: Iterable[bytes]) -> Series:
    """Read import lines."""
    series: Series = {}
    for line in map(json.loads, lines):
        samples = zip(line["timestamps"], line["values"], strict=True)
        kept = series.setdefault(frozenset(line["metric"].items()), [])
        kept += [(int(at), float(value)) for at, value in samples]
    return {key: sorted(samples) for key, samples in series.items() if samples}


def told(series: Mapping[str, Any]) -> Series:
    """Read the truth of a case: label sets as JSON, and the samples of each."""
    return {
        frozenset(json.loads(labels).items()): sorted(
            (at, float(value))
            for at, value in (samples.items() if isinstance(samples, dict) else samples)
        )
        for labels, samples in series.items()
    }


def are_alike(a: Series, b: Series) -> bool:
    """Say whether two readings have the same series and samples."""
    return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)


def is_part_of(sent: Series, whole: Series) -> bool:
    """Say whether all of `sent` is in a reading."""
    return all(set(samples) <= set(whole.get(key, ())) for key, samples in sent.items())


def shown(series: Series) -> str:
    """Return the first series as text."""
    first = [f"{dict(labels)} {samples[:2]}" for labels, samples in list(series.items())[:4]]
    return f"{len(series)} series: {'; '.join(first)}"


def plain(text: str) -> str:
    """Return a message without what does not matter."""
    return re.sub(r"\s+", " ", text.lower().replace("_", "-"))


def _same(a: Sequence[tuple[int, float]], b: Sequence[tuple[int, float]]) -> bool:
    return len(a) == len(b) and all(
        s == t and isclose(v, w, rel_tol=1e-12) for (s, v), (t, w) in zip(a, b, strict=True)
    )
