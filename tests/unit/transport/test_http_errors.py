from __future__ import annotations

import ssl
from http import HTTPStatus

import pytest

from vm_df_writer.transport.http_errors import Target, rejection, unavailability
from vm_df_writer.transport.receiver import IMPORTING

IMPORT = Target(
    "http://vm/api/v1/import",
    frozenset({204}),
    "datasource_url",
    "http://vm",
    "datasource_url, tenant_id and import_json_path",
    receiver=IMPORTING,
)
EXPORT = Target(
    "http://vms/select/5/prometheus/api/v1/export",
    frozenset({200}),
    "query_url",
    "http://vms",
    "query_url and tenant_id",
)


@pytest.mark.parametrize(
    ("status", "body", "in_doubt", "message"),
    [
        (
            200,
            "",
            True,
            (
                "answered 200 OK, where only 204 is a success; a proxy that shuts down answers so, "
                "and so does what is not the right endpoint; check datasource_url, tenant_id and "
                "import_json_path"
            ),
        ),
        (
            400,
            "cannot parse line",
            True,
            "answered 400 Bad Request ('cannot parse line'); its answer says why",
        ),
        (
            400,
            'unsupported path requested: "/x"',
            False,
            (
                "answered 400 Bad Request ('unsupported path requested: \"/x\"'); check "
                "datasource_url, tenant_id and import_json_path"
            ),
        ),
        (401, "", False, "answered 401 Unauthorized; set user and password, or a bearer token"),
        (403, "", False, "answered 403 Forbidden; let these credentials use this path"),
        (
            404,
            "",
            False,
            (
                "answered 404 Not Found; VictoriaMetrics itself never answers so; check "
                "datasource_url, tenant_id and import_json_path"
            ),
        ),
        (408, "", True, "answered 408 Request Timeout; lower concurrency or batch_max_bytes"),
        (413, "", False, f"answered 413 {HTTPStatus(413).phrase}; lower batch_max_bytes"),
        (429, "", True, "answered 429 Too Many Requests; lower concurrency, or try again later"),
        (500, "oops", True, "answered 500 Internal Server Error ('oops'); see the server's log"),
        (
            502,
            "",
            True,
            "answered 502 Bad Gateway; see whether the server behind the proxy is well",
        ),
        (
            503,
            "disk full",
            True,
            (
                "answered 503 Service Unavailable ('disk full'); the server, or a vmstorage, is "
                "overloaded, read-only, gone or shutting down: see its log"
            ),
        ),
        (599, "", True, "answered 599; see the server's log"),
    ],
)
def test_import_that_is_rejected_names_status_answer_and_remedy(
    status: int, body: str, in_doubt: bool, message: str
) -> None:
    error = rejection(IMPORT, status, {}, body)
    assert str(error) == f"http://vm/api/v1/import: {message}"
    assert (error.status, error.body) == (status, body)
    assert error.in_doubt is in_doubt
    assert error.retry_after_s is None


def test_401_names_the_parameters_that_the_credentials_came_from() -> None:
    error = rejection(IMPORT, 401, {}, "", credentials="user and password")
    assert str(error).endswith("answered 401 Unauthorized; check user and password")


def test_400_of_vmauth_to_unknown_credentials_is_about_the_credentials() -> None:
    body = 'cannot find the provided auth token "Bearer ***" in config'
    error = rejection(IMPORT, 400, {}, body, credentials="bearer_token")
    assert str(error).endswith("; check bearer_token")
    assert not error.in_doubt


@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_reading_that_is_rejected_leaves_nothing_in_doubt(status: int) -> None:
    assert not rejection(EXPORT, status, {}, "").in_doubt


def test_reading_from_a_wrong_path_names_query_url() -> None:
    error = rejection(EXPORT, 400, {}, "unsupported path requested")
    assert str(error).endswith("('unsupported path requested'); check query_url and tenant_id")


