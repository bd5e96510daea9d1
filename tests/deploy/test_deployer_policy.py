"""The deployer may do exactly what its commands do, and CloudFormation what the templates need."""

import ast
import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.crm import stored_time_zone
from deploy import __main__ as cli
from deploy import bucket, cloudformation_policy, deployer_policy, first_key, policies, template, time_zone
from deploy.releases import Releases
from tests.conftest import ROOT
from tests.deploy import deployer_calls
from tests.deploy.building import REGIONS, Template, lint
from tests.deploy.deployer_calls import ACCOUNT, REGION, ROLE, STAGE, Cloud, Recorder, Use
from tests.deploy.recording import recorded

no_database = pytest.mark.no_database
MAX_CHARACTERS = {deployer_policy: 6_144, cloudformation_policy: 10_240}
"""Of a managed policy, and of a role's own: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""


def is_allowed(policy: dict[str, Any], use: Use) -> bool:
    action, arn = use
    return any(
        action in statement["Action"] and any(fnmatchcase(arn, pattern) for pattern in statement["Resource"])
        for statement in policy["Statement"]
    )


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_REGION", raising=False)
    real = boto3.client
    with mock_aws():
        deployer_calls.create_tables(real("dynamodb"))
        found = Recorder(real, deployer_calls.fakes(Cloud()))
        monkeypatch.setattr(boto3, "client", found.client)
        monkeypatch.setattr(time_zone, "confirm", lambda *_arguments: None)  # it has a process of its own
        yield found
        monkeypatch.setattr(boto3, "client", real)
        # Another test of this process may have started moto already, and then it keeps what is here.
        for made in boto3.resource("s3").buckets.all():
            made.objects.delete()
            made.delete()
        for table in boto3.resource("dynamodb").tables.all():
            table.update(DeletionProtectionEnabled=False)  # on, if a test ended too early
            table.delete()


def run(*arguments: str) -> None:
    said: list[str] = []
    more = [] if arguments[0] in {"policies", "package"} else ["--role-arn", ROLE, "--poll", "0"]
    assert cli.main([*arguments, "--stage", STAGE, *more], said.append) == 0, said


def play(recorder: Recorder, directory: Path) -> None:
    """Every command, and every way on from a state of a stack."""
    cloud: Cloud = recorder.fakes["cloudformation"]
    package, quiet = str(deployer_calls.packaged(directory / "package")), ("--first-key", "none")
    run("up", "--package", package, "--yes", *quiet)
    cloud.templates[f"crm-{STAGE}"] = json.loads((directory / "package" / "sam.json").read_text("utf-8"))
    releases = Releases(STAGE, ACCOUNT)
    (release,) = releases.names()
    cloud.refusal = "No updates are to be performed."
    run("up", "--package", package, *quiet)
    cloud.refusal = ""
    for status in ("UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"):
        cloud.states[f"crm-{STAGE}"] = status
        run("rollback", "--release", release, *quiet)
    run("releases")
    run("resources", *quiet)
    cloud.release = release
    restore(recorder)
    cloud.deletions = ["DELETE_FAILED", "DELETE_COMPLETE"]
    run("down")
    del cloud.states[f"crm-{STAGE}-resources"]
    run("delete-data", "--confirm", f"crm-{STAGE}")


def restore(recorder: Recorder) -> None:
    recorder.fakes["dynamodb"] = deployer_calls.tables_to_restore()
    run("restore", "--at", "2026-11-27T10:00:00Z", "--yes")
    run("switch", "--to-generation", "2", "--yes")
    del recorder.fakes["dynamodb"]
    run("delete-generation", "--to-generation", "2", "--confirm", f"crm-{STAGE}-2")


@no_database
def test_the_deployer_may_do_exactly_what_its_commands_do(recorder: Recorder, tmp_path: Path) -> None:
    play(recorder, tmp_path)
    policy = deployer_policy.policy(STAGE)
    assert {use for use in recorder.uses if not is_allowed(policy, use)} == set(), (
        "calls that the policy does not allow"
    )
    granted = {action for statement in policy["Statement"] for action in statement["Action"]}
    of_own_processes = {f"dynamodb:{name}" for name in ("GetItem", "PutItem", "Query")}
    by_dynamodb = {f"dynamodb:{name}" for name in ("BatchWriteItem", "DeleteItem", "Scan", "UpdateItem")}
    unused = granted - {action for action, _ in recorder.uses}
    assert unused == of_own_processes | by_dynamodb, "permissions that no call needs"
    assert called_in_source() - {name for action, _ in recorder.uses for name in _boto3_names(action)} == set()


def _boto3_names(action: str) -> set[str]:
    """Return boto3's names of the calls that need this permission."""
    service = action.split(":", maxsplit=1)[0]
    words = deployer_calls.operations(service) if service in deployer_calls.SERVICES else {}
    names = {own: f"{service}:{name}" for own, name in words.items()}
    return {own for own, name in names.items() if deployer_calls.ACTIONS.get(name, name) == action}


