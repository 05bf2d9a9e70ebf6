"""The servers that jobs are measured with: of two versions, and one that stores nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil

from benchmarks.measuring.child import ROOT
from benchmarks.measuring.versions import VersionedServer, programs

__all__ = ["SERVERS", "ServerUnderTest", "discard"]

# What tells the writer that there is a VictoriaMetrics.
_METRICS = b"""vm_app_version{version="victoria-metrics-20260801-000000-tags-v1.145.0-0-g1"} 1
flag{name="retentionPeriod", value="100y", is_set="true"} 1
flag{name="storageDataPath", value="x", is_set="true"} 1
"""


@dataclass(frozen=True)
class ServerUnderTest:
    """A server that runs.

    Attributes
    ----------
    url : str
        Where.
    process : psutil.Process
        Its process.
    stores : bool
        Whether it stores what it is sent.
    """

    url: str
    process: psutil.Process
    stores: bool

    def cpu_s(self) -> float:
        """Return the CPU time that it has spent."""
        return float(sum(self.process.cpu_times()[:2]))

    def keep_to_one_core(self) -> None:
        """Leave the other cores to the client."""
        *_, last = sorted(os.sched_getaffinity(0))
        for thread in self.process.threads():
            os.sched_setaffinity(thread.id, {last})


@contextmanager
def _storing(place: int) -> Iterator[ServerUnderTest]:
    with VersionedServer([*programs().values()][place]) as local:
        listens = local.url.removeprefix("http://")
        children = psutil.Process().children(recursive=True)
        process = next(child for child in children if listens in " ".join(child.cmdline()))
        yield ServerUnderTest(local.url, process, stores=True)


@contextmanager
def _discarding() -> Iterator[ServerUnderTest]:
    command = [sys.executable, "-c", f"from {__name__} import discard; discard()"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603
        assert child.stdout is not None
        url = f"http://127.0.0.1:{child.stdout.readline().strip()}"
        try:
            yield ServerUnderTest(url, psutil.Process(child.pid), stores=False)
        finally:
            child.kill()


SERVERS: dict[str, Callable[[], AbstractContextManager[ServerUnderTest]]] = {
    "oldest": partial(_storing, 0),
    "newest": partial(_storing, -1),
    "discarding": _discarding,
}


def discard() -> None:
    """Be a server that stores nothing, and print the port that it listens on."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Discarding)
    print(server.server_address[1], flush=True)
    server.serve_forever()


class _Discarding(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 2**18)))
        self.answer(204)

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self.answer(200, _METRICS)
        else:
            self.answer(200 if self.path == "/health" else 404, b"OK")

    def answer(self, status: int, text: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
