from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from vm_df_writer.config.writer_config import WriterConfig
from vm_df_writer.errors import ConfigError

URL = "http://localhost:8428"


def config(**parameters: Any) -> WriterConfig:
    return WriterConfig(**{"datasource_url": URL, **parameters})


def refusal(**parameters: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        config(**parameters)
    return str(caught.value)


def labels(**others: Any) -> dict[str, Any]:
    return {"__name__": "vmanomaly_$VAR", **others}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("0", "0"), (5, "5"), ("12:30", "12:30"), ("4294967295:0", "4294967295:0"), (None, None)],
)
def test_tenant_is_one_or_two_numbers(written: object, meant: str | None) -> None:
    assert config(tenant_id=written).tenant_id == meant
    assert config(tenant_id="multitenant").tenant_id == "multitenant"


@pytest.mark.parametrize(
    "tenant", ["", "abc", "-1", "1:2:3", "0:x", "4294967296", "0:4294967296", "1:", "٣", True, 5.0]
)
def test_other_tenants_are_refused(tenant: object) -> None:
    found = rf"^tenant_id: expected accountID.* or multitenant, got {tenant!r}; leave it out"
    assert re.search(found, refusal(tenant_id=tenant))


@pytest.mark.parametrize(
    ("duration", "seconds"), [("5s", 5.0), ("500ms", 0.5), ("1m30s", 90.0), ("1.5h", 5400.0)]
)
def test_durations_are_go_durations(duration: str, seconds: float) -> None:
    assert config(timeout=duration).timeout_s == seconds
    assert config(retry_deadline=duration).retry_deadline_s == seconds


@pytest.mark.parametrize(
    "duration", ["", "0s", "0", 0, "-5s", "5 s", "5S", "1h-30m", "5s!", "1.2.3s", "1ns", "5M", None]
)
def test_other_durations_are_refused(duration: object) -> None:
    expected = "timeout: expected a duration above zero such as 5s, 500ms or 1m30s, got "
    assert refusal(timeout=duration) == f"{expected}{duration!r}"


@pytest.mark.parametrize("number", [5, "5", 0.5])
def test_plain_number_as_duration_is_refused_with_seconds_suggested(number: object) -> None:
    assert refusal(timeout=number).endswith(f"got {number!r}; did you mean '{number}s'?")


def test_huge_duration_is_refused() -> None:
    assert "got '99999999999999y'" in refusal(timeout="99999999999999y")


def test_labels_of_any_plain_kind_become_text() -> None:
    written = labels(shard=7, ratio=0.5, prod=True, empty="", version="1.10")
    assert config(metric_format=written).metric_format == {
        "__name__": "vmanomaly_$VAR",
        "shard": "7",
        "ratio": "0.5",
        "prod": "true",
        "empty": "",
        "version": "1.10",
    }
    assert written["shard"] == 7


def test_var_may_stand_in_any_value() -> None:
    written = {"__name__": "score", "what": "a_$VARx_$QUERY_KEY"}
    assert config(metric_format=written).metric_format == written


def test_nested_extra_labels_are_merged_in() -> None:
    written = labels(run="r", extra_labels={"run": "r", "shard": 7})
    assert config(metric_format=written).metric_format == labels(run="r", shard="7")
    assert config(metric_format=labels(extra_labels={})).metric_format == labels()
    assert "extra_labels" in written


def test_label_named_extra_labels_stays_a_label() -> None:
    written = labels(extra_labels="none")
    assert config(metric_format=written).metric_format == written


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"for": "$VAR"}, r"__name__ is missing or empty \(there are: 'for'\); add the name"),
        ({}, r"__name__ is missing or empty \(there are: none\)"),
        ({"__name__": "", "for": "$VAR"}, "__name__ is missing or empty"),
        ({"__name__": "y", "$VAR": "x"}, r"no value holds \$VAR, so that y and yhat would become"),
        (labels(extra_labels={"__name__": "y"}), r"'__name__' is 'vmanomaly_\$VAR', and 'y' in ex"),
        (labels(run=None), "label 'run' must have a text, got None; write one or remove the label"),
        (labels(run={"a": "b"}), "label 'run' must have a text"),
        (labels(extra_labels={"a": [1]}), r"label 'a' must have a text, got \[1\]"),
        (labels() | {"": "x"}, "expected label names, got ''"),
        (labels() | {5: "x"}, "expected label names, got 5"),
        ("$VAR", r"expected a mapping of label names to texts, got '\$VAR'"),
    ],
)
def test_wrong_metric_format_is_refused(written: object, message: str) -> None:
    assert re.search(f"^metric_format: .*{message}", refusal(metric_format=written))


@pytest.mark.parametrize(
    "url",
    ["http://h", "https://vm.example:8428/prefix/", "http://[::1]:8428", "http://h:8480/insert/0/"],
)
def test_base_urls_are_kept_as_they_are(url: str) -> None:
    assert config(datasource_url=url, query_url=url, grafana_url=url).datasource_url == url


