from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from tests.support.command_line import run

URL = "http://localhost:8428"


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json.loads(run("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "document",
    [
        {"datasource_url": URL},
        {"writer": {"class": "vm", "datasource_url": URL, "tenant_id": 7}, "models": {"a": {}}},
        {"datasource_url": URL, "concurrency": "%{N}", "metric_format": {"__name__": "$VAR"}},
    ],
)
def test_a_file_that_is_right_is_valid(validator: Any, document: object) -> None:
    assert validator.is_valid(document)


@pytest.mark.parametrize(
    "document",
    [
        {"writer": {"datasource_url": URL, "timeot": "5s"}},
        {"datasource_url": URL, "concurrency": 0},
        {"datasource_url": URL, "concurrency": "many"},
        {"timeout": "5s"},
    ],
)
def test_a_file_that_is_wrong_is_not(validator: Any, document: object) -> None:
    assert not validator.is_valid(document)
