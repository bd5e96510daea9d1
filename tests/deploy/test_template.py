"""The stack is what CloudFormation accepts, and what the code expects."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib import telemetry
from chalicelib.jobs import alerts, catalog, heartbeat, queue, ses_events
from chalicelib.jobs.job import UNDELIVERED
from chalicelib.settings import settings
from chalicelib.store import connection, throttles
from chalicelib.store.tables import AuxRow, Run
from deploy import alarms, package, policies, service_models, table_data, template
from tests.deploy.building import REGIONS, Template, lint, metrics_of, of_type

pytestmark = pytest.mark.no_database
TITLES = {name.capitalize() for name in ("customers", "products", "orders", "lines", "ops", "runs", "reports")}


@pytest.fixture(scope="module", params=policies.STAGES)
def packaged(request: pytest.FixtureRequest, packaged_template: Callable[[str], Template]) -> Template:
    return packaged_template(request.param)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = template.to_merge("test")["Resources"]
    return found


def test_cfn_lint_finds_nothing_in_any_region(
    packaged_template: Callable[[str], Template], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the template that CloudFormation gets. prod has what dev has, and reservations."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    after = tmp_path / "expanded.json"
    after.write_text(json.dumps(packaged_template("prod").translated))
    lint(REGIONS, after)


def test_cfn_lint_finds_nothing_in_any_template_before_and_after_the_sam_transform(
    packaged_template: Callable[[str], Template], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    files = [template.RESOURCES, Path(template.__file__).with_name("account.yaml")]
    for stage in policies.STAGES:
        packaged, after = packaged_template(stage), tmp_path / f"expanded-{stage}.json"
        content = packaged.translated
        assert not [entry for entry in content["Resources"].values() if entry["Type"].startswith("AWS::Serverless")]
        after.write_text(json.dumps(content))
        files += [packaged.file, after] if stage != "prod" else [packaged.file]  # the other is linted in all regions
    lint(REGIONS[:1], *files)


def test_the_tables_are_those_of_the_models(resources: dict[str, Any]) -> None:
    tables = {entry["TableName"]: entry for entry in of_type(resources, "AWS::DynamoDB::Table").values()}
    assert set(tables) == {model.Meta.table_name for model in connection.TABLES}
    for model in connection.TABLES:
        wanted, found = model._get_schema(), tables[model.Meta.table_name]
        assert by_name(found["AttributeDefinitions"]) == by_name(plain(wanted["attribute_definitions"]))
        assert by_name(found["KeySchema"]) == by_name(plain(wanted["key_schema"]))
        indexes = {entry["IndexName"]: entry for entry in found.get("GlobalSecondaryIndexes", ())}
        assert set(indexes) == {entry["index_name"] for entry in wanted["global_secondary_indexes"]}
        for entry in wanted["global_secondary_indexes"]:
            index = indexes[entry["index_name"]]
            assert by_name(index["KeySchema"]) == by_name(plain(entry["key_schema"]))
            assert index["Projection"] == entry["projection"]
        assert found["BillingMode"] == "PAY_PER_REQUEST" == model.Meta.billing_mode
        assert found["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        expires = {"AttributeName": "ttl", "Enabled": True} if model in {AuxRow, Run} else None
        assert found.get("TimeToLiveSpecification") == expires


def by_name(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return sorted(entries, key=lambda entry: entry["AttributeName"])


def plain(entries: Iterable[Any]) -> list[dict[str, str]]:
    return [dict(entry) for entry in entries]


def test_a_stack_that_goes_leaves_its_tables_and_a_creation_that_fails_can_be_cleaned_up() -> None:
    for stage in policies.STAGES:
        entries = template.to_merge(stage)["Resources"].values()
        tables = [entry for entry in entries if entry.get("Type") == "AWS::DynamoDB::Table"]
        assert len(tables) == len(connection.TABLES)
        for table in tables:
            assert table["DeletionPolicy"] == "RetainExceptOnCreate"
            assert table["UpdateReplacePolicy"] == "Retain"
            assert "DeletionProtectionEnabled" not in table["Properties"], "it is switched on after the creation"


def test_the_queues_are_those_of_the_code(resources: dict[str, Any]) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    work, dead = queues["EmailEventsQueue"], queues["EmailEventsDeadLetters"]
    assert (work["QueueName"], dead["QueueName"]) == (ses_events.NAME, ses_events.DEAD)
    assert work["VisibilityTimeout"] == ses_events.VISIBILITY
    assert work["RedrivePolicy"]["maxReceiveCount"] == ses_events.MAX_RECEIVES
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
    work, dead = queues["JobsQueue"], queues["DeadLetters"]
    assert (work["QueueName"], dead["QueueName"]) == (queue.NAME, queue.DEAD)
    assert work["VisibilityTimeout"] == queue.VISIBILITY
    assert work["RedrivePolicy"]["maxReceiveCount"] == queue.MAX_RECEIVES
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_no_name_is_shared_by_two_stages() -> None:
    names = [set(names_of(template.to_merge(stage))) for stage in policies.STAGES]
    assert names[0]
    assert not names[0] & names[1]


def names_of(merged: dict[str, Any]) -> list[str]:
    found = []
    for entry in merged["Resources"].values():
        for key, value in entry.get("Properties", {}).items():
            if key in {"Name", "FunctionName", "TableName", "QueueName", "TopicName", "AlarmName", "DashboardName"} | {
                "LogGroupName"
            }:
                assert isinstance(value, str), f"{key} must be literal, or a table left behind cannot be taken over"
                found.append(value)
    return found


def test_what_the_alarms_look_at_is_what_the_code_counts(
    resources: dict[str, Any], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "settings", replace(settings, on_lambda=True))
    kinds = set(alerts.KINDS) - {UNDELIVERED, alerts.SLOW, alerts.PAUSED}
    known = {"RunFailed", *(f"Job{kind.title().replace('_', '')}" for kind in kinds), heartbeat.UP, throttles.METRIC}
    telemetry.count("RunFailed", total=True, job="low_stock")
    written = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]
    assert written["Dimensions"] == [["stage", "job"], ["stage"]]
    seen = {}
    for metric in metrics_of(resources):
        if metric["Namespace"] == written["Namespace"]:
            seen[metric["MetricName"]] = {entry["Name"]: entry["Value"] for entry in metric["Dimensions"]}
    of_heartbeat = {"stage": "test", "job": "heartbeat"}
    assert seen == {name: of_heartbeat if name in {"JobDown", heartbeat.UP} else {"stage": "test"} for name in known}


def test_every_alarm_reaches_the_topic_and_a_silent_heartbeat_raises_one(resources: dict[str, Any]) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    assert all(alarm["AlarmActions"] == [{"Ref": "Topic"}] for alarm in alarms.values())
    silent = alarms["HeartbeatSilentAlarm"]
    assert (silent["MetricName"], silent["Statistic"], silent["Period"]) == (heartbeat.UP, "SampleCount", 900)
    assert silent["TreatMissingData"] == "breaching"


def test_every_name_in_the_dashboard_and_the_alarms_is_one_that_the_template_makes(packaged: Template) -> None:
    found = packaged.content["Resources"]
    (dashboard,) = of_type(found, "AWS::CloudWatch::Dashboard").values()
    body = dashboard["DashboardBody"]["Fn::Sub"].replace("${AWS::Region}", "us-east-1")
    assert "${" not in body
    assert "SEARCH" not in body, "what it finds cannot be tested"
    widgets = json.loads(body)["widgets"]
    assert len(widgets) == 8
    made = {
        "FunctionName": {entry["FunctionName"] for entry in of_type(found, "AWS::Serverless::Function").values()},
        "TableName": {entry["TableName"] for entry in of_type(found, "AWS::DynamoDB::Table").values()},
        "QueueName": {entry["QueueName"] for entry in of_type(found, "AWS::SQS::Queue").values()},
        "ApiName": {found["RestAPI"]["Properties"]["Name"]},
        "stage": {packaged.stage},
        "job": set(catalog.JOBS),
        "Stage": {"api"},
    }
    shown: dict[str, set[str]] = {}
    for widget in widgets:
        for metric in widget["properties"]["metrics"]:
            words = [word for word in metric[2:] if isinstance(word, str)]
            for name, value in zip(words[::2], words[1::2], strict=True):
                shown.setdefault(name, set()).add(value)
    assert shown == made | {"job": {"heartbeat"}}
    ids = {"TableName": "AWS::DynamoDB::Table", "QueueName": "AWS::SQS::Queue"}
    for metric in metrics_of(found):
        for entry in metric["Dimensions"]:
            name, value = entry["Name"], entry["Value"]
            if isinstance(value, dict):
                logical_id = value["Ref"] if "Ref" in value else value["Fn::GetAtt"][0]
                assert found[logical_id]["Type"] == ids[name]
            elif name != "GlobalSecondaryIndexName":
                assert value in made[name]


def test_an_alarm_is_raised_by_the_first_throttle_that_the_code_counts(resources: dict[str, Any]) -> None:
    alarm = of_type(resources, alarms.ALARM)["ThrottlesAlarm"]
    (name,) = (entry["MetricStat"]["Metric"]["MetricName"] for entry in alarm["Metrics"] if "MetricStat" in entry)
    assert name == throttles.METRIC
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (0, 1)


def test_every_function_has_a_log_group_that_ends_a_timeout_and_a_name(packaged: Template) -> None:
    groups = {
        entry["LogGroupName"]: entry for entry in of_type(packaged.content["Resources"], "AWS::Logs::LogGroup").values()
    }
    functions = of_type(packaged.content["Resources"], "AWS::Serverless::Function")
    assert {entry["FunctionName"] for entry in functions.values()} == {
        policies.function_name(packaged.stage, function) for function in policies.NEEDS
    }
    for entry in functions.values():
        assert groups[f"/aws/lambda/{entry['FunctionName']}"]["RetentionInDays"] in {14, 90}
        assert entry["Architectures"] == ["arm64"]
        assert entry["Tracing"] == "PassThrough", (
            "X-Ray is paid for each request, and the access log has the same times"
        )
        assert entry["Environment"]["Variables"]["CRM_STAGE"] == packaged.stage
    assert functions["APIHandler"]["Timeout"] == 29
    assert functions["Heartbeat"]["Timeout"] == 60
    assert 6 * functions["Work"]["Timeout"] == queue.VISIBILITY
    assert 6 * functions["EmailEvents"]["Timeout"] == ses_events.VISIBILITY


def test_roles_name_resources_of_their_account_and_region_only(packaged: Template) -> None:
    roles = of_type(packaged.content["Resources"], "AWS::IAM::Role")
    assert len(roles) == len(policies.NEEDS)
    for role in roles.values():
        for entry in role["Policies"]:
            for statement in entry["PolicyDocument"]["Statement"]:
                assert ":*:*:" not in str(statement["Resource"])


def test_schedules_are_tried_again_and_the_heartbeat_is_told_its_address_and_topic(packaged: Template) -> None:
    functions = of_type(packaged.content["Resources"], "AWS::Serverless::Function")
    for job in catalog.JOBS:
        entry = functions["".join(part.capitalize() for part in job.split("_"))]
        assert entry["EventInvokeConfig"]["MaximumRetryAttempts"] == 2
    for name in ("Heartbeat", "OrderReminders", "Work"):
        address = functions[name]["Environment"]["Variables"]["CRM_API_URL"]
        assert address == packaged.content["Outputs"]["GraphQL"]["Value"], "the heartbeat and links to unsubscribe"
    for name in ("Heartbeat", "Work"):
        assert functions[name]["Environment"]["Variables"]["CRM_TOPIC_ARN"] == {"Ref": "Topic"}


def test_tables_to_delete_are_those_of_the_stage() -> None:
    assert set(table_data.table_names("test")) == {model.Meta.table_name for model in connection.TABLES}


def test_only_services_that_the_code_asks_for_are_packaged() -> None:
    asked = {"dynamodb"}
    for file in (package.ROOT / "chalicelib").rglob("*.py"):
        asked |= {part.split('"')[0] for part in file.read_text("utf-8").split('aws.client("')[1:]}
    assert asked == {*service_models.SERVICES}
