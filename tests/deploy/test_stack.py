"""A stack can be deployed to from every state that CloudFormation knows, or the tool says what to do."""

from typing import get_args

import boto3
import pytest
from botocore.loaders import Loader

from deploy.stack import Stack
from deploy.stack_states import SENTENCES, STEPS, DeployError, Step, next_step
from tests.deploy.fake_aws import FakeCloudFormation

pytestmark = pytest.mark.no_database
SOURCE = {"TemplateBody": "{}"}


def done(status: str = "UPDATE_COMPLETE") -> dict[str, list[str]]:
    return {"execute_change_set": [status]}


def stack_of(fake: FakeCloudFormation, monkeypatch: pytest.MonkeyPatch) -> tuple[Stack, list[str]]:
    monkeypatch.setattr(boto3, "client", lambda _name: fake)
    said: list[str] = []
    return Stack("crm-prod", said.append, poll=0.0), said


def test_every_state_of_cloudformation_has_a_way_on_or_a_sentence() -> None:
    model = Loader().load_service_model("cloudformation", "service-2")
    states = model["shapes"]["StackStatus"]["enum"]
    assert len(states) > 20
    for state in states:
        if state in STEPS:
            assert next_step("crm-prod", state) in get_args(Step)
        elif state != "DELETE_COMPLETE":  # then there is no stack
            assert state.endswith("_IN_PROGRESS") or state in SENTENCES
            with pytest.raises(DeployError, match=f"{state}.* again"):
                next_step("crm-prod", state)


OUTCOMES = {
    "CREATE_COMPLETE": "update",
    "CREATE_FAILED": "delete and create",
    "CREATE_IN_PROGRESS": "wait",
    "DELETE_COMPLETE": "create",
    "DELETE_FAILED": "delete and create",
    "DELETE_IN_PROGRESS": "wait",
    "IMPORT_COMPLETE": "update",
    "IMPORT_IN_PROGRESS": "wait",
    "IMPORT_ROLLBACK_COMPLETE": "update",
    "IMPORT_ROLLBACK_FAILED": "by hand",
    "IMPORT_ROLLBACK_IN_PROGRESS": "wait",
    "REVIEW_IN_PROGRESS": "create",
    "ROLLBACK_COMPLETE": "delete and create",
    "ROLLBACK_FAILED": "delete and create",
    "ROLLBACK_IN_PROGRESS": "wait",
    "UPDATE_COMPLETE": "update",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "wait",
    "UPDATE_FAILED": "roll back and update",
    "UPDATE_IN_PROGRESS": "wait",
    "UPDATE_ROLLBACK_COMPLETE": "update",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "wait",
    "UPDATE_ROLLBACK_FAILED": "roll back and update",
    "UPDATE_ROLLBACK_IN_PROGRESS": "wait",
}
CALLS = {
    "create": (["create_change_set", "execute_change_set"], "CREATE"),
    "update": (["create_change_set", "execute_change_set"], "UPDATE"),
    "delete and create": (["delete_stack", "create_change_set", "execute_change_set"], "CREATE"),
}


def test_the_outcomes_are_of_all_states_that_botocore_knows() -> None:
    assert OUTCOMES.keys() == set(
        Loader().load_service_model("cloudformation", "service-2")["shapes"]["StackStatus"]["enum"]
    )