def called_in_source() -> set[str]:
    """Return what the deployer's source calls of AWS, by boto3's names: nothing may be missing in the record."""
    known = {name for service in deployer_calls.SERVICES for name in deployer_calls.operations(service)} - {"publish"}
    found = set()
    for file in (ROOT / "deploy").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                first = node.args[0]
                if node.func.attr == "get_paginator" and isinstance(first, ast.Constant):
                    found.add(str(first.value))
    assert len(found & known) > 20
    return found & known


def test_the_first_key_and_the_time_zone_need_rows_of_one_table_only() -> None:
    for lossy in (False, True):
        with recorded(lossy=lossy) as recording:
            stored_time_zone.confirm()
            first_key.find_or_create(f"key {lossy}", another=True)
        for action, table in recording.uses:
            arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{table.replace('crm-test-', 'crm-prod-')}"
            assert is_allowed(deployer_policy.policy("prod"), (action, arn)), (action, table)


def directory_of(package: str) -> Path:
    """Without importing it: cfn-lint takes seconds, in each process that only collects this test."""
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


@no_database
@pytest.mark.parametrize("stage", policies.STAGES)
@pytest.mark.parametrize("kind", [deployer_policy, cloudformation_policy], ids=["deployer", "cloudformation"])
def test_nothing_has_a_wildcard_that_could_do_without(kind: Any, stage: str) -> None:
    known = json.loads((directory_of("cfnlint") / "data" / "AdditionalSpecs" / "Policies.json").read_text("utf-8"))
    policy = kind.policy(stage)
    assert len("".join(json.dumps(policy).split())) <= MAX_CHARACTERS[kind]
    assert len({statement["Sid"] for statement in policy["Statement"]}) == len(policy["Statement"])
    for statement in policy["Statement"]:
        for action in statement["Action"]:
            service, _, name = action.partition(":")
            entry = known[service]["Actions"][name.lower()]
            assert bool(entry.get("Resources")) is (statement["Resource"] != ["*"]), f"{action}: has it resources?"


@no_database
@pytest.mark.parametrize("kind", MAX_CHARACTERS, ids=["deployer", "cloudformation"])
def test_cfn_lint_finds_each_action_among_those_of_its_resources(kind: Any, tmp_path: Path) -> None:
    policy = kind.policy("prod")
    policy["Statement"] = [each for each in policy["Statement"] if "transform/" not in each["Resource"][0]]
    file = tmp_path / "policy.json"
    managed = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}}
    file.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Policy": managed}}))
    lint(REGIONS[:1], file, checks=("W", "E", "I3510"))


