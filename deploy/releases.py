"""Releases in a bucket: each is a template whose functions name their code by its hash, so that it can be deployed again."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy.package import Package
from deploy.stack_states import DeployError

OUTPUT = "Release"
"""The output of the stack that names its release. A tag would be written to every resource at each deployment."""


class Releases:
    def __init__(self, stage: str, account: str, bucket: str | None = None) -> None:
        self._s3: Any = boto3.client("s3")
        self._region: str = self._s3.meta.region_name
        self._stage = stage
        self._account_id = account
        self.bucket = bucket or f"crm-deploy-{account}-{self._region}"

    def publish(self, package: Package) -> str:
        """Upload a package. Return the name of the release: that of an earlier one, if it is the same."""
        code = package.code.read_bytes()
        key = f"code/{hashlib.sha256(code).hexdigest()}.zip"
        template = json.loads(package.template.read_text("utf-8"))
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": self.bucket, "Key": key}
        digest = hashlib.sha256(json.dumps(template).encode()).hexdigest()[:12]
        same = [name for name in self.names() if name.endswith(f"-{digest}")]
        if same:
            return same[-1]
        release = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{digest}"
        template["Outputs"][OUTPUT] = {"Value": release}
        self._put(key, code)
        self._put(self._key(release), json.dumps(template).encode())
        return release

    def names(self) -> list[str]:
        """The oldest first."""
        return sorted(name.removesuffix(".json") for name in self._list(f"{self._stage}/"))

    def template(self, release: str) -> dict[str, Any]:
        """Raises DeployError if there is no such release."""
        try:
            found = self._s3.get_object(
                Bucket=self.bucket, Key=self._key(release), ExpectedBucketOwner=self._account_id
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            raise DeployError(f"There is no release {release}. List them: make releases STAGE={self._stage}") from None
        template: dict[str, Any] = json.loads(found["Body"].read())
        return template

    def put_template(self, template: dict[str, Any]) -> str:
        """Store a template for one update of a stack, and return its URL. It is no release."""
        body = json.dumps(template).encode()
        key = f"steps/{self._stage}/{hashlib.sha256(body).hexdigest()[:16]}.json"
        self._put(key, body)
        return self._url(key)

    def record(self, release: str, *, came_up: bool) -> None:
        """Remember whether the stack came up with this release: rollbacks go to those that did."""
        self._put(f"results/{self._stage}/{release}.{'up' if came_up else 'failed'}", b"")

    def results(self) -> dict[str, str]:
        """Return "up" or "failed" for each release that was deployed. One that came up once counts as "up"."""
        found: dict[str, str] = {}
        for name in sorted(self._list(f"results/{self._stage}/")):  # "failed" comes before "up"
            release, _, result = name.rpartition(".")
            found[release] = result
        return found

    def before(self, release: str) -> str | None:
        """Return the newest release before this one that came up."""
        results = self.results()
        earlier = [name for name in self.names() if name < release and results.get(name) == "up"]
        return earlier[-1] if earlier else None

    def url(self, release: str) -> str:
        return self._url(self._key(release))

    def _url(self, key: str) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"https://s3.{self._region}.{suffix}/{self.bucket}/{key}"

    def _key(self, release: str) -> str:
        return f"{self._stage}/{release}.json"

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self.bucket, Key=key, Body=body, ExpectedBucketOwner=self._account_id)

    def _list(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, ExpectedBucketOwner=self._account_id
        )
        return [entry["Key"].removeprefix(prefix) for page in pages for entry in page.get("Contents", ())]
