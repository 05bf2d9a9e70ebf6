from __future__ import annotations

import queue
from typing import Any

import pytest
import urllib3

from vm_df_writer.transport.idle_connections import IdleConnections


def test_no_call_waits() -> None:
    idle = IdleConnections(1)
    with pytest.raises(queue.Empty):
        idle.get(block=True)
    idle.put("connection")
    with pytest.raises(queue.Full):
        idle.put("other", block=True)
    assert idle.qsize() == 1


def test_a_pool_keeps_and_closes_its_connections_in_them() -> None:
    class Pool(urllib3.HTTPConnectionPool):
        QueueCls = IdleConnections  # type: ignore[assignment]

    pool = Pool("127.0.0.1", maxsize=2)
    idle: Any = pool.pool
    assert isinstance(idle, IdleConnections)
    idle.get()
    idle.put("newest")
    assert idle.get() == "newest"
    idle.put(None)
    pool.close()
