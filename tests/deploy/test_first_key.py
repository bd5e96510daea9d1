"""The first operator's key of a stage: one is made past the API, whatever other keys there are, however often it is requested."""

import argparse
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import boto3
import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.api_keys import ApiKey
from chalicelib.access.roles import Role
from chalicelib.store import reads
from deploy import __main__ as cli
from deploy import first_key, first_key_commands
from deploy.stack_states import DeployError


def operators() -> list[ApiKey]:
    return [key for key in api_keys.stored_keys() if key.role is Role.OPERATOR]


def working() -> list[ApiKey]:
    return [key for key in operators() if key.valid_at(clock.now())]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """DynamoDB answers a query in pages of 1 MB; here in pages of 25 rows, whose sizes are collected."""
    ask, sizes = reads.call, []

    def limited(operation: str, *charged: int, **request: object) -> reads.Response:
        answer = ask(operation, *charged, **request, **({"Limit": 25} if operation == "query" else {}))
        sizes.append(len(answer.get("Items", ())))
        return answer

    monkeypatch.setattr(reads, "call", limited)
    return sizes


def test_a_new_stage_gets_a_key_that_opens_it_and_a_second_call_gets_none() -> None:
    first = first_key.find_or_create("ops team")
    assert first.key is not None
    opened = api_keys.authenticate(first.key)
    assert (opened.id, opened.name, opened.role) == (first.id, "ops team", Role.OPERATOR)
    assert first_key.find_or_create() == first_key.FirstKey(first.id, "ops team", None)
    assert len(operators()) == 1


def test_a_working_operator_behind_150_other_keys_is_found(small_pages: list[int]) -> None:
    for number in range(150):
        role = Role.OPERATOR if number % 2 else Role.VIEWER
        key = api_keys.create(f"key {number}", role, "test", key_id=f"{number:012d}").api_key
        if role is Role.OPERATOR:
            api_keys.revoke(key.id)
    last = api_keys.create("the last", Role.OPERATOR, "test", key_id="z" * 12).api_key
    assert first_key.find_or_create() == first_key.FirstKey(last.id, "the last", None)
    assert len([size for size in small_pages if size]) == 7, "the query had more than one page"
    assert working() == [last]


def test_a_viewer_alone_is_no_operator() -> None:
    api_keys.create("reader", Role.VIEWER, "test")
    assert first_key.find_or_create().key


def test_when_all_operators_are_revoked_or_expired_there_is_a_new_first_key() -> None:
    first = first_key.find_or_create()
    api_keys.revoke(first.id)
    second = first_key.find_or_create()
    assert second.key
    assert second.id != first.id
    api_keys.revoke(second.id)
    soon = clock.now() + timedelta(minutes=1)
    api_keys.create("for a minute", Role.OPERATOR, "test", soon)
    assert first_key.find_or_create().key is None
    try:
        clock.set_source(lambda: soon + timedelta(minutes=1))
        assert first_key.find_or_create().key
    finally:
        clock.set_source(None)


def test_another_key_can_be_asked_for() -> None:
    first, more = first_key.find_or_create(), first_key.find_or_create("spare", another=True)
    assert more.key
    assert {key.id for key in working()} == {first.id, more.id}


@pytest.mark.ministack
def test_of_calls_at_the_same_time_one_creates_the_key_and_the_others_see_it() -> None:
    together = Barrier(6)

    def ask(_number: int) -> first_key.FirstKey:
        together.wait()
        return first_key.find_or_create()

    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(ask, range(6)))
    assert len([one for one in made if one.key]) == 1
    assert len({one.id for one in made}) == 1
    assert len(operators()) == 1


def create_ops_table(region: str, name: str) -> None:
    keys = {"pk": "HASH", "sk": "RANGE"}
    boto3.client("dynamodb", region_name=region, endpoint_url=os.environ["AWS_ENDPOINT_URL"]).create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.mark.ministack
def test_the_command_tells_the_key_once_and_then_who_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    command = ["first-key", "--stage", "dev", "--region", "eu-central-1"]
    create_ops_table("eu-central-1", "crm-dev-ops")
    assert cli.main([*command, "--name", "ops"], said.append) == 0
    assert said[0].startswith("crm_")
    assert cli.main(command, said.append) == 1
    assert "--another" in capsys.readouterr().err
    assert len(said) == 1


@pytest.mark.ministack
def test_a_stage_without_tables_says_so_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["first-key", "--stage", "prod", "--region", "ap-south-1"], print) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "stage prod" in line
    assert "ResourceNotFound" in line


@pytest.mark.no_database
def test_a_deployment_in_ci_writes_the_key_to_a_file_or_makes_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def answer(stage: str, _region: str, *, generation: int) -> first_key.FirstKey:
        asked.append(f"{stage} {generation}")
        return first_key.FirstKey("1", "first operator", "crm_secret")

    monkeypatch.setattr(first_key, "request", answer)
    said: list[str] = []
    options = argparse.Namespace(stage="dev", first_key="none", say=said.append)
    first_key_commands.hand_over(options, 1)
    assert (asked, said) == ([], [])
    options.first_key = f"file:{tmp_path / 'key'}"
    first_key_commands.hand_over(options, 1)
    assert (tmp_path / "key").read_text() == "crm_secret\n"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert "crm_secret" not in "".join(said)
    options.first_key = "print"
    first_key_commands.hand_over(options, 1)
    assert said[-1].endswith("crm_secret")
    options.first_key = "key.txt"
    with pytest.raises(DeployError, match="file:PATH"):
        first_key_commands.hand_over(options, 1)
