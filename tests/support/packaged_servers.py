"""The servers that `make servers` unpacks: several versions of each program, a folder each."""

from __future__ import annotations

import os
from pathlib import Path

SERVERS = Path(__file__).parents[2] / ".servers"
PROGRAMS = ("victoria-metrics", "prometheus")  # their packages also hold vmagent, vmauth, vmctl


def packaged_path(suite: str, servers: Path = SERVERS) -> str:
    """Return the folders of the oldest or the newest version of each program, as for a PATH.

    Raises
    ------
    ValueError
        If `suite` is neither ``oldest`` nor ``newest``.
    FileNotFoundError
        If there is no version of a program.
    """
    if suite not in ("oldest", "newest"):
        msg = f"VM_TEST_SUITE: expected 'oldest' or 'newest', got {suite!r}; correct or unset it"
        raise ValueError(msg)
    chosen = []
    for program in PROGRAMS:
        folders = list(servers.glob(f"{program}-*/usr/bin"))
        if not folders:
            msg = f"VM_TEST_SUITE: {servers} holds no {program}; run `make servers`, or unset it"
            raise FileNotFoundError(msg)
        choose = min if suite == "oldest" else max
        chosen.append(str(choose(folders, key=lambda folder: version_of(folder / program))))
    return os.pathsep.join(chosen)


def version_of(program: Path) -> tuple[int, ...]:
    """Return the version of a program by the name of its folder."""
    return tuple(map(int, program.parts[-4].rpartition("-")[2].split(".")))
