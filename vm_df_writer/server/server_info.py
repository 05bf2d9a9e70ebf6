"""ServerInfo: what a server tells of itself, by the text of its /metrics or /flags. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vm_df_writer.config.seconds import seconds_of

__all__ = [
    "IS_VICTORIA_METRICS",
    "ServerInfo",
    "describe_flags",
    "info_from_flags",
    "info_from_metrics",
    "seconds_of_flag",
]

_FLAG_METRIC = re.compile(
    r'^flag\{name="([^"]+)", value="((?:[^"\\]|\\.)*)", is_set="(true|false)"\}', re.MULTILINE
)
_VERSION_METRIC = re.compile(
    r'^vm_app_version\{version="([^"]*)", short_version="([^"]*)"\}', re.MULTILINE
)
_FLAG_LINE = re.compile(r'^-([^=\s]+)="(.*)"$', re.MULTILINE)

IS_VICTORIA_METRICS = frozenset(
    {"single", "vminsert", "vmselect", "vmstorage", "vmagent", "vmauth"}
)
"""The kinds of servers that are, or stand before, VictoriaMetrics."""

# The first program that has all of these flags.
_KINDS_BY_FLAG = (
    ({"auth.config"}, "vmauth"),
    ({"vminsertAddr"}, "vmstorage"),
    ({"storageNode", "maxLabelsPerTimeseries"}, "vminsert"),
    ({"storageNode"}, "vmselect"),
    ({"storageDataPath"}, "single"),
    ({"retentionPeriod"}, "single"),
    ({"remoteWrite.url"}, "vmagent"),
)

# Because of these a server stores something else than it was sent, and says so nowhere.
_ALTERING = (
    "relabelConfig",
    "usePromCompatibleNaming",
    "precisionBits",
    "streamAggr.config",
    "streamAggr.dedupInterval",
    "storage.maxHourlySeries",
    "storage.maxDailySeries",
    "retentionFilter",
    "dropSamplesOnOverload",
    "remoteWrite.relabelConfig",
    "remoteWrite.urlRelabelConfig",
    "remoteWrite.label",
    "remoteWrite.significantFigures",
    "remoteWrite.roundDigits",
    "remoteWrite.maxHourlySeries",
    "remoteWrite.maxDailySeries",
    "remoteWrite.dropSamplesOnOverload",
    "remoteWrite.streamAggr.config",
    "remoteWrite.streamAggr.dedupInterval",
)

_MOST_BYTES = 2.0**60
_NUMBER = re.compile(r"[0-9]{1,18}")

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(?:([KMGT])(i?)B?)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ServerInfo:
    r"""What one server tells of itself; what it does not tell is None or not there.

    Attributes
    ----------
    kind : str
        ``single``, ``vminsert``, ``vmselect``, ``vmstorage``, ``vmagent``, ``vmauth``,
        ``prometheus``, another program that takes remote write, or ``unknown``.
    version : str or None
        Such as ``v1.150.0``.
    flags : mapping of str to str
        The values of its command-line flags, as far as it tells them.
    set_flags : frozenset of str
        Those of them that are set.
    head_max_ms : int or None
        Epoch milliseconds of the newest sample in a Prometheus' memory.

    Examples
    --------
    >>> facts = info_from_flags('-retentionPeriod="100y"\n-dedup.minScrapeInterval="1ms"\n')
    >>> facts.kind, facts.seconds("dedup.minScrapeInterval"), facts.seconds("futureRetention")
    ('single', 0.001, None)
    """

    kind: str = "unknown"
    version: str | None = None
    flags: Mapping[str, str] = field(default_factory=dict)
    set_flags: frozenset[str] = frozenset()
    head_max_ms: int | None = None

    @property
    def is_known(self) -> bool:
        """Whether the server told anything."""
        return bool(self.flags)

    @property
    def altering(self) -> dict[str, str]:
        """The flags that make it store something else than it was sent, and their values."""
        return {
            name: self.flags[name]
            for name in _ALTERING
            if name in self.set_flags and self.flags[name] not in ("", "0", "false")
        }

    def seconds(self, flag: str) -> float | None:
        """Return the duration that a flag holds; None if that is not known."""
        return seconds_of_flag(self.flags[flag]) if flag in self.flags else None

    def number(self, flag: str) -> int | None:
        """Return the number that a flag holds; None if it is not known, or 0, which is none."""
        text = self.flags.get(flag, "")
        return (int(text) or None) if _NUMBER.fullmatch(text) else None

    def size(self, flag: str) -> int | None:
        """Return the bytes that a flag holds; None if they are not known, or 0, which is none.

        Examples
        --------
        >>> ServerInfo(flags={"import.maxLineLen": "64KiB"}).size("import.maxLineLen")
        65536
        """
        found = _SIZE.fullmatch(self.flags.get(flag, ""))
        if found is None:
            return None
        number, unit, binary = found.groups()
        power = "KMGT".index(unit.upper()) + 1 if unit else 0
        size = float(number) * (1024 if binary else 1000) ** power
        return (int(size) or None) if size < _MOST_BYTES else None


def describe_flags(flags: Mapping[str, str]) -> str:
    """Return flags as they stand on a command line.

    Examples
    --------
    >>> describe_flags({"precisionBits": "8", "relabelConfig": "drop.yml"})
    '-precisionBits=8, -relabelConfig=drop.yml'
    """
    return ", ".join(f"-{name}={value}" for name, value in flags.items())


def seconds_of_flag(text: str) -> float | None:
    """Return the seconds of a duration as the server's flags hold it; None if it is none.

    Examples
    --------
    >>> seconds_of_flag("1m0s"), seconds_of_flag("1.5d"), seconds_of_flag("0"), seconds_of_flag("x")
    (60.0, 129600.0, 0.0, None)
    """
    if text == "0":
        return 0.0
    try:
        return seconds_of(text)
    except ValueError:
        return None


def info_from_metrics(text: str) -> ServerInfo:
    r"""Return what the text of ``/metrics`` tells, which holds every flag.

    Examples
    --------
    >>> facts = info_from_metrics(
    ...     'vm_app_version{version="vmauth-20250101-000000-tags-v1.109.0-0-g1",'
    ...     ' short_version="v1.109.0"} 1\n'
    ...     'flag{name="auth.config", value="auth.yml", is_set="true"} 1\n'
    ... )
    >>> facts.kind, facts.version, facts.flags
    ('vmauth', 'v1.109.0', {'auth.config': 'auth.yml'})
    """
    found = _FLAG_METRIC.findall(text)
    flags = {name: value for name, value, _ in found}
    version = _VERSION_METRIC.search(text)
    long_version, short_version = version.groups() if version else ("", "")
    # Such as victoria-metrics-20220718-110303-tags-v1.79.0-0-g1234567; packages may leave it empty.
    program = re.split(r"-[0-9]", long_version, maxsplit=1)[0].replace("victoria-metrics", "single")
    return ServerInfo(
        kind=program if program in IS_VICTORIA_METRICS else _kind_of(flags),
        version=short_version or None,
        flags=flags,
        set_flags=frozenset(name for name, _, is_set in found if is_set == "true"),
    )


def info_from_flags(text: str) -> ServerInfo:
    """Return what the text of ``/flags`` tells, which holds the flags that are set."""
    told = dict(_FLAG_LINE.findall(text))
    kind = _kind_of(told)
    # The one default that matters and is the same in all versions.
    defaults = {"retentionPeriod": "1"} if kind == "single" else {}
    return ServerInfo(kind=kind, flags=defaults | told, set_flags=frozenset(told))


def _kind_of(flags: Mapping[str, str]) -> str:
    return next((kind for names, kind in _KINDS_BY_FLAG if names <= flags.keys()), "unknown")
