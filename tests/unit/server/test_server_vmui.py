"""A link to the user interface is offered only where there is one."""

from __future__ import annotations

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from tests.support.http_servers import base
from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.server.server import Server
from vm_df_writer.transport.client import HttpClient
from vm_df_writer.transport.endpoint import Endpoint

METRICS = """flag{name="storageDataPath", value="data", is_set="true"} 1
flag{name="retentionPeriod", value="1d", is_set="true"} 1
"""


@pytest.mark.parametrize("status", [200, 401, 404])
def test_the_user_interface_is_asked_for_once_in_each_version(
    httpserver: HTTPServer, status: int
) -> None:
    version = "1"
    httpserver.expect_request("/metrics").respond_with_handler(
        lambda _: Response(
            f'{METRICS}vm_app_version{{version="victoria-metrics-{version}", '
            f'short_version="v{version}"}} 1\n'
        )
    )
    httpserver.expect_request("/health").respond_with_data("OK")
    httpserver.expect_request("/vmui/").respond_with_data("<html>", status)
    config = WriterConfig(datasource_url=base(httpserver))
    endpoint = Endpoint.of(config)
    asked = Server(HttpClient(config, endpoint), endpoint, config)
    answers = [asked.ask().has_vmui for _ in range(3)]
    version = "2"
    answers.append(asked.ask().has_vmui)
    assert answers == [status == 200] * 4
    assert [request.path for request, _ in httpserver.log].count("/vmui/") == 2
