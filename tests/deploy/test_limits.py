"""Limits of AWS that neither the emulator nor cfn-lint knows, over the translated template of each stage."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest

from deploy import policies, table_changes, template
from tests.deploy.building import Template, of_type

pytestmark = pytest.mark.no_database
Resources = dict[str, Any]
DOCS = "https://docs.aws.amazon.com"


def metrics_of_alarms(found: Resources) -> Iterator[int]:
    for alarm in of_type(found, "AWS::CloudWatch::Alarm").values():
        yield sum("MetricStat" in entry for entry in alarm.get("Metrics", ()))


def policy_sizes(found: Resources) -> Iterator[int]:
    for role in of_type(found, "AWS::IAM::Role").values():
        yield sum(len("".join(json.dumps(entry["PolicyDocument"]).split())) for entry in role.get("Policies", ()))


def names(kind: str, name: str) -> Callable[[Resources], Iterator[int]]:
    def lengths(found: Resources) -> Iterator[int]:
        for entry in of_type(found, kind).values():
            yield len(entry[name])

    return lengths


def environment_sizes(found: Resources) -> Iterator[int]:
    """With 200 characters for each value that is known only in the stack."""
    for function in of_type(found, "AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        yield sum(len(name) + (len(value) if isinstance(value, str) else 200) for name, value in variables.items())


def reservations(found: Resources) -> Iterator[int]:
    yield sum(
        entry["ReservedConcurrentExecutions"]["Fn::If"][1]
        for entry in of_type(found, "AWS::Lambda::Function").values()
        if "ReservedConcurrentExecutions" in entry
    )


def indexes(found: Resources) -> Iterator[int]:
    for table in of_type(found, "AWS::DynamoDB::Table").values():
        yield len(table.get("GlobalSecondaryIndexes", ()))


def changed_indexes(found: Resources) -> Iterator[int]:
    """Between two updates, on the way of a stage whose tables have no index yet, and of one that loses them all."""
    without = copy.deepcopy(found)
    for table in of_type(without, "AWS::DynamoDB::Table").values():
        table.pop("GlobalSecondaryIndexes", None)
    for before, after in ((without, found), (found, without)):
        live = table_changes.tables_of({"Resources": before})
        steps = [{"Resources": before}, *table_changes.plan({"Resources": before}, {"Resources": after}, live)]
        for one, next_one in pairwise(steps):
            changes = table_changes.compare(next_one, table_changes.tables_of(one))
            yield from (len(change.added) + len(change.removed) for change in changes.values())


def count(found: Resources) -> Iterator[int]:
    yield len(found)


def template_bytes(found: Resources) -> Iterator[int]:
    yield len(json.dumps(found))


def dashboard_metrics(found: Resources) -> Iterator[int]:
    for dashboard in of_type(found, "AWS::CloudWatch::Dashboard").values():
        for widget in json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]:
            yield len(widget["properties"]["metrics"])


@dataclass(frozen=True)
class Limit:
    what: str
    maximum: int
    page: str
    measure: Callable[[Resources], Iterator[int]]


LIMITS = (
    Limit("metrics of an alarm", 10, "AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html", metrics_of_alarms),
    Limit("metrics of a widget", 500, "AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html", dashboard_metrics),
    Limit("characters of a role's policies", 10_240, "IAM/latest/UserGuide/reference_iam-quotas.html", policy_sizes),
    Limit(
        "characters of a function's name",
        64,
        "lambda/latest/api/API_CreateFunction.html",
        names("AWS::Lambda::Function", "FunctionName"),
    ),
    Limit(
        "characters of a queue's name",
        80,
        "AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html",
        names("AWS::SQS::Queue", "QueueName"),
    ),
    Limit(
        "characters of a table's name",
        255,
        "amazondynamodb/latest/developerguide/ServiceQuotas.html",
        names("AWS::DynamoDB::Table", "TableName"),
    ),
    Limit(
        "characters of an alarm's name",
        255,
        "AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
        names("AWS::CloudWatch::Alarm", "AlarmName"),
    ),
    Limit(
        "characters of a topic's name",
        256,
        "sns/latest/api/API_CreateTopic.html",
        names("AWS::SNS::Topic", "TopicName"),
    ),
    Limit(
        "characters of a log group's name",
        512,
        "AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html",
        names("AWS::Logs::LogGroup", "LogGroupName"),
    ),
    Limit("bytes of a function's environment", 4096, "lambda/latest/dg/gettingstarted-limits.html", environment_sizes),
    Limit("resources of a stack", 500, "AWSCloudFormation/latest/UserGuide/cloudformation-limits.html", count),
    Limit(
        "bytes of a template",
        1_000_000,
        "AWSCloudFormation/latest/UserGuide/cloudformation-limits.html",
        template_bytes,
    ),
    Limit("reserved executions", 900, "lambda/latest/dg/configuration-concurrency.html", reservations),
    Limit(
        "indexes that an update of a table creates or deletes",
        1,
        "AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html",
        changed_indexes,
    ),
    Limit("indexes of a table", 20, "amazondynamodb/latest/developerguide/ServiceQuotas.html", indexes),
)


@pytest.mark.parametrize("stage", policies.STAGES)
@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.what)
def test_the_stack_keeps_within_what_aws_allows(
    limit: Limit, stage: str, packaged_template: Callable[[str], Template]
) -> None:
    found = list(limit.measure(packaged_template(stage).translated["Resources"]))
    assert found, "nothing was measured"
    assert max(found) <= limit.maximum, f"{limit.what}: {DOCS}/{limit.page}"


@pytest.mark.parametrize("stage", policies.STAGES)
def test_the_resources_alone_fit_into_a_request(stage: str) -> None:
    """Their stack has no bucket yet. AWSCloudFormation/latest/UserGuide/cloudformation-limits.html: 51,200 bytes."""
    assert 10_000 < len(template.body(template.resources(stage)).encode()) <= 51_200