@pytest.mark.parametrize("status", OUTCOMES)
def test_a_deployment_to_a_stack_in_any_state(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = OUTCOMES[status]
    rolled_back = {key: ["UPDATE_ROLLBACK_COMPLETE"] for key in ("continue_update_rollback", "rollback_stack")}
    then = {"delete_stack": ["DELETE_COMPLETE"], "execute_change_set": ["UPDATE_COMPLETE"], **rolled_back}
    fake = FakeCloudFormation(status, then)
    stack, _ = stack_of(fake, monkeypatch)
    if outcome in {"wait", "by hand"}:
        with pytest.raises(DeployError, match="Wait until" if outcome == "wait" else "make delete"):
            stack.deploy(SOURCE, {}, {})
        assert fake.calls == []
        return
    assert stack.deploy(SOURCE, {}, {})
    if outcome == "roll back and update":
        assert fake.names()[0] in rolled_back
        assert fake.names()[1:] == CALLS["update"][0]
    else:
        calls, kind = CALLS[outcome]
        assert fake.names() == calls
        assert fake.arguments("create_change_set")["ChangeSetType"] == kind


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_is_not_there_yet_is_created_and_a_colleagues_change_set_stays(
    status: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeCloudFormation(status, done("CREATE_COMPLETE"))
    stack, _ = stack_of(fake, monkeypatch)
    assert stack.deploy(SOURCE, {}, {})
    assert fake.names() == ["create_change_set", "execute_change_set"]
    assert fake.arguments("create_change_set")["ChangeSetType"] == "CREATE"


@pytest.mark.parametrize("status", [status for status, step in STEPS.items() if step == "update"])
def test_a_stack_at_rest_is_updated(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation(status, {"execute_change_set": ["UPDATE_COMPLETE"]})
    stack, _ = stack_of(fake, monkeypatch)
    assert stack.deploy(SOURCE, {}, {})
    assert fake.names() == ["create_change_set", "execute_change_set"]
    assert fake.arguments("create_change_set")["ChangeSetType"] == "UPDATE"


@pytest.mark.parametrize("status", [status for status, step in STEPS.items() if step == "delete"])
def test_what_a_failed_creation_or_deletion_left_is_deleted_and_created_again(
    status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeCloudFormation(status, {"delete_stack": ["DELETE_COMPLETE"], "execute_change_set": ["CREATE_COMPLETE"]})
    stack, said = stack_of(fake, monkeypatch)
    assert stack.deploy(SOURCE, {}, {})
    assert fake.names() == ["delete_stack", "create_change_set", "execute_change_set"]
    assert fake.arguments("create_change_set")["ChangeSetType"] == "CREATE"
    assert fake.arguments("create_change_set")["ImportExistingResources"] is True
    assert status in said[0]


def test_a_protected_table_that_cannot_be_deleted_stays_outside_of_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation(
        "ROLLBACK_FAILED",
        {"delete_stack": ["DELETE_FAILED", "DELETE_COMPLETE"], "execute_change_set": ["CREATE_COMPLETE"]},
        undeleted=[("OrdersTable", "AWS::DynamoDB::Table")],
    )
    stack, said = stack_of(fake, monkeypatch)
    assert stack.deploy(SOURCE, {}, {})
    first, second = (arguments for name, arguments in fake.calls if name == "delete_stack")
    assert "RetainResources" not in first
    assert second["RetainResources"] == ["OrdersTable"]
    assert any("OrdersTable" in line for line in said)


def test_a_deletion_that_fails_for_anything_else_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation(
        "UPDATE_COMPLETE", {"delete_stack": ["DELETE_FAILED"]}, undeleted=[("Role", "AWS::IAM::Role")]
    )
    stack, _ = stack_of(fake, monkeypatch)
    with pytest.raises(DeployError, match=r"DELETE_FAILED\n.*told why"):
        stack.delete()


@pytest.mark.parametrize(
    ("status", "call"), [("UPDATE_ROLLBACK_FAILED", "continue_update_rollback"), ("UPDATE_FAILED", "rollback_stack")]
)
def test_an_update_that_failed_is_rolled_back_before_the_next(
    status: str, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeCloudFormation(status, {call: ["UPDATE_ROLLBACK_COMPLETE"], **done()})
    stack, _ = stack_of(fake, monkeypatch)
    assert stack.deploy(SOURCE, {}, {})
    assert fake.names() == [call, "create_change_set", "execute_change_set"]
    again = FakeCloudFormation(status, {call: ["UPDATE_ROLLBACK_FAILED"]})
    stack, _ = stack_of(again, monkeypatch)
    with pytest.raises(DeployError, match=r"UPDATE_ROLLBACK_FAILED\n.*told why"):
        stack.deploy(SOURCE, {}, {})


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"])
def test_a_stack_that_somebody_else_changes_is_left_alone(status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation(status)
    stack, _ = stack_of(fake, monkeypatch)
    with pytest.raises(DeployError, match=f"{status}: somebody else"):
        stack.deploy(SOURCE, {}, {})
    assert fake.calls == []


def test_parameters_that_are_not_given_keep_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation("UPDATE_COMPLETE", done(), parameters={"AlarmEmail": "ops@example.com", "Old": "x"})
    stack, _ = stack_of(fake, monkeypatch)
    stack.deploy(
        SOURCE, {"ReserveConcurrency": "true"}, {}, keep=frozenset({"AlarmEmail", "ReserveConcurrency", "New"})
    )
    assert fake.arguments("create_change_set")["Parameters"] == [
        {"ParameterKey": "ReserveConcurrency", "ParameterValue": "true"},
        {"ParameterKey": "AlarmEmail", "UsePreviousValue": True},
    ]


def test_a_parameter_that_is_given_replaces_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation("UPDATE_COMPLETE", done(), parameters={"AlarmEmail": "ops@example.com"})
    stack, _ = stack_of(fake, monkeypatch)
    stack.deploy(SOURCE, {"AlarmEmail": ""}, {}, keep=frozenset({"AlarmEmail"}))
    assert fake.arguments("create_change_set")["Parameters"] == [{"ParameterKey": "AlarmEmail", "ParameterValue": ""}]


def test_a_change_set_without_changes_is_no_error_and_another_refusal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for refusal in ("The submitted information didn't contain changes.", "No updates are to be performed."):
        fake = FakeCloudFormation("UPDATE_COMPLETE", refusal=refusal)
        stack, _ = stack_of(fake, monkeypatch)
        assert not stack.deploy(SOURCE, {}, {})
        assert fake.names() == ["create_change_set", "delete_change_set"]
    stack, _ = stack_of(FakeCloudFormation("UPDATE_COMPLETE", refusal="Template error"), monkeypatch)
    with pytest.raises(DeployError, match="Template error"):
        stack.deploy(SOURCE, {}, {})


def test_the_role_of_cloudformation_goes_to_every_change(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeCloudFormation(
        "ROLLBACK_COMPLETE", {"delete_stack": ["DELETE_COMPLETE"], "execute_change_set": ["CREATE_COMPLETE"]}
    )
    monkeypatch.setattr(boto3, "client", lambda _name: fake)
    Stack("crm-prod", print, 0.0, "arn:aws:iam::1:role/x").deploy(SOURCE, {}, {})
    for name in ("delete_stack", "create_change_set"):
        assert fake.arguments(name)["RoleARN"] == "arn:aws:iam::1:role/x"
