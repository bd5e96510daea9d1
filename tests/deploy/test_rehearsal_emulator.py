"""The rehearsal's emulator refuses web pages, other hosts and services that no rehearsal calls."""

from collections.abc import Iterator

import boto3
import pytest
import requests

from deploy.rehearsal import emulator

pytestmark = pytest.mark.no_database


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulator.running(tmp_path_factory.mktemp("rehearsal"), {}) as endpoint:
        yield endpoint


def is_refused(url: str, **headers: str) -> bool:
    """Return whether the filter refused the request. The emulator's own 403, for wrong signatures, has another text."""
    response = requests.post(url, data="{}", headers=headers, timeout=10)
    return response.status_code == 403 and "The emulator" in response.text


def signed(service: str) -> dict[str, str]:
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential=test/20261127/us-east-1/{service}/aws4_request, Signature=0"}


def test_services_that_a_rehearsal_calls_are_served(endpoint: str) -> None:
    options = {"endpoint_url": endpoint, "region_name": "us-east-1"}
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    assert boto3.client("sts", **options, **keys).get_caller_identity()["Account"]  # type: ignore[call-overload]
    assert boto3.client("dynamodb", **options, **keys).list_tables()["TableNames"] == []  # type: ignore[call-overload]


@pytest.mark.parametrize("service", ["lambda", "iam", "events", "apigateway", "secretsmanager"])
def test_other_services_are_refused(endpoint: str, service: str) -> None:
    path = "/2015-03-31/functions" if service == "lambda" else "/"
    assert is_refused(endpoint + path, **signed(service))


def test_paths_of_the_emulator_itself_are_refused(endpoint: str) -> None:
    dynamodb = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}
    for path in ("/_ministack/reset", "/_ministack/config", "/_aws/lambda-url/evil/"):
        assert is_refused(endpoint + path, **dynamodb)


@pytest.mark.parametrize(
    "header", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil"}]
)
def test_web_pages_and_other_hosts_are_refused(endpoint: str, header: dict[str, str]) -> None:
    assert is_refused(endpoint + "/", **signed("sts"), **header)
    assert is_refused(endpoint + "/_aws/execute-api/api/prod/graphql", **header)
