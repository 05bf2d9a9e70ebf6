from __future__ import annotations

import socket
import traceback

import pytest
import requests
import responses
import urllib3.exceptions
from pytest_httpserver import HTTPServer

from tests.support.http_servers import LINE, accept, base, http_client
from vm_df_writer.errors import ServerUnavailable


@pytest.fixture(autouse=True)
def no_proxies_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_server_that_is_not_there() -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    with pytest.raises(
        ServerUnavailable,
        match=r"^http://127.0.0.1:\d+/api/v1/import: nothing listens \(connection refused\); "
        r"start it or correct datasource_url$",
    ) as caught:
        http_client(url).post_import(LINE)
    assert not caught.value.in_doubt
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_read_side_that_is_not_there_names_query_url() -> None:
    query_url = f"http://127.0.0.1:{unused_port()}"
    client = http_client("http://127.0.0.1:1", query_url=query_url)
    with pytest.raises(ServerUnavailable, match=r"start it or correct query_url$"):
        client.get(f"{query_url}/metrics")


def test_host_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(
        ServerUnavailable,
        match=r"^http://vm.invalid:8428/api/v1/import: the host name 'vm.invalid' does not "
        r"resolve \(Name or service not known\); correct datasource_url, or try again once "
        r"DNS works$",
    ) as caught:
        http_client("http://vm.invalid:8428").post_import(LINE)
    assert not caught.value.in_doubt


def test_plain_server_behind_https_names_the_scheme(httpserver: HTTPServer) -> None:
    url = base(httpserver).replace("http://", "https://")
    with pytest.raises(
        ServerUnavailable,
        match=r"the TLS handshake failed \([A-Z_]+\); if the server speaks plain HTTP, write "
        r"http:// in datasource_url$",
    ) as caught:
        http_client(url).post_import(LINE)
    assert not caught.value.in_doubt


def subclasses(root: type[Exception]) -> list[type[Exception]]:
    found = [root]
    for cls in root.__subclasses__():
        found += subclasses(cls)
    return [cls for cls in found if cls.__module__.startswith(("requests", "urllib3"))]


def instance(cls: type[Exception]) -> Exception:
    """Make an exception without its constructor, whose arguments differ from class to class."""
    made = cls.__new__(cls, "made up")
    vars(made).update(partial=0, expected=0, length=b"")  # what some need for their text
    return made


@pytest.mark.parametrize(
    "upstream",
    subclasses(requests.RequestException) + subclasses(urllib3.exceptions.HTTPError),
    ids=lambda cls: f"{cls.__module__}.{cls.__name__}",
)
def test_no_exception_of_the_libraries_gets_through(upstream: type[Exception]) -> None:
    with responses.RequestsMock() as mock:
        mock.post("http://vm:8428/api/v1/import", body=instance(upstream))
        with pytest.raises(ServerUnavailable, match=r"^http://vm:8428/api/v1/import: "):
            http_client("http://vm:8428").post_import(LINE)


@pytest.mark.parametrize(
    ("upstream", "in_doubt"),
    [
        (requests.ConnectTimeout, False),
        (requests.exceptions.ProxyError, False),
        (requests.exceptions.InvalidProxyURL, False),
        (urllib3.exceptions.LocationParseError, False),
        (requests.ReadTimeout, True),
        (requests.ConnectionError, True),
        (requests.exceptions.SSLError, True),
        (requests.exceptions.ChunkedEncodingError, True),
    ],
)
def test_body_is_in_doubt_unless_nothing_can_have_been_sent(
    upstream: type[Exception], in_doubt: bool
) -> None:
    with responses.RequestsMock() as mock:
        mock.post("http://vm:8428/api/v1/import", body=instance(upstream))
        with pytest.raises(ServerUnavailable) as caught:
            http_client("http://vm:8428").post_import(LINE)
    assert caught.value.in_doubt is in_doubt


def test_proxy_of_the_environment_is_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(httpserver)
    monkeypatch.setenv("http_proxy", base(httpserver))
    http_client("http://vm.invalid:8428", user="me").post_import(LINE)
    (request, _) = httpserver.log[0]
    assert request.host == "vm.invalid:8428"
    assert request.headers["Authorization"] == "Basic bWU6"


def test_no_proxy_of_the_environment_is_heeded(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept(httpserver)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost,127.0.0.1")
    http_client(base(httpserver)).post_import(LINE)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_is_not_there_is_named_as_such_without_its_credentials(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = f"http://me:s3cr3t@127.0.0.1:{unused_port()}"
    monkeypatch.setenv(f"{scheme}_proxy", proxy)
    with pytest.raises(
        ServerUnavailable,
        match=r"the proxy of the environment cannot be reached \(Connection refused\); correct "
        r"HTTP_PROXY or HTTPS_PROXY, or name the host in NO_PROXY$",
    ) as caught:
        http_client(f"{scheme}://vm.invalid:8428").post_import(LINE)
    assert not caught.value.in_doubt
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:s3cr3t@",
        "http://me:s3cr3t@[bad",
        "http://me:s3cr3t@host:99999",
        "http://me:s3cr3t/@host:port",
        "me:s3cr3t@host:port",
        "nonsense://me:s3cr3t@proxy",
    ],
)
def test_malformed_proxy_is_an_error_that_does_not_show_it(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(ServerUnavailable, match="environment's proxies") as caught:
        http_client("http://vm.invalid:8428").post_import(LINE)
    assert not caught.value.in_doubt
    assert "s3cr3t" not in "".join(traceback.format_exception(caught.value))
