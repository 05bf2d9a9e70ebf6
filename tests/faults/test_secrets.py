"""Whatever a run with secrets shows, logs, raises or leaves on the disk tells none of them."""

from __future__ import annotations

import gc
import gzip
import logging
import pickle
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from requests.auth import HTTPBasicAuth

from tests.support.fault_proxy import FaultProxy
from tests.support.faults import Exchange, Fault, answer, pass_on, reset_after
from tests.support.tracebacks import texts_of
from tests.support.writers import frame_of
from vm_df_writer import VmWriter, WriterConfig
from vm_df_writer.cli import main

PASSWORD = "pass+w0rd/hush"
TOKEN = "t0ken.hush"
SECRETS = (
    PASSWORD,
    quote(PASSWORD, safe=""),
    b64encode(f"me:{PASSWORD}".encode()).decode(),
    b64encode(f"{TOKEN}:".encode()).decode(),
    TOKEN,
    "hush",
)
FRAME = frame_of(200, 3)

Shown = list[tuple[str, str]]


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(TOKEN)
    return path


CREDENTIALS: dict[str, Callable[[str, Path], dict[str, Any]]] = {
    "password": lambda url, _: {"datasource_url": url, "user": "me", "password": PASSWORD},
    "url": lambda url, _: {
        "datasource_url": url.replace("//", f"//me:{quote(PASSWORD, safe='')}@")
    },
    "token as user": lambda url, _: {"datasource_url": url.replace("//", f"//{TOKEN}@")},
    "bearer token": lambda url, _: {"datasource_url": url, "bearer_token": TOKEN},
    "token file": lambda url, file: {"datasource_url": url, "bearer_token_file": str(file)},
    "own": lambda url, _: {"datasource_url": url, "auth": HTTPBasicAuth("me", PASSWORD)},
}


@pytest.fixture(params=CREDENTIALS)
def parameters(
    request: pytest.FixtureRequest, proxy: FaultProxy, token_file: Path
) -> dict[str, Any]:
    return CREDENTIALS[request.param](proxy.url, token_file)


def quoting(status: int) -> Fault:
    """Answer with the credentials in the text, as vmauth does to those that it does not know."""

    def quote_credentials(exchange: Exchange) -> None:
        exchange.read_body()
        header = exchange.headers["Authorization"]
        kind, _, coded = header.partition(" ")
        plain = b64decode(coded) if kind == "Basic" else coded.encode()
        exchange.answer(status, f"unknown: {header!r}, ".encode() + plain)

    return quote_credentials


def texts_of_files(folder: Path) -> Iterator[str]:
    for path in folder.iterdir():
        content = path.read_bytes()
        yield path.name + str(gzip.decompress(content) if path.suffix == ".gz" else content)


def objects_of_ours() -> list[object]:
    """Return all that lives and is of this library's classes."""
    gc.collect()
    return [o for o in gc.get_objects() if str(type(o).__module__).startswith("vm_df_writer.")]


class Run:
    """Does what goes well and what goes wrong, and collects everything that can be seen."""

    def __init__(self, parameters: dict[str, Any], proxy: FaultProxy, folder: Path) -> None:
        self.shown: Shown = []
        self._proxy, self._folder = proxy, folder
        self._config = WriterConfig(
            metric_format={"__name__": "$VAR"},
            spool_dir=folder,
            retry_deadline="100ms",
            timeout="1s",
            **parameters,
        )

    def show(self, where: str, *things: object) -> None:
        for thing in things:
            html = getattr(thing, "_repr_html_", str)()
            self.shown.append((where, f"{thing} {thing!r} {html}"))

    def fails(self, where: str, action: Callable[[], object]) -> None:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - of all kinds
            action()
        self.shown += [(where, text) for text in texts_of(caught.value)]
        caught.value.__traceback__ = None

    def everything(self) -> None:
        proxy, config = self._proxy, self._config
        with VmWriter(config=config) as writer:
            self.show("config", config, config.model_dump_json(exclude={"user"}))
            report = writer.write(FRAME, verify=True)
            self.show("report", report, report.to_dict(), report.to_frame(), report.verification)
            self.show("pickled report", pickle.dumps(report))
            self.show("check", writer.check())
            self.show("preview", writer.preview(FRAME))
            for fault in (
                quoting(400),
                quoting(401),
                quoting(503),
                answer(307, Location=f"http://me:{PASSWORD}@elsewhere/api?token={TOKEN}"),
                reset_after,
            ):
                proxy.schedule(then=fault)
                self.show("spooled report", writer.write(FRAME))
                self.fails("replay", writer.replay)
                self.fails("check", writer.check)
            self.shown += [("spool", text) for text in texts_of_files(self._folder)]
            without_spool = VmWriter(config=config.model_copy(update={"spool_dir": None}))
            self.fails("write", lambda: without_spool.write(FRAME))
            gone = config.model_copy(update={"datasource_url": "http://127.0.0.1:1"})
            self.fails("write to nobody", lambda: VmWriter(config=gone).check())
            for thing in objects_of_ours():
                with suppress(ReferenceError):
                    self.shown.append((type(thing).__name__, repr(thing)))
            proxy.schedule(then=pass_on)
            self.show("replay", writer.replay())


def test_no_secret_is_told_anywhere(
    parameters: dict[str, Any],
    proxy: FaultProxy,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        run = Run(parameters, proxy, tmp_path / "spool")
        run.everything()
    shown = run.shown
    shown += [("warning", str(warning.message)) for warning in warned]
    for record in caplog.records:
        shown.append(("log", f"{record.getMessage()} {record.args!r} {record.exc_text}"))
    assert len({where for where, _ in shown}) > 20
    assert any("Starting new HTTP connection" in text for _, text in shown)  # nothing is left out
    told = {(where, secret) for where, text in shown for secret in SECRETS if secret in text}
    assert told == set()
    authorizations = {seen.headers["Authorization"] for seen in proxy.seen}
    assert any(secret in str(authorizations) for secret in SECRETS)  # they were in use


def test_a_proxy_keeps_its_credentials_to_itself(
    proxy: FaultProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for port in ("1", "99999", "port"):
        monkeypatch.setenv("http_proxy", f"http://me:{quote(PASSWORD, safe='')}@127.0.0.1:{port}")
        run = Run({"datasource_url": "http://vm.invalid:8428"}, proxy, tmp_path)
        writer = VmWriter(config=run._config)
        run.show("spooled report", writer.write(FRAME))
        run.fails("check", writer.check)
        run.shown += [("spool", text) for text in texts_of_files(tmp_path)]
        told = {
            (where, secret) for where, text in run.shown for secret in SECRETS if secret in text
        }
        assert told == set()


@pytest.mark.parametrize("command", [["check"], ["write", "FILE"], ["write", "FILE", "--json"]])
@pytest.mark.parametrize("status", [204, 401, 503])
def test_the_command_line_tells_no_secret(
    proxy: FaultProxy, tmp_path: Path, command: list[str], status: int
) -> None:
    file = tmp_path / "scores.csv"
    FRAME.to_csv(file)
    proxy.schedule(then=answer(status, text=PASSWORD.encode(), Retry_After="999"))
    url = proxy.url.replace("//", f"//me:{quote(PASSWORD, safe='')}@")
    arguments = [str(file) if argument == "FILE" else argument for argument in command]
    metric_format = [] if command == ["check"] else ["--metric-format", "__name__=$VAR"]
    result = CliRunner().invoke(main, [*arguments, "--url", url, *metric_format])
    assert result.exit_code == (status != 204)
    assert "hush" not in result.output
