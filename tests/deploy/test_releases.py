"""Releases: the same package is the same release, and a rollback goes to the last one that came up."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from deploy import bucket
from deploy.package import Package
from deploy.releases import OUTPUT, Releases
from deploy.stack_states import DeployError

pytestmark = pytest.mark.no_database
ACCOUNT = "123456789012"


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        found = Releases("prod", ACCOUNT)
        place: Any = {"LocationConstraint": "eu-central-1"}
        made = boto3.resource("s3").create_bucket(Bucket=found.bucket, CreateBucketConfiguration=place)
        yield found
        # Another test of this process may have started moto already, and then it keeps what is here.
        made.object_versions.delete()
        made.delete()


def packaged(place: Path, code: bytes, **resources: Any) -> Package:
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}}
    (place / "sam.json").write_text(json.dumps({"Resources": {"F": function, **resources}, "Outputs": {}}))
    (place / "deployment.zip").write_bytes(code)
    return Package(place / "sam.json", place / "deployment.zip")


def test_the_same_package_is_the_same_release_and_names_itself_in_an_output(releases: Releases, tmp_path: Path) -> None:
    first = releases.publish(packaged(tmp_path, b"one"))
    assert releases.publish(packaged(tmp_path, b"one")) == first
    second = releases.publish(packaged(tmp_path, b"two"))
    assert sorted({first, second}) == releases.names()
    template = releases.template(first)
    assert template["Outputs"][OUTPUT] == {"Value": first}
    code = template["Resources"]["F"]["Properties"]["CodeUri"]
    assert boto3.client("s3").get_object(Bucket=code["Bucket"], Key=code["Key"])["Body"].read() == b"one"


def put(releases: Releases, *names: str) -> None:
    for name in names:
        boto3.client("s3").put_object(Bucket=releases.bucket, Key=f"prod/{name}.json", Body=b"{}")


def test_a_rollback_passes_over_releases_that_failed_or_were_never_deployed(releases: Releases) -> None:
    put(releases, "1-good", "2-good", "3-failed", "4-never", "5-current")
    for name in ("1-good", "2-good", "5-current"):
        releases.record(name, came_up=True)
    releases.record("3-failed", came_up=False)
    assert releases.before("5-current") == "2-good"
    assert releases.before("2-good") == "1-good"
    assert releases.before("1-good") is None


def test_a_release_that_failed_once_and_came_up_later_counts_as_good(releases: Releases) -> None:
    put(releases, "1", "2")
    releases.record("1", came_up=True)
    releases.record("1", came_up=False)
    assert releases.results() == {"1": "up"}
    assert releases.before("2") == "1"


def test_steps_of_an_update_and_results_are_no_releases(releases: Releases) -> None:
    put(releases, "1")
    releases.record("1", came_up=True)
    url = releases.put_template({"Resources": {}})
    assert url.startswith(f"https://s3.eu-central-1.amazonaws.com/{releases.bucket}/steps/prod/")
    assert releases.names() == ["1"]


def test_a_release_that_does_not_exist_is_named(releases: Releases) -> None:
    with pytest.raises(DeployError, match="no release x"):
        releases.template("x")


def test_the_bucket_is_closed_asks_for_tls_and_forgets_steps(releases: Releases) -> None:
    s3 = boto3.client("s3")
    bucket.ensure(releases.bucket, ACCOUNT)  # not in the fixture: moto refuses everything then, whatever the condition
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=releases.bucket)["Policy"])["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert set(s3.get_public_access_block(Bucket=releases.bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    rules = s3.get_bucket_lifecycle_configuration(Bucket=releases.bucket)["Rules"]
    expiring = {rule["Filter"]["Prefix"] for rule in rules if "Expiration" in rule}
    assert expiring == {"steps/"}, "a release must stay for rollbacks"


def test_a_bucket_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Foreign:
        def head_bucket(self, **arguments: Any) -> None:
            from tests.deploy.fake_aws import client_error  # noqa: PLC0415

            asked.append(arguments)
            raise client_error("403", "Forbidden")

    monkeypatch.setattr(boto3, "client", lambda _name: Foreign())
    with pytest.raises(DeployError, match="not yours"):
        bucket.ensure("crm-deploy-1-eu", ACCOUNT)
    assert asked == [{"Bucket": "crm-deploy-1-eu", "ExpectedBucketOwner": ACCOUNT}]
