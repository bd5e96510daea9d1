"""The consumer of a stage of `chalice deploy` may send itself on, too."""

import boto3
import pytest

from deploy import commands, notices, recursion, template
from tests.deploy.fake_aws import FakeLambda, FakeStack, options

pytestmark = pytest.mark.no_database


class Functions(FakeLambda):
    def put_function_recursion_config(self, **arguments: str) -> None:
        changed.append(arguments)


changed: list[dict[str, str]] = []


def test_the_consumer_is_allowed_to_once_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    changed.clear()
    monkeypatch.setattr(boto3, "client", lambda _name: Functions(1000))
    assert not recursion.allow("dev")
    assert changed == []
    monkeypatch.setattr(boto3, "client", lambda _name: Functions(1000, {"crm-dev-work": 0}))
    assert recursion.allow("dev")
    assert changed == [{"FunctionName": "crm-dev-work", "RecursiveLoop": "Allow"}]


@pytest.mark.parametrize("is_there", [False, True])
def test_make_resources_shows_subscriptions_and_what_is_left_to_do(
    monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    asked = options("dev")
    for name, value in {"poll": 0, "role_arn": None, "email": None, "no_email": False, "first_key": "none"}.items():
        setattr(asked, name, value)

    class Resources(FakeStack):
        def __init__(self, *_arguments: object) -> None:
            super().__init__(asked.said, TopicArn="arn:topic")

        def deploy(self, source: dict[str, str], *_arguments: object, keep: frozenset[str]) -> None:
            assert "AlarmEmail" in keep
            assert source["TemplateBody"] == template.body(template.resources("dev"))

    monkeypatch.setattr(commands, "Stack", Resources)
    monkeypatch.setattr(commands, "print_target", lambda _options: None)
    monkeypatch.setattr(commands, "_generation", lambda _options, _stack: 1)
    monkeypatch.setattr(notices, "show_subscriptions", lambda asked, _stack: asked.say("SUBSCRIPTIONS"))
    monkeypatch.setattr(recursion, "allow", lambda _stage: is_there)
    monkeypatch.setattr(commands, "_confirm_time_zone", lambda *_arguments: True)
    commands.deploy_resources(asked)
    assert asked.said[:2] == ["TopicArn: arn:topic", "SUBSCRIPTIONS"]
    assert [line for line in asked.said if line.startswith("After `chalice deploy`")] == asked.said[2:]
    assert len(asked.said) == (2 if is_there else 3)
