"""The bucket of releases: ours, closed to the public, reached over TLS only, and rid of what is old."""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.stack_states import DeployError

STEP_DAYS, UPLOAD_DAYS = 30, 7
_CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


def ensure(name: str, account: str) -> None:
    """Create the bucket if it is missing, and set its rules. Raises DeployError if it belongs to another account."""
    s3: Any = boto3.client("s3")
    try:
        s3.head_bucket(Bucket=name, ExpectedBucketOwner=account)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"403", "AccessDenied"}:
            raise DeployError(
                f"The bucket {name} is not yours, or you may not use it. Its name can be guessed, so somebody else may have"
                " created it. Use another one: --bucket NAME"
            ) from None
        if code not in {"404", "NoSuchBucket"}:
            raise
        region = s3.meta.region_name
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, **place)
    owner = {"Bucket": name, "ExpectedBucketOwner": account}
    s3.put_public_access_block(PublicAccessBlockConfiguration=dict.fromkeys(_CLOSED, True), **owner)
    s3.put_bucket_policy(Policy=json.dumps(_tls_only(name, s3.meta.partition)), **owner)
    s3.put_bucket_lifecycle_configuration(LifecycleConfiguration={"Rules": _rules()}, **owner)


def _tls_only(name: str, partition: str) -> dict[str, Any]:
    arn = f"arn:{partition}:s3:::{name}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _rules() -> list[dict[str, Any]]:
    """Releases stay, since a rollback may want them: 8 MB each, and only if the code has changed."""
    return [
        {"ID": "steps", "Status": "Enabled", "Filter": {"Prefix": "steps/"}, "Expiration": {"Days": STEP_DAYS}},
        {
            "ID": "uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOAD_DAYS},
        },
    ]