@pytest.mark.parametrize(
    ("pasted", "base"),
    [
        ("http://vm:8428/api/v1/import", "http://vm:8428"),
        ("http://vm:8428/api/v1/import/", "http://vm:8428"),
        ("http://vm:8428/api/v1/import/prometheus?extra_label=a=b", "http://vm:8428"),
        ("http://vm:8428/api/v1/write", "http://vm:8428"),
        ("http://vm:8428/prefix/api/v1/query?query=up", "http://vm:8428/prefix"),
        ("http://vm:8428/vmui", "http://vm:8428"),
        ("http://vm:8428/vmui/?#/?g0.expr=up&g0.tab=0", "http://vm:8428"),
        ("http://vm:8428/graph?g0.expr=up", "http://vm:8428"),
        (
            "http://vms:8481/select/0/prometheus/api/v1/query_range",
            "http://vms:8481/select/0/prometheus",
        ),
        ("http://vms:8481/select/5:7/vmui/#/", "http://vms:8481/select/5:7"),
    ],
)
def test_a_url_that_was_copied_from_elsewhere_is_cut_to_its_base(pasted: str, base: str) -> None:
    assert config(datasource_url=pasted, query_url=pasted).datasource_url == base


@pytest.mark.parametrize("url", ["http://h/import", "http://h/graphs", "http://h/my/vmui2"])
def test_paths_that_only_look_alike_are_kept(url: str) -> None:
    assert config(datasource_url=url).datasource_url == url


@pytest.mark.parametrize("eaten", ["vmanomaly_", "", "node."])
def test_a_placeholder_that_a_shell_took_is_recognized(eaten: str) -> None:
    said = refusal(metric_format={"__name__": eaten, "job": "node"})
    assert said.endswith("__name__: vmanomaly_$VAR, in single quotes where a shell reads it")
    assert "shell" not in refusal(metric_format={"__name__": "score"})


@pytest.mark.parametrize(
    "url",
    ["", "localhost:8428", "ftp://h", "http://", "http://:8428", "http://h:x", "http://h:99999",
     "http://[::1", "http://h:8428\n", "http://h h", "/path"],
)  # fmt: skip
def test_other_urls_are_refused(url: str) -> None:
    expected = f"expected a URL such as http://localhost:8428, got {url!r}"
    assert refusal(datasource_url=url) == f"datasource_url: {expected}"
    assert refusal(query_url=url) == f"query_url: {expected}"


@pytest.mark.parametrize("url", [f"{URL}?authKey=s3cret", f"{URL}/#s3cret"])
def test_base_url_with_query_or_fragment_is_refused(url: str) -> None:
    assert re.fullmatch(r"query_url: expected a base URL.*; remove it", refusal(query_url=url))


def test_health_path_may_be_absolute_and_import_path_may_not() -> None:
    assert config(health_path="http://h/up?x=1").health_path == "http://h/up?x=1"
    assert refusal(health_path="ftp://h/").startswith("health_path: expected a URL such as http")
    message = "import_json_path: expected a path on the server such as /api/v1/import"
    assert refusal(import_json_path="http://h/api") == message
    assert refusal(import_json_path="/") == message


@pytest.mark.parametrize("name", ["query_url", "grafana_url", "health_path"])
def test_credentials_in_other_urls_are_refused(name: str) -> None:
    assert refusal(**{name: "http://me:secret@h"}) == (
        f"{name}: credentials do not belong in this URL; set user and password"
    )


@pytest.mark.parametrize(
    "name", ["tls_cert_file", "tls_key_file", "bearer_token_file", "verify_tls"]
)
def test_missing_files_are_refused_by_name_and_path(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "none.pem")
    found = "No such file or directory; check the path"
    assert refusal(**{name: path}) == f"{name}: cannot read the file {path!r}: {found}"
    assert "it is not a regular file" in refusal(**{name: tmp_path})
    assert refusal(**{name: 3}) == f"{name}: expected the path of a file, got 3"


@pytest.mark.parametrize("word", ["true", "True", "yes", "on"])
def test_yaml_words_for_true_and_false_decide_on_tls(word: str) -> None:
    negation = {"true": "false", "True": "False", "yes": "no", "on": "off"}[word]
    assert (config(verify_tls=word).verify_tls, config(verify_tls=negation).verify_tls) == (
        True,
        False,
    )


@pytest.mark.parametrize("token", ["", "s3cret\n", "s3 cret", "s3crét"])
def test_token_that_no_header_can_carry_is_refused(token: str) -> None:
    message = refusal(bearer_token=token)
    assert message.startswith("bearer_token: expected printable ASCII characters without blanks")


@pytest.mark.parametrize("user", ["", "me:s3cret"])
def test_user_that_basic_authentication_cannot_carry_is_refused(user: str) -> None:
    assert refusal(user=user) == "user: basic authentication needs a name without a colon"


def test_spool_folder_is_a_path_and_need_not_be_there_yet(tmp_path: Path) -> None:
    for folder in (tmp_path / "spool", str(tmp_path / "spool")):
        assert config(spool_dir=folder).spool_dir == str(tmp_path / "spool")
    assert config().spool_dir is None


@pytest.mark.parametrize("folder", ["", 5, True])
def test_other_spool_folders_are_refused(folder: object) -> None:
    assert refusal(spool_dir=folder) == f"spool_dir: expected the path of a folder, got {folder!r}"


def test_user_is_not_shown_since_it_may_be_a_token() -> None:
    with_token = config(datasource_url="http://t0ken@localhost:8428")
    assert with_token.user == "t0ken"
    assert "t0ken" not in f"{with_token!r} {with_token}"
