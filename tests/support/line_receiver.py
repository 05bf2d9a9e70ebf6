"""A server that keeps import lines in memory, for tests that read back thousands of times."""

from __future__ import annotations

import random
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

_METRICS = b"""vm_app_version{version="victoria-metrics-20260801-000000-tags-v1.150.0-0-g1"} 1
flag{name="retentionPeriod", value="100y", is_set="true"} 1
flag{name="storageDataPath", value="x", is_set="true"} 1
"""


class Receiver(ThreadingHTTPServer):
    """A server that stores import lines in memory, and takes a moment for each body."""

    daemon_threads = True

    def __init__(self, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.random = random.Random(seed)  # noqa: S311
        self.samples: dict[str, set[tuple[str, int]]] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def store(self, body: bytes) -> None:
        for line in body.splitlines():
            parsed = orjson.loads(line)
            series = orjson.dumps(parsed["metric"], option=orjson.OPT_SORT_KEYS).decode()
            name = parsed["metric"]["__name__"]
            stored = self.samples.setdefault(name, set())
            stored.update((series, time) for time in parsed["timestamps"])

    def holds(self, name: str) -> int:
        """Return how many distinct samples of a metric there are."""
        return len(self.samples.get(name, ()))

    def handle_error(self, *_: object) -> None:
        """A client that went away is what this is about."""


class _Exchange(BaseHTTPRequestHandler):
    server: Receiver
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(self.server.random.uniform(0.0, 0.004))
        self.server.store(body)
        time.sleep(self.server.random.uniform(0.0, 0.004))
        self.answer(204)

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self.answer(200, _METRICS)
        else:
            self.answer(200 if self.path == "/health" else 404, b"OK")

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
