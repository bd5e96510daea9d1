"""What whoever deploys may do: the policy of a person or of a CI system, for one stage, with CloudFormation under its own role.

A test records the calls of every command, and compares them with this in both directions.
"""

import json
from pathlib import Path
from typing import Any

from deploy import cloudformation_policy, policies
from deploy.grants import PARTITION, Grant, allow, document

DIRECTORY = Path(__file__).with_name("permissions")
_OWN_ACCOUNT = {"StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}}
"""The name of the bucket can be guessed, so it may be somebody else's."""


def policy(stage: str) -> dict[str, Any]:
    return document(statements(stage))


def files() -> dict[Path, str]:
    """Return what has to stand in each file of `deploy/permissions`, which `python -m deploy policies` writes."""
    kinds = {"deployer": policy, "cloudformation": cloudformation_policy.policy}
    return {
        DIRECTORY / f"{kind}-{stage}.json": json.dumps(make(stage), indent=2) + "\n"
        for kind, make in kinds.items()
        for stage in policies.STAGES
    }


def statements(stage: str) -> dict[str, tuple[Grant, ...]]:
    return {
        "Stacks": _stacks(stage),
        "Releases": _releases(stage),
        "Checks": _checks(stage),
        "Tables": _tables(stage),
        "Restore": _restores(stage),
        "DeleteData": (allow("dynamodb", "DeleteTable", f"{PARTITION}dynamodb:*:*:table/crm-{stage}-*"),),
    }


def _stacks(stage: str) -> tuple[Grant, ...]:
    names = (f"crm-{stage}", f"crm-{stage}-resources", "crm-account")
    role = f"{PARTITION}iam::*:role/{cloudformation_policy.role_name(stage)}"
    return (
        allow(
            "cloudformation",
            "ContinueUpdateRollback CreateChangeSet DeleteChangeSet DeleteStack DescribeChangeSet DescribeStackEvents"
            " DescribeStacks ExecuteChangeSet GetTemplate ListStackResources RollbackStack",
            *(f"{PARTITION}cloudformation:*:*:stack/{name}/*" for name in names),
        ),
        allow("cloudformation", "CreateChangeSet", f"{PARTITION}cloudformation:*:aws:transform/Serverless-2016-10-31"),
        allow(
            "iam",
            "PassRole",
            role,
            condition={"StringEquals": {"iam:PassedToService": "cloudformation.amazonaws.com"}},
        ),
    )


def _releases(stage: str) -> tuple[Grant, ...]:
    bucket = f"{PARTITION}s3:::crm-deploy-*"
    folders = ("code", stage, f"steps/{stage}", f"results/{stage}")
    return (
        # A bucket that does not exist yet has no account to compare: S3 would answer 403 instead of 404.
        allow("s3", "CreateBucket ListBucket", bucket),
        allow(
            "s3",
            "PutBucketPolicy PutBucketPublicAccessBlock PutLifecycleConfiguration",
            bucket,
            condition=_OWN_ACCOUNT,
        ),
        allow("s3", "GetObject PutObject", *(f"{bucket}/{each}/*" for each in folders), condition=_OWN_ACCOUNT),
    )


def _checks(stage: str) -> tuple[Grant, ...]:
    function = f"{PARTITION}lambda:*:*:function:crm-{stage}"
    return (
        allow("apigateway", "GET", f"{PARTITION}apigateway:*::/account"),
        allow("dynamodb", "ListTables", "*"),
        allow("lambda", "GetAccountSettings", "*"),
        allow("lambda", "GetFunctionConcurrency", f"{function}-*"),
        allow("lambda", "PutFunctionRecursionConfig", f"{function}-work"),
        allow("sns", "ListSubscriptionsByTopic", f"{PARTITION}sns:*:*:crm-{stage}-alerts"),
    )


def _restores(stage: str) -> tuple[Grant, ...]:
    """DynamoDB restores in the caller's name, so it wants to read and write the new table, whose name has a number.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/backuprestore_IAM.html
    """
    table = f"{PARTITION}dynamodb:*:*:table/crm-{stage}-"
    return (
        allow(
            "dynamodb",
            "DescribeContinuousBackups DescribeTimeToLive ListTagsOfResource RestoreTableToPointInTime TagResource"
            " UpdateContinuousBackups UpdateTimeToLive",
            f"{table}*",
        ),
        allow("dynamodb", "BatchWriteItem DeleteItem GetItem PutItem Query Scan UpdateItem", f"{table}*-*"),
    )


def _tables(stage: str) -> tuple[Grant, ...]:
    """Protection against deletion, and the first operator's key."""
    table = f"{PARTITION}dynamodb:*:*:table/crm-{stage}-"
    return (
        allow("dynamodb", "DescribeTable UpdateTable", f"{table}*"),
        allow("dynamodb", "GetItem PutItem Query", f"{table}ops", f"{table}*-ops"),
    )