@pytest.mark.parametrize(
    "body",
    [
        "unsupported URL format for path",  # a vmselect
        'missing -http.pathPrefix="/vm" in the requested path: "/api/v1/import"',
        'missing route for "http://vm/api/v1/import"',  # a vmauth
    ],
)
def test_a_path_that_the_server_does_not_know_leaves_nothing_in_doubt(body: str) -> None:
    error = rejection(IMPORT, 400, {}, body)
    assert str(error).endswith("; check datasource_url, tenant_id and import_json_path")
    assert not error.in_doubt


def test_a_long_body_keeps_its_end_which_names_the_cause() -> None:
    assert rejection(IMPORT, 500, {}, " \n" + "ä" * 500).body == "ä" * 500
    cause = "cannot dial 127.0.0.1:8401: connection refused"
    body = rejection(EXPORT, 503, {}, f"cannot fetch data for {'q' * 9000}: {cause}").body
    assert len(body) == 500
    assert body.startswith("cannot fetch data for qq")
    assert body.endswith(cause)


NOT_FOLLOWED = "which is not followed, since a redirected POST loses its body"


@pytest.mark.parametrize(
    ("location", "found", "advised"),
    [
        (
            "https://me:secret@other/api/v1/import?session=1#top",
            "https://other/api/v1/import",
            "https://other",
        ),
        ("//other/api/v1/import", "http://other/api/v1/import", "http://other"),
        ("/new/api/v1/import", "http://vm/new/api/v1/import", "http://vm/new"),
        ("https://sso/login", "https://sso/login", "the server itself"),
        ("http://[::1", "no readable address", "the server itself"),
        ("", "no readable address", "the server itself"),
    ],
)
def test_redirect_names_the_place_without_credentials_and_what_to_set(
    location: str, found: str, advised: str
) -> None:
    error = rejection(IMPORT, 308, {"Location": location}, "<a href='https://me:secret@other'>")
    assert str(error) == (
        f"http://vm/api/v1/import: redirects (308) to {found}, {NOT_FOLLOWED}; "
        f"set datasource_url to {advised}"
    )
    assert not error.in_doubt


def test_redirect_of_a_tenant_advises_the_address_in_front_of_the_tenant() -> None:
    location = "https://other/select/5/prometheus/api/v1/export"
    error = rejection(EXPORT, 301, {"Location": location}, "")
    assert str(error).endswith("; set query_url to https://other")


@pytest.mark.parametrize(
    ("headers", "retry_after_s"),
    [
        ({}, None),
        ({"Retry-After": "10"}, 10.0),
        ({"Retry-After": " 0 "}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 99999999999999999999:00:00 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 10:00:00 +99999999999999999999"}, None),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 10:00:30 GMT",
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            30.0,
        ),
        (
            {
                "Retry-After": "Sun, 22 Nov 2026 09:00:00 -0000",
                "Date": "Sun, 22 Nov 2026 10:00:00 GMT",
            },
            0.0,
        ),
        ({"Retry-After": "Sun, 22 Nov 2020 10:00:00 GMT", "Date": "unreadable"}, 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_clock(
    headers: dict[str, str], retry_after_s: float | None
) -> None:
    assert rejection(IMPORT, 429, headers, "").retry_after_s == retry_after_s


@pytest.mark.parametrize(
    "reason",
    [
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "TLSV1_ALERT_UNKNOWN_CA",
    ],
)
def test_alert_about_our_certificate_leaves_nothing_in_doubt_even_after_the_handshake(
    reason: str,
) -> None:
    alert = ssl.SSLError(1, "alert")
    alert.reason = reason
    error = unavailability(IMPORT, alert, sent=True, timeout_s=5.0)
    assert str(error) == (
        "http://vm/api/v1/import: the server wants a client certificate that it trusts "
        f"({reason}); set tls_cert_file and tls_key_file"
    )
    assert not error.in_doubt