@no_database
def test_neither_reaches_another_stage_or_the_role_itself() -> None:
    for make in (deployer_policy.policy, cloudformation_policy.policy):
        text = json.dumps(make("dev"))
        assert "prod" not in text
        assert len(text) > 2_000
    changed = cloudformation_policy.policy("prod")
    own = f"arn:aws:iam::{ACCOUNT}:role/{cloudformation_policy.role_name('prod')}"
    for action in ("iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PassRole", "iam:UpdateAssumeRolePolicy"):
        assert is_allowed(changed, (action, f"arn:aws:iam::{ACCOUNT}:role/crm-prod-WorkRole-1")) or "Attach" in action
        assert not is_allowed(changed, (action, own))


@no_database
def test_cloudformation_may_make_every_type_of_resource_that_a_template_has(
    packaged_template: Callable[[str], Template],
) -> None:
    account = template.read(Path(template.__file__).with_name("account.yaml"))
    types = {entry["Type"] for entry in account["Resources"].values()}
    for stage in policies.STAGES:
        types |= {entry["Type"] for entry in packaged_template(stage).translated["Resources"].values()}
    of_domain = {"AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping"}
    of_email = {"AWS::SES::ConfigurationSet", "AWS::SES::ConfigurationSetEventDestination"}
    assert types | of_domain | of_email == set(cloudformation_policy.of_types("prod")), (
        "add its actions to deploy/cloudformation_policy.py"
    )


NAMES = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:CreateTable", "arn:aws:dynamodb:r:1:table/{}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:CreateFunction", "arn:aws:lambda:r:1:function:{}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:CreateQueue", "arn:aws:sqs:r:1:{}"),
    "AWS::SNS::Topic": ("TopicName", "sns:CreateTopic", "arn:aws:sns:r:1:{}"),
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:PutMetricAlarm", "arn:aws:cloudwatch:r:1:alarm:{}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "cloudwatch:PutDashboard", "arn:aws:cloudwatch::1:dashboard/{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:CreateLogGroup", "arn:aws:logs:r:1:log-group:{}"),
}
"""(property with the name, action that creates it, ARN)"""


@no_database
@pytest.mark.parametrize("stage", policies.STAGES)
def test_cloudformation_may_make_resources_of_these_very_names(
    stage: str, packaged_template: Callable[[str], Template]
) -> None:
    policy, seen = cloudformation_policy.policy(stage), set()
    for name, entry in packaged_template(stage).translated["Resources"].items():
        if entry["Type"] in NAMES:
            key, action, arn = NAMES[entry["Type"]]
            seen.add(entry["Type"])
            assert is_allowed(policy, (action, arn.format(entry["Properties"][key]))), name
        # CloudFormation makes these names of the stack's and the resource's.
        if entry["Type"] == "AWS::IAM::Role":
            assert "ManagedPolicyArns" not in entry["Properties"]
            assert is_allowed(policy, ("iam:CreateRole", f"arn:aws:iam::1:role/crm-{stage}-{name}-X"))
            assert is_allowed(policy, ("iam:PassRole", f"arn:aws:iam::1:role/crm-{stage}-{name}-X"))
        if entry["Type"] == "AWS::Events::Rule":
            assert is_allowed(policy, ("events:PutRule", f"arn:aws:events:r:1:rule/crm-{stage}-{name}-X"))
    assert seen == NAMES.keys()


@no_database
def test_the_files_are_those_of_the_code() -> None:
    assert set(deployer_policy.files()) == set(deployer_policy.DIRECTORY.glob("*.json"))
    for file, text in deployer_policy.files().items():
        assert file.read_text("utf-8") == text, f"{file.name} is old: python -m deploy policies"


@no_database
def test_the_bucket_of_releases_is_in_the_policy(recorder: Recorder) -> None:
    bucket.ensure(Releases(STAGE, ACCOUNT).bucket, ACCOUNT)
    assert {action for action, _ in recorder.uses} == {
        "s3:CreateBucket",
        "s3:ListBucket",
        "s3:PutBucketPolicy",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutLifecycleConfiguration",
    }
