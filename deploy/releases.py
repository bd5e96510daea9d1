"""Where do releases lie? In a bucket: each a template whose functions name their code by its hash, so it can come back."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.package import Package


class Releases:
    def __init__(self, stage: str, bucket: str | None = None) -> None:
        self._s3: Any = boto3.client("s3")
        self._region: str = self._s3.meta.region_name
        self._stage = stage
        self.bucket = bucket or f"crm-deploy-{boto3.client('sts').get_caller_identity()['Account']}-{self._region}"

    def ensure_bucket(self) -> None:
        try:
            self._s3.head_bucket(Bucket=self.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            place = {} if self._region == "us-east-1" else {"LocationConstraint": self._region}
            configuration = {"CreateBucketConfiguration": place} if place else {}
            self._s3.create_bucket(Bucket=self.bucket, **configuration)
            closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
            self._s3.put_public_access_block(
                Bucket=self.bucket, PublicAccessBlockConfiguration=dict.fromkeys(closed, True)
            )

    def publish(self, package: Package) -> str:
        """The name of the release."""
        code = package.code.read_bytes()
        digest = hashlib.sha256(code).hexdigest()
        key = f"code/{digest}.zip"
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=code)
        template = json.loads(package.template.read_text("utf-8"))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": self.bucket, "Key": key}
        body = json.dumps(template).encode()
        release = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{hashlib.sha256(body).hexdigest()[:12]}"
        self._s3.put_object(Bucket=self.bucket, Key=self._key(release), Body=body)
        return release

    def names(self) -> list[str]:
        """The oldest first."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self._stage}/")
        keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return sorted(key.removeprefix(f"{self._stage}/").removesuffix(".json") for key in keys)

    def before(self, release: str) -> str | None:
        earlier = [name for name in self.names() if name < release]
        return earlier[-1] if earlier else None

    def url(self, release: str) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self._region}.{suffix}/{self.bucket}/{self._key(release)}"

    def _key(self, release: str) -> str:
        return f"{self._stage}/{release}.json"
