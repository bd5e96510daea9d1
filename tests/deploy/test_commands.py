"""What the commands send to a stack, and what they tell whoever deploys."""

import argparse
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from deploy import commands, notices, package, runtime, table_data

pytestmark = pytest.mark.no_database


def options(**more: Any) -> argparse.Namespace:
    said: list[str] = []
    return argparse.Namespace(
        **({"stage": "prod", "email": None, "no_email": False, "say": said.append, "said": said} | more)
    )


def test_an_address_is_sent_only_if_it_is_given_or_to_be_removed() -> None:
    assert commands._email(options()) == {}
    assert commands._email(options(email="ops@example.com")) == {"AlarmEmail": "ops@example.com"}
    assert commands._email(options(no_email=True)) == {"AlarmEmail": ""}


@pytest.mark.parametrize("problem", [None, "WARNING: it ends soon"])
def test_whoever_packages_is_warned_of_a_runtime_that_ends(
    problem: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = options(package=None)
    monkeypatch.setattr(runtime, "warning", lambda *_arguments: problem)
    (tmp_path / "zip").write_bytes(b"code")
    monkeypatch.setattr(package, "build", lambda *_arguments: package.Package(tmp_path / "sam", tmp_path / "zip"))
    commands._package(asked, tmp_path)
    assert asked.said[:-2] == ([problem] if problem else [])
    assert asked.said[-2:] == ["Packaging prod ...", "The package has 0.0 MB"]


class Topic:
    """Its subscriptions, as SNS lists them."""

    def __init__(self, *subscriptions: tuple[str, str]) -> None:
        self._page = {
            "Subscriptions": [
                {"Protocol": "email", "Endpoint": address, "SubscriptionArn": arn} for address, arn in subscriptions
            ]
        }

    def get_paginator(self, _name: str) -> "Topic":
        return self

    def paginate(self, **arguments: str) -> list[dict[str, Any]]:
        assert arguments == {"TopicArn": "arn:topic"}
        return [self._page]


class Deployed:
    def outputs(self) -> dict[str, str]:
        return {"TopicArn": "arn:topic"}


@pytest.mark.parametrize(
    ("topic", "line"),
    [
        (Topic(), "Nobody is told of alarms. To change that: --email ADDRESS"),
        (Topic(("a@b.c", "arn:aws:sns:x")), "Alarms go to a@b.c"),
        (
            Topic(("a@b.c", "PendingConfirmation")),
            "CONFIRM: AWS has sent a mail to a@b.c. Until its link is clicked, no alarm arrives.",
        ),
    ],
)
def test_a_subscription_that_waits_for_confirmation_is_shown(
    topic: Topic, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "client", lambda _name: topic)
    asked = options()
    notices.show_subscriptions(asked, Deployed())  # type: ignore[arg-type]  # all of a stack that it asks
    assert asked.said == [line]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_tables_are_protected_after_the_creation_in_prod_only(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        names = table_data.table_names(stage)
        for name in names:
            dynamodb.create_table(
                TableName=name,
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
        for _ in range(2):
            commands._protect(options(stage=stage))
        found = {dynamodb.describe_table(TableName=name)["Table"]["DeletionProtectionEnabled"] for name in names}
        assert found == {stage == "prod"}
        assert table_data.delete(stage) == names
