"""Real servers for the tests, one set per worker process.

With VM_TEST_SUITE=oldest or newest they are those that `make servers` got; else, and where it can
get none, those on the PATH. Without a server program a test is skipped, with the reason; with
CI=true it fails.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.packaged_servers import packaged_path
from tests.support.programs import miss, require_program
from tests.support.run_order import dealt
from vm_df_writer.local import LocalVictoriaMetrics, ServerNotInstalled
from vm_df_writer.local.process import ServerProcess
from vm_df_writer.pytest_plugin import victoria_metrics

__all__ = ["start_victoria_metrics", "start_vmagent", "start_vmauth", "victoria_metrics"]

# Frames of many dtypes take a while to draw, and a busy machine makes any deadline a lie.
_SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}

# Property tests draw many examples with CI=true, few at a desk.
settings.register_profile("ci", max_examples=250, print_blob=True, **_SLOW)  # type: ignore[arg-type]
settings.register_profile("desk", max_examples=30, **_SLOW)  # type: ignore[arg-type]
settings.load_profile("ci" if os.environ.get("CI") == "true" else "desk")


def pytest_configure() -> None:
    """Hear Ctrl-C, and find servers, as the tests and all that they start are to."""
    _hear_interrupts()
    _put_packaged_servers_on_the_path()


def pytest_collection_finish() -> None:
    """Leave what was made so far, and lasts, out of every search for garbage: a third of a run."""
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that wait begin first on all worker processes; others compute beside them."""
    n_workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if n_workers > 1:
        items[:] = dealt(items, n_workers)


def _hear_interrupts() -> None:
    """Undo what a shell does to a job in its background (`make test &`).

    Such a job ignores SIGINT, and so does all that it starts: POSIX, "Signals and Error Handling".
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _put_packaged_servers_on_the_path() -> None:
    suite = os.environ.get("VM_TEST_SUITE")
    if not suite:
        return
    try:
        folders = packaged_path(suite)
    except FileNotFoundError as error:
        if os.environ.get("CI") == "true":
            raise pytest.UsageError(str(error)) from None
        return
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    os.environ["PATH"] = os.pathsep.join([folders, os.environ.get("PATH", os.defpath)])


class VmAgent(ServerProcess):
    """vmagent that forwards what it is sent to one server."""

    def __init__(self, program: str, remote_url: str, *flags: str) -> None:
        super().__init__()
        self._program = program
        self._flags = [f"-remoteWrite.url={remote_url}/api/v1/write", *flags]

    def _command(self, port: int, folder: Path) -> list[str]:
        listen = f"-httpListenAddr=127.0.0.1:{port}"
        return [self._program, listen, f"-remoteWrite.tmpDataPath={folder}/queue", *self._flags]


class VmAuth(ServerProcess):
    """vmauth with the given text of its -auth.config file."""

    def __init__(self, program: str, auth_config: str, *flags: str) -> None:
        super().__init__()
        self._program = program
        self._auth_config = auth_config
        self._flags = flags

    def _command(self, port: int, folder: Path) -> list[str]:
        config = folder / "auth.yml"
        config.write_text(self._auth_config)
        listen = f"-httpListenAddr=127.0.0.1:{port}"
        return [self._program, listen, f"-auth.config={config}", *self._flags]


@pytest.fixture
def start_victoria_metrics() -> Iterator[Callable[..., LocalVictoriaMetrics]]:
    """Start servers with flags of the test's own: ``start_victoria_metrics("-maxLabels...=5")``."""
    with ExitStack() as stack:

        def start(*flags: str, retention: str = "100y") -> LocalVictoriaMetrics:
            server = LocalVictoriaMetrics(flags=flags, retention=retention)
            _start(server)
            return stack.enter_context(server)

        yield start


@pytest.fixture
def start_vmagent() -> Iterator[Callable[..., VmAgent]]:
    """Start vmagents: ``start_vmagent(remote_url, *flags)``."""
    with ExitStack() as stack:
        yield lambda remote_url, *flags: stack.enter_context(
            VmAgent(require_program("vmagent"), remote_url, *flags)
        )


@pytest.fixture
def start_vmauth() -> Iterator[Callable[..., VmAuth]]:
    """Start vmauths: ``start_vmauth(text_of_the_auth_config, *flags)``."""
    with ExitStack() as stack:
        yield lambda auth_config, *flags: stack.enter_context(
            VmAuth(require_program("vmauth"), auth_config, *flags)
        )


def _start(server: LocalVictoriaMetrics) -> None:
    try:
        server.start()
    except ServerNotInstalled as error:
        miss(str(error))
