"""Does each function's role allow what the function does, and nothing else?"""

import json
from collections.abc import Iterator

import pytest

import app
from deploy import policies
from tests.deploy import policy_scenarios, scheduled_calls
from tests.deploy.recording import Use

FUNCTIONS = tuple(policies.NEEDS)
ALWAYS = {"logs:CreateLogStream", "logs:PutLogEvents", "xray:PutTelemetryRecords", "xray:PutTraceSegments"}


def allowed(function: str) -> Iterator[Use]:
    for statement in policies.policy("test", function)["Statement"]:
        for action in statement["Action"]:
            yield action, statement["Resource"].split(":", 5)[-1].removeprefix("table/")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_exactly_what_it_does(function: str) -> None:
    used = scheduled_calls.uses(lambda recording: policy_scenarios.play(function, recording))
    mine = {use for use in allowed(function) if use[0] not in ALWAYS}
    assert used - mine == set(), "calls that the policy does not allow"
    unused = {use for use in mine - used if use[0] not in policies.NEEDS[function].by_lambda}
    assert unused == set(), "permissions that no call needs"


def test_every_function_has_a_policy_and_none_is_left_over() -> None:
    assert set(FUNCTIONS) == {policies.API, *(source.name for source in app.app.event_sources)}


def test_the_policy_files_are_those_of_the_table() -> None:
    assert set(policies.files()) == set(policies.CHALICE.glob("policy-*.json"))
    for file, text in policies.files().items():
        assert file.read_text("utf-8") == text, f"{file.name} is old: python -m deploy policies"


@pytest.mark.parametrize("stage", policies.STAGES)
def test_no_policy_has_a_star_for_an_action_or_reaches_another_stage(stage: str) -> None:
    for function in FUNCTIONS:
        for statement in policies.policy(stage, function)["Statement"]:
            assert "*" not in "".join(statement["Action"])
            known = (
                statement["Resource"] in {"*", "arn:*:ses:*:*:identity/*", "arn:*:ses:*:*:configuration-set/*"}
                or f"crm-{stage}" in statement["Resource"]
            )
            assert known, statement
            if statement["Resource"] == "*":
                assert all(action.startswith("xray:") for action in statement["Action"])


def test_the_roles_that_chalice_makes_are_one_a_function() -> None:
    stages = json.loads((policies.CHALICE / "config.json").read_text("utf-8"))["stages"]
    for stage in policies.STAGES:
        assert stages[stage]["autogen_policy"] is False
        files = {name: entry["iam_policy_file"] for name, entry in stages[stage]["lambda_functions"].items()}
        assert files == {name: f"policy-{stage}-{name}.json" for name in FUNCTIONS}
