"""The tables of another generation: every name and reference of a template follows, and nothing else changes."""

import json
import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.settings import read_settings
from deploy import commands, generations, table_data
from deploy.stack_states import DeployError
from tests.deploy.building import Template, of_type
from tests.deploy.fake_aws import FakeParameters, options

pytestmark = pytest.mark.no_database
NAMES = ("customers", "products", "orders", "lines", "ops", "runs", "reports")


@pytest.fixture
def packaged(packaged_template: Callable[[str], Template]) -> dict[str, Any]:
    return packaged_template("prod").content


def references(node: Any) -> set[str]:
    """Return the logical ids that a template refers to."""
    if isinstance(node, list):
        return {name for value in node for name in references(value)}
    if not isinstance(node, dict):
        return set()
    found = {name for value in node.values() for name in references(value)}
    if isinstance(node.get("Ref"), str):
        found.add(node["Ref"])
    if "Fn::GetAtt" in node:
        found.add(node["Fn::GetAtt"][0])
    if "Fn::Sub" in node:
        found |= set(re.findall(r"\$\{(\w+)", json.dumps(node["Fn::Sub"])))
    return found | set(node.get("DependsOn", ()))


def test_the_first_generation_is_the_template_as_it_is(packaged: dict[str, Any]) -> None:
    assert generations.apply(packaged, "prod", 1) is packaged


def test_every_name_and_every_reference_follows(packaged: dict[str, Any]) -> None:
    before = json.dumps(packaged)
    changed = generations.apply(packaged, "prod", 2)
    assert json.dumps(packaged) == before
    tables = of_type(changed["Resources"], generations.TABLE)
    assert {name: entry["TableName"] for name, entry in tables.items()} == {
        f"{name.capitalize()}Table2": f"crm-prod-2-{name}" for name in NAMES
    }
    text = json.dumps(changed)
    assert not re.search(rf"crm-prod-({'|'.join(NAMES)})\b(?!-)", text)
    assert text.count("crm-prod-2-") == len(re.findall(rf"crm-prod-({'|'.join(NAMES)})\b(?![-_])", before))
    known = {*changed["Resources"], *changed["Parameters"]}
    assert {name for name in references(changed) if not name.startswith("AWS")} <= known
    for entry in of_type(changed["Resources"], generations.FUNCTION).values():
        assert entry["Environment"]["Variables"][generations.VARIABLE] == "2"


def test_queues_functions_and_alarms_keep_their_names(packaged: dict[str, Any]) -> None:
    changed = generations.apply(packaged, "prod", 7)["Resources"]
    for kind, key in {
        "AWS::SQS::Queue": "QueueName",
        generations.FUNCTION: "FunctionName",
        "AWS::CloudWatch::Alarm": "AlarmName",
    }.items():
        before, after = (of_type(each, kind) for each in (packaged["Resources"], changed))
        assert [entry[key] for entry in before.values()] == [entry[key] for entry in after.values()]


def test_a_table_of_a_later_release_follows_too(packaged: dict[str, Any]) -> None:
    packaged["Resources"]["NotesTable"] = {"Type": generations.TABLE, "Properties": {"TableName": "crm-prod-notes"}}
    changed = generations.apply(packaged, "prod", 2)["Resources"]
    assert changed["NotesTable2"]["Properties"]["TableName"] == "crm-prod-2-notes"


def test_a_release_that_knows_the_first_tables_only_is_refused_on_others(packaged: dict[str, Any]) -> None:
    del packaged["Parameters"][generations.PARAMETER]
    assert generations.apply(packaged, "prod", 1) is packaged
    with pytest.raises(DeployError, match="runs on generation 2"):
        generations.apply(packaged, "prod", 2)


@pytest.mark.parametrize("generation", [1, 2, 12])
def test_the_functions_look_for_the_tables_that_are_deployed(generation: int) -> None:
    own = read_settings({"CRM_STAGE": "prod", generations.VARIABLE: str(generation)})
    assert own.table_prefix == generations.prefix("prod", generation)
    assert [own.table_prefix + name for name in NAMES] == table_data.table_names("prod", generation)
    assert {generations.of_name(name, "prod") for name in table_data.table_names("prod", generation)} == {generation}


@pytest.mark.parametrize(
    "name", ["crm-prod2-orders", "crm-dev-orders", "crm-prod-0-orders", "crm-prod-x-orders", "prod"]
)
def test_other_names_are_no_tables_of_the_stage(name: str) -> None:
    assert generations.of_name(name, "prod") is None


def create(dynamodb: Any, *names: str) -> None:
    for name in names:
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )


@pytest.fixture
def two_generations(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    with mock_aws():
        dynamodb = boto3.client("dynamodb")
        create(
            dynamodb, "crm-prod-orders", "crm-prod-2-orders", "crm-prod-2-notes", "crm-dev-orders", "crm-prod2-orders"
        )
        yield dynamodb
        for name in dynamodb.list_tables()["TableNames"]:
            dynamodb.delete_table(TableName=name)


def test_tables_are_found_and_deleted_by_generation(two_generations: Any) -> None:
    assert table_data.existing_generations("prod") == [1, 2]
    assert table_data.existing("prod", 1) == ["crm-prod-orders"]
    assert table_data.existing("prod") == ["crm-prod-orders", "crm-prod-2-notes", "crm-prod-2-orders"]
    assert table_data.delete("prod", 2) == ["crm-prod-2-notes", "crm-prod-2-orders"]
    assert set(two_generations.list_tables()["TableNames"]) == {"crm-dev-orders", "crm-prod-orders", "crm-prod2-orders"}


@pytest.mark.usefixtures("two_generations")
def test_a_new_stack_does_not_guess_which_tables_are_meant() -> None:
    asked, gone, there = options("prod"), FakeParameters(None), FakeParameters({generations.PARAMETER: "2"})
    asked.generation = None
    assert commands._generation(asked, there) == 2  # type: ignore[arg-type]  # all of a stack that it asks
    with pytest.raises(DeployError, match="generations 1, 2"):
        commands._generation(asked, gone)  # type: ignore[arg-type]  # as above
    asked.generation = 2
    assert commands._generation(asked, gone) == 2  # type: ignore[arg-type]  # as above
    asked.generation = 3
    with pytest.raises(DeployError, match="no tables of generation 3"):
        commands._generation(asked, there)  # type: ignore[arg-type]  # as above


@pytest.mark.usefixtures("two_generations")
@pytest.mark.parametrize(("stage", "generation"), [("dev", 1), ("other", 1)])
def test_a_new_stack_takes_the_only_tables_that_there_are(stage: str, generation: int) -> None:
    asked = options(stage)
    asked.generation = None
    assert commands._generation(asked, FakeParameters(None)) == generation  # type: ignore[arg-type]  # as above
