from __future__ import annotations

from tests.support.command_line import run
from tests.support.http_servers import NOBODY


def test_check_without_a_server_exits_with_1() -> None:
    result = run("check", "--url", NOBODY)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {NOBODY}/health: nothing listens")
