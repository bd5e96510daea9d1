"""Whoever deploys sees the account and the region, and confirms the first deployment to prod."""

import os

import boto3
import pytest

from deploy import __main__ as cli
from deploy import commands, target
from deploy.target import NotConfirmedError, Target

pytestmark = pytest.mark.no_database
PLACE = Target("123456789012", "eu-central-1")


@pytest.fixture
def region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_REGION", raising=False)


@pytest.mark.usefixtures("region")
def test_an_option_comes_before_aws_region_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    target.use_region()
    assert boto3.client("s3").meta.region_name == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    target.use_region()
    assert boto3.client("s3").meta.region_name == "eu-central-1"
    target.use_region("ap-south-1")
    assert boto3.client("s3").meta.region_name == "ap-south-1"


def test_only_yes_confirms() -> None:
    asked: list[str] = []

    def answer(text: str) -> str:
        asked.append(text)
        return ("yes", "Yes ", "y", "")[len(asked) - 1]

    for _ in range(2):
        target.confirm("crm-prod", PLACE, answer)
    for _ in range(2):
        with pytest.raises(NotConfirmedError, match="Nothing was created"):
            target.confirm("crm-prod", PLACE, answer)
    assert asked[0] == "Create crm-prod in account 123456789012, region eu-central-1? Type yes: "


def test_without_a_terminal_the_option_is_needed() -> None:
    with pytest.raises(NotConfirmedError, match="--yes"):
        target.confirm("crm-prod", PLACE, None)


class NoStack:
    """A stage that was never deployed."""

    def exists(self) -> bool:
        return False


@pytest.mark.parametrize(("stage", "status"), [("prod", 1), ("dev", 7)])
def test_a_new_prod_is_asked_for_and_a_new_dev_is_not(
    stage: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(target, "find", lambda: PLACE)
    monkeypatch.setattr(commands, "stack_of", lambda _options: NoStack())

    def packaged(*_arguments: object) -> None:
        raise SystemExit(7)

    monkeypatch.setattr(commands, "_package", packaged)
    said: list[str] = []
    try:
        found = cli.main(["up", "--stage", stage], said.append, lambda _question: "no")
    except SystemExit as ended:
        found = int(str(ended.code))
    assert found == status
    assert said == ["Account 123456789012, region eu-central-1"]
    assert ("Nothing was created" in capsys.readouterr().err) is (stage == "prod")
    assert os.environ["AWS_DEFAULT_REGION"]
