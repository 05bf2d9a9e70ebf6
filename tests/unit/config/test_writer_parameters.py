from __future__ import annotations

from typing import Literal, get_args, get_origin, get_type_hints

import pytest

from vm_df_writer.config.writer_config import WRITER_KEYWORDS, WriterConfig
from vm_df_writer.config.writer_parameters import ConfigParameters, WriterParameters

FIELDS = WriterConfig.model_fields
KINDS = get_type_hints(ConfigParameters)


def test_editors_know_exactly_the_parameters_that_there_are() -> None:
    assert list(WriterParameters.__annotations__) == [n for n in FIELDS if n != "datasource_url"]
    assert ConfigParameters.__annotations__.keys() == FIELDS.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_each_takes_null_and_choices_where_the_field_does(name: str) -> None:
    field, kind = FIELDS[name].annotation, KINDS[name]
    assert (type(None) in get_args(kind)) == (type(None) in get_args(field))
    if get_origin(field) is Literal:
        assert get_args(kind) == get_args(field)
    if field in (int, str):
        assert kind == field


def test_each_is_described() -> None:
    assert [keyword.name for keyword in WRITER_KEYWORDS if not keyword.description] == []
