"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.measuring.versions import programs
from vm_df_writer import __version__

__all__ = ["describe_machine", "describe_versions", "use_two_cores"]

_PACKAGES = (
    *("numpy", "pandas", "orjson", "requests", "pydantic", "pyarrow", "isal"),
    *("cramjam", "polars", "questdb", "influxdb-client", "prometheus-remote-writer"),
)


def use_two_cores() -> None:
    """Keep this process and its children to two cores, which the goals are stated for."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])


def describe_machine() -> dict[str, str]:
    """Return what the machine is, and how busy it was."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _processor(),
        "cores used": str(cores),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
    }


def describe_versions() -> dict[str, str]:
    """Return the versions of what took part."""
    versions = {"vm_df_writer": __version__, "Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    versions["VictoriaMetrics"] = " and ".join(programs()) or "not there"
    return versions


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
