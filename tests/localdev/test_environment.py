"""The environment of boto3 under `chalice local`: no call and no secret can reach real AWS."""

import os

import boto3
import pytest

from localdev.console import LocalError
from localdev.environment import JobsMode, is_loopback, prepare_environment, read_jobs_mode

pytestmark = pytest.mark.no_database

DEVELOPERS = {
    "AWS_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
    "AWS_SESSION_TOKEN": "real",
    "AWS_REGION": "eu-west-1",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "HTTP_PROXY": "http://proxy.example:3128",
}


def test_real_credentials_and_settings_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = dict(DEVELOPERS)
    assert prepare_environment(environment, "127.0.0.1") is None
    assert "real" not in " ".join(environment.values()).lower()
    assert environment["CRM_STAGE"] == "local"
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in (environment | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.get_frozen_credentials()[:3] == ("local", "local", None)
    for service in ("dynamodb", "sqs", "sts"):
        client = session.client(service)
        assert client.meta.endpoint_url == "http://127.0.0.1:9"
        assert client.meta.region_name == "us-east-1"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.5:8000", "https://dynamodb.eu-west-1.amazonaws.com", "http://127.0.0.1.evil.example", "x"]
)
@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_remote_endpoints_are_rejected(name: str, url: str) -> None:
    with pytest.raises(LocalError, match=name):
        prepare_environment({name: url}, "127.0.0.1")


def test_remote_emulator_can_be_allowed() -> None:
    environment = {"AWS_ENDPOINT_URL": "http://dynamodb:8000", "CRM_ALLOW_REMOTE_ENDPOINT": "1"}
    assert prepare_environment(environment, "127.0.0.1") == "http://dynamodb:8000"
    assert environment["AWS_ACCESS_KEY_ID"] == "local"


def test_api_is_open_on_loopback_only() -> None:
    for host, expected in (("127.0.0.1", "true"), ("localhost", "true"), ("0.0.0.0", None), ("192.168.1.9", None)):  # noqa: S104
        environment: dict[str, str] = {}
        prepare_environment(environment, host)
        assert environment.get("CRM_OPEN_ACCESS") == expected


def test_loopback_hosts_are_recognised() -> None:
    assert all(map(is_loopback, ["localhost", "127.0.0.1", "127.1.2.3", "::1"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "localhost.example", "10.0.0.1", "::"]))  # noqa: S104


def test_jobs_mode_is_read_and_unknown_values_are_rejected() -> None:
    assert read_jobs_mode({}) is JobsMode.ALL
    assert read_jobs_mode({"CRM_JOBS": "OFF"}) is JobsMode.OFF
    assert read_jobs_mode({"CRM_JOBS": "asked"}) is JobsMode.ON_DEMAND
    with pytest.raises(LocalError, match="CRM_JOBS"):
        prepare_environment({"CRM_JOBS": "of"}, "127.0.0.1")
