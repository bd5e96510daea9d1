"""Reservations of concurrency need room in Lambda's quota; without it a stage is deployed without them."""

from typing import Any

import boto3
import pytest

from deploy import quota
from tests.deploy.fake_aws import FakeLambda

pytestmark = pytest.mark.no_database


def packaged() -> dict[str, Any]:
    functions = {"work": 10, "low_stock": 2, "heartbeat": 2, "api": None}
    resources = {
        name: {
            "Type": "AWS::Serverless::Function",
            "Properties": {"FunctionName": f"crm-prod-{name}"} | ({"ReservedConcurrentExecutions": n} if n else {}),
        }
        for name, n in functions.items()
    }
    template: dict[str, Any] = {"Resources": resources}
    quota.make_optional(template)
    return template


@pytest.mark.parametrize(
    ("limit", "reserved", "fits"),
    [
        (10, {}, False),
        (50, {}, False),
        (113, {}, False),
        (114, {}, True),
        (1000, {}, True),
        (1000, {"another": 890}, False),
        (114, {"crm-prod-work": 10, "crm-prod-low_stock": 2, "crm-prod-heartbeat": 2}, True),
        (120, {"another": 10}, False),
    ],
)
def test_100_executions_stay_unreserved_and_what_the_stage_has_already_counts(
    limit: int,
    reserved: dict[str, int],
    fits: bool,  # noqa: FBT001 - a parameter of the test
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: FakeLambda(limit, reserved))
    problem = quota.missing(packaged())
    assert (problem is None) is fits
    if problem:
        assert f"may run {limit} executions" in problem
        assert "need 14" in problem
        assert "WITHOUT reservations" in problem


def test_a_stage_that_reserves_nothing_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: pytest.fail("asked AWS"))
    assert quota.missing({"Resources": {}}) is None


def test_the_parameter_takes_the_reservations_out_of_the_template() -> None:
    template = packaged()
    reserved = template["Resources"]["work"]["Properties"]["ReservedConcurrentExecutions"]
    assert reserved == {"Fn::If": [quota.CONDITION, 10, {"Ref": "AWS::NoValue"}]}
    assert "ReservedConcurrentExecutions" not in template["Resources"]["api"]["Properties"]
    assert template["Parameters"][quota.PARAMETER]["Default"] == "true"
