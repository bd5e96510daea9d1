"""Rules of AWS that no emulator knows, over the template that SAM's transform makes: what CloudFormation really gets."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from deploy import package, policies, runtime, template
from tests.deploy.building import Template, of_type

pytestmark = pytest.mark.no_database


@pytest.fixture(scope="module", params=policies.STAGES)
def translated(request: pytest.FixtureRequest, packaged_template: Callable[[str], Template]) -> dict[str, Any]:
    return packaged_template(request.param).translated


def test_every_function_runs_on_the_pinned_runtime(translated: dict[str, Any]) -> None:
    functions = of_type(translated["Resources"], "AWS::Lambda::Function").values()
    assert {entry["Runtime"] for entry in functions} == {runtime.pinned(package.ROOT)} == {"python3.13"}


def test_the_api_has_one_stage(translated: dict[str, Any]) -> None:
    """Without OpenApiVersion SAM adds a stage called "Stage", without throttle and access log."""
    stages = of_type(translated["Resources"], "AWS::ApiGateway::Stage")
    assert [stage["StageName"] for stage in stages.values()] == ["api"]
    for deployment in of_type(translated["Resources"], "AWS::ApiGateway::Deployment").values():
        assert "StageName" not in deployment
    (stage,) = stages.values()
    assert not stage["TracingEnabled"]
    assert not any(entry.get("MetricsEnabled") for entry in stage["MethodSettings"]), "these are custom metrics"
    assert stage["AccessLogSetting"]
    assert stage["MethodSettings"][0]["ThrottlingRateLimit"] > 0


def test_the_api_may_be_invoked_through_that_stage_only(translated: dict[str, Any]) -> None:
    permissions = of_type(translated["Resources"], "AWS::Lambda::Permission").values()
    (source,) = (entry["SourceArn"] for entry in permissions if entry["Principal"] == "apigateway.amazonaws.com")
    assert source["Fn::Sub"].endswith(":${RestAPI}/api/*")


def test_no_domain_and_no_partition_is_written_out(translated: dict[str, Any]) -> None:
    """China and GovCloud have others. Names of services, such as lambda.amazonaws.com, are the same everywhere."""
    assert "arn:aws:" not in json.dumps(translated)
    for text in strings(translated):
        assert ".amazonaws.com/" not in text
        assert not text.startswith("arn:*:"), "the stars of the policy files are replaced"
    assert "arn:aws:" not in template.RESOURCES.read_text("utf-8")
    for content in policies.files().values():
        assert "arn:aws:" not in content


def strings(node: Any) -> list[str]:
    if isinstance(node, dict):
        return [text for value in node.values() for text in strings(value)]
    if isinstance(node, list):
        return [text for value in node for text in strings(value)]
    return [node] if isinstance(node, str) else []


def test_the_consumer_may_send_itself_on_as_often_as_a_long_run_needs(translated: dict[str, Any]) -> None:
    """Lambda stops a loop through a queue after about 16 times, an hour of a run, unless it is told that it is meant."""
    functions = of_type(translated["Resources"], "AWS::Lambda::Function")
    assert {name for name, entry in functions.items() if entry.get("RecursiveLoop") == "Allow"} == {"Work"}


def test_functions_wait_for_all_tables(translated: dict[str, Any]) -> None:
    tables = set(of_type(translated["Resources"], "AWS::DynamoDB::Table"))
    functions = [entry for entry in translated["Resources"].values() if entry["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == len(policies.NEEDS)
    for entry in functions:
        assert tables <= set(entry["DependsOn"])


def test_reservations_can_be_left_out(translated: dict[str, Any]) -> None:
    for entry in of_type(translated["Resources"], "AWS::Lambda::Function").values():
        reserved = entry.get("ReservedConcurrentExecutions", {})
        assert not reserved or reserved["Fn::If"][0] == "ReservesConcurrency"


def test_unknown_paths_are_404_with_and_without_a_key_and_a_throttled_request_knows_when_to_return(
    translated: dict[str, Any],
) -> None:
    (api,) = of_type(translated["Resources"], "AWS::ApiGateway::RestApi").values()
    answers = api["Body"]["x-amazon-apigateway-gateway-responses"]
    for kind in ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE", "ACCESS_DENIED", "EXPIRED_TOKEN"):
        assert answers[kind]["statusCode"] == "404"
        assert "NOT_FOUND" in answers[kind]["responseTemplates"]["application/json"]
    assert answers["THROTTLED"]["responseParameters"]["gatewayresponse.header.Retry-After"] == "'1'"


def test_the_access_log_has_no_text_that_repeats_what_was_sent(translated: dict[str, Any]) -> None:
    """API Gateway's error messages may repeat an Authorization header."""
    (stage,) = of_type(translated["Resources"], "AWS::ApiGateway::Stage").values()
    written = json.loads(stage["AccessLogSetting"]["Format"])
    assert "$context.error.message" not in written.values()
    assert written["error"] == "$context.error.responseType"


def test_a_new_stack_sends_no_mails_that_all_is_well(translated: dict[str, Any]) -> None:
    """Each alarm goes from "insufficient data" to OK once, when it is new."""
    for alarm in of_type(translated["Resources"], "AWS::CloudWatch::Alarm").values():
        assert "OKActions" not in alarm
        assert alarm["AlarmActions"] == [{"Ref": "Topic"}]


def test_a_message_that_fails_does_not_look_like_a_queue_that_nobody_reads(translated: dict[str, Any]) -> None:
    alarm = of_type(translated["Resources"], "AWS::CloudWatch::Alarm")["QueueStuckAlarm"]
    metrics = {
        entry["Id"]: entry.get("MetricStat", {}).get("Metric", {}).get("MetricName") for entry in alarm["Metrics"]
    }
    assert metrics == {
        "stuck": None,
        "waiting": "ApproximateNumberOfMessagesVisible",
        "received": "NumberOfMessagesReceived",
    }
    assert 300 * alarm["EvaluationPeriods"] == 3600


def test_logs_and_queues_of_prod_outlive_the_stack(packaged_template: Callable[[str], Template]) -> None:
    for stage in policies.STAGES:
        found = packaged_template(stage).translated["Resources"].values()
        kept = [entry for entry in found if entry["Type"] in {"AWS::Logs::LogGroup", "AWS::SQS::Queue"}]
        assert len(kept) == len(policies.NEEDS) + 5
        wanted = ("RetainExceptOnCreate", "Retain") if stage == "prod" else ("Delete", "Delete")
        for entry in kept:
            assert (entry["DeletionPolicy"], entry["UpdateReplacePolicy"]) == wanted


def test_the_queues_leave_room_for_the_other_functions(translated: dict[str, Any]) -> None:
    """app.py says so, for `chalice deploy` as well. The consumer of runs reserves twice as much in prod."""
    sources = of_type(translated["Resources"], "AWS::Lambda::EventSourceMapping")
    found = {entry["FunctionName"]["Ref"]: entry["ScalingConfig"] for entry in sources.values()}
    assert found == {"Work": {"MaximumConcurrency": 5}, "EmailEvents": {"MaximumConcurrency": 2}}
