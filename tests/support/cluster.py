"""A cluster of VictoriaMetrics, whose programs no package holds: a folder has to be named."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from vm_df_writer.local.process import ServerProcess

CLUSTER_BIN = os.environ.get("VM_CLUSTER_BIN")
"""The folder that holds vminsert, vmselect and vmstorage; None if there is none."""


class ClusterNode(ServerProcess):
    """One program of a cluster."""

    def __init__(self, program: str, flags: Sequence[str], data_flag: str | None = None) -> None:
        super().__init__()
        self._program = program
        self._flags = flags
        self._data_flag = data_flag

    def _command(self, port: int, folder: Path) -> list[str]:
        flags = [f"-httpListenAddr=127.0.0.1:{port}", *self._flags]
        if self._data_flag is not None:
            flags.append(f"{self._data_flag}={folder}/data")
        return [f"{CLUSTER_BIN}/{self._program}", *flags]


class Cluster(NamedTuple):
    """Where a cluster is written to and read from."""

    vminsert: str
    vmselect: str
    nodes: Sequence[ClusterNode]

    @property
    def storages(self) -> list[str]:
        """Where the vmstorages answer."""
        return [node.url for node in self.nodes]


@contextmanager
def running_cluster(
    *, storage_flags: Sequence[str] = (), insert_flags: Sequence[str] = ()
) -> Iterator[Cluster]:
    """Run two vmstorages, a vminsert and a vmselect."""
    with ExitStack() as stack:
        insert_nodes, select_nodes, nodes = [], [], []
        for _ in range(2):
            to_insert, to_select = (f"127.0.0.1:{_free_port()}" for _ in range(2))
            flags = [f"-vminsertAddr={to_insert}", f"-vmselectAddr={to_select}"]
            flags += ["-retentionPeriod=100y", *storage_flags]
            node = ClusterNode("vmstorage", flags, "-storageDataPath")
            nodes.append(stack.enter_context(node))
            insert_nodes.append(f"-storageNode={to_insert}")
            select_nodes.append(f"-storageNode={to_select}")
        vminsert = ClusterNode("vminsert", [*insert_nodes, *insert_flags])
        vmselect = ClusterNode("vmselect", select_nodes, "-cacheDataPath")
        yield Cluster(
            stack.enter_context(vminsert).url,
            stack.enter_context(vmselect).url,
            nodes,
        )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
