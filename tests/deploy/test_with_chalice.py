"""`chalice deploy` gets the variables of the packaged stack, policies of this account, and the record of the last deployment."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from deploy import functions, policies
from deploy.stack_states import DeployError
from deploy.target import Target
from deploy.with_chalice import deployment, record
from deploy.with_chalice.record import Record
from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
ACCOUNT, REGION = "123456789012", "eu-west-3"
URL = "https://a1.execute-api.eu-west-3.amazonaws.com/api/"
CONTENT = {
    "schema_version": "2.0",
    "backend": "api",
    "resources": [{"name": "rest_api", "resource_type": "rest_api", "rest_api_id": "a1", "rest_api_url": URL}],
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


def test_only_the_functions_that_ask_the_api_get_its_address_and_only_two_the_topic() -> None:
    names = deployment.variables("prod")
    assert names.keys() == set(functions.FUNCTIONS)
    assert {name for name, wanted in names.items() if "CRM_API_URL" in wanted} == {
        "heartbeat",
        "order_reminders",
        "work",
    }
    assert {name for name, wanted in names.items() if "CRM_TOPIC_ARN" in wanted} == {"heartbeat", "work"}
    assert all(wanted["CRM_STAGE"] == "prod" for wanted in names.values())


def written(directory: Path, **values: str) -> dict[str, Any]:
    (directory / ".chalice").mkdir()
    config = directory / ".chalice" / "config.json"
    content = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    content["stages"]["dev"]["lambda_functions"]["work"]["environment_variables"] = {"CRM_LIST_SHARDS": "2"}
    config.write_text(json.dumps(content))
    deployment._write_config(directory, "dev", values)
    found: dict[str, Any] = json.loads(config.read_text())["stages"]
    assert found["prod"] == content["stages"]["prod"]
    return {name: entry.get("environment_variables") for name, entry in found["dev"]["lambda_functions"].items()}


def test_variables_are_written_beside_those_that_are_there(tmp_path: Path) -> None:
    found = written(tmp_path, CRM_STAGE="dev", CRM_TOPIC_ARN="arn", CRM_API_URL="https://x", CRM_GENERATION="2")
    assert found["work"] == {
        "CRM_LIST_SHARDS": "2",
        "CRM_STAGE": "dev",
        "CRM_TOPIC_ARN": "arn",
        "CRM_API_URL": "https://x",
        "CRM_GENERATION": "2",
    }
    assert found["low_stock"] == {"CRM_STAGE": "dev", "CRM_GENERATION": "2"}


def test_what_the_template_says_in_words_is_taken_as_it_is_and_what_it_refers_to_must_be_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: dict[str, dict[str, Any]] = {"work": {"CRM_MAIL_CONFIGURATION_SET": "crm-dev"}}
    monkeypatch.setattr(deployment, "variables", lambda _stage: wanted)
    found = written(tmp_path, CRM_GENERATION="1")["work"]
    assert found["CRM_MAIL_CONFIGURATION_SET"] == "crm-dev"
    wanted["work"]["CRM_OTHER"] = {"Ref": "Other"}
    (tmp_path / "again").mkdir()
    with pytest.raises(DeployError, match="CRM_OTHER to work"):
        written(tmp_path / "again", CRM_GENERATION="1")


def test_an_address_that_nobody_knows_yet_is_left_out(tmp_path: Path) -> None:
    found = written(tmp_path, CRM_STAGE="dev", CRM_TOPIC_ARN="arn", CRM_GENERATION="1")
    assert found["heartbeat"] == {"CRM_STAGE": "dev", "CRM_TOPIC_ARN": "arn", "CRM_GENERATION": "1"}


@pytest.mark.parametrize("generation", [1, 3])
def test_policies_are_limited_to_this_account_and_to_the_tables_that_the_stage_uses(aws: None, generation: int) -> None:
    del aws
    place = Target(ACCOUNT, REGION)
    for file, text in policies.files().items():
        if "-prod-" not in file.name:
            continue
        exact = deployment._exact(text, "prod", generation, place)
        found = [statement["Resource"] for statement in json.loads(exact)["Statement"]]
        assert all(arn == "*" or f":{REGION}:{ACCOUNT}:" in arn for arn in found)
        assert all(arn == "*" or arn.startswith("arn:aws:") for arn in found)
        tables = [arn for arn in found if ":table/" in arn]
        assert all(arn.split("/")[1].startswith("crm-prod-3-") for arn in tables) is (generation == 3)


class Account:
    """API Gateway and Lambda of an account with these APIs; each consumer has one event source, unless it is `missing`."""

    missing = ""

    def __init__(self, **apis: str) -> None:
        self._apis = apis

    def get_paginator(self, name: str) -> "Account":
        assert name == "get_rest_apis"
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"items": [{"id": key, "name": name}]} for key, name in self._apis.items()]

    def list_event_source_mappings(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if FunctionName == self.missing:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "ListEventSourceMappings")
        queue, number = ("jobs", 1) if FunctionName.endswith("work") else ("email-events", 2)
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:crm-dev-{queue}"
        entry = {"UUID": f"u{number}", "EventSourceArn": arn, "FunctionArn": f"arn:{FunctionName}"}
        return {"EventSourceMappings": [entry]}


@pytest.mark.usefixtures("aws")
def test_the_record_is_found_by_another_machine_until_it_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    place: Any = {"LocationConstraint": REGION}
    made = boto3.resource("s3").create_bucket(Bucket="releases", CreateBucketConfiguration=place)
    kept = Record("dev", ACCOUNT, "releases")
    others = [Record("dev", ACCOUNT, "releases"), Record("prod", ACCOUNT, "releases"), Record("dev", ACCOUNT, "none")]
    monkeypatch.setattr(boto3, "client", lambda _name: Account())
    assert kept.load() is None
    kept.save(CONTENT)
    assert [other.load() for other in others] == [CONTENT, None, None]
    assert record.url(kept.load()) == URL + "graphql"
    kept.delete()
    assert kept.load() is None
    made.delete()


def test_what_a_failed_deployment_has_left_is_found_without_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: Account(a1="crm-dev", a2="crm-prod"))
    found = record.find_deployed("dev")
    assert found is not None
    api, source, of_events = found["resources"]
    assert (api["name"], api["rest_api_id"]) == ("rest_api", "a1")
    assert (source["queue"], source["event_uuid"], source["lambda_arn"]) == ("crm-dev-jobs", "u1", "arn:crm-dev-work")
    assert source["name"] == "work-sqs-event-source"
    assert (of_events["name"], of_events["queue"]) == ("email_events-sqs-event-source", "crm-dev-email-events")
    assert record.url(found) == ""
    assert record.find_deployed("other") is None


def test_a_consumer_that_is_not_deployed_yet_has_no_event_source(monkeypatch: pytest.MonkeyPatch) -> None:
    account = Account(a1="crm-dev")
    account.missing = "crm-dev-email_events"
    monkeypatch.setattr(boto3, "client", lambda _name: account)
    found = record.find_deployed("dev")
    assert found is not None
    assert [entry["name"] for entry in found["resources"]] == ["rest_api", "work-sqs-event-source"]


def test_two_apis_of_the_stage_are_not_guessed_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: Account(a1="crm-dev", a2="crm-dev"))
    with pytest.raises(DeployError, match="2 APIs named crm-dev: a1, a2"):
        record.find_deployed("dev")
