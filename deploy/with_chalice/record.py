"""Chalice's record of what it has deployed, kept in the bucket of releases.

Chalice finds its REST API only by this file. Without it, a second machine would create a second API with another address.
"""

import json
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from deploy import functions
from deploy.stack_states import DeployError

API, EVENT_SOURCE = "rest_api", "-sqs-event-source"
"""Chalice's name of the API, and how that of a consumer's event source ends."""
Content = dict[str, Any]


def path(project: Path, stage: str) -> Path:
    """Return where Chalice reads and writes the record."""
    return project / ".chalice" / "deployed" / f"{stage}.json"


def read(project: Path, stage: str) -> Content:
    content: Content = json.loads(path(project, stage).read_text("utf-8"))
    return content


def write(project: Path, stage: str, content: Content) -> None:
    file = path(project, stage)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content), "utf-8")


class Record:
    def __init__(self, stage: str, account: str, bucket: str) -> None:
        self.bucket = bucket
        self._s3: Any = boto3.client("s3")
        self._stage = stage
        self._place = {"Bucket": bucket, "Key": f"chalice/{stage}.json", "ExpectedBucketOwner": account}

    def load(self) -> Content | None:
        """Return the record of the last deployment, from whatever machine. Raises DeployError."""
        try:
            content: Content = json.loads(self._s3.get_object(**self._place)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "NoSuchBucket"}:
                raise
            return find_deployed(self._stage)
        return content

    def save(self, content: Content) -> None:
        self._s3.put_object(**self._place, Body=json.dumps(content).encode())

    def delete(self) -> None:
        self._s3.delete_object(**self._place)


def url(content: Content | None) -> str:
    """Return the address of GraphQL. It is empty if there is no API yet, or if its address is not in the record."""
    entries = [entry for entry in (content or {}).get("resources", ()) if entry["name"] == API]
    return f"{entries[0]['rest_api_url']}graphql" if entries and entries[0].get("rest_api_url") else ""


def find_deployed(stage: str) -> Content | None:
    """Look in the account for what a deployment without a record has left: it failed, or it was made elsewhere.

    Raises DeployError if it is not clear which API is the stage's.
    """
    apis = _apis(f"crm-{stage}")
    if not apis:
        return None
    if len(apis) > 1:
        raise DeployError(
            f"The account has {len(apis)} APIs named crm-{stage}: {', '.join(apis)}. Delete those that nobody uses, then try again."
        )
    return {
        "schema_version": "2.0",
        "backend": "api",
        "resources": [_api(apis[0]), *(each for name in functions.CONSUMERS for each in _event_sources(stage, name))],
    }


def _apis(name: str) -> list[str]:
    pages = boto3.client("apigateway").get_paginator("get_rest_apis").paginate()
    return [entry["id"] for page in pages for entry in page["items"] if entry["name"] == name]


def _api(name: str) -> Content:
    """Chalice writes the address itself, once it has found the API."""
    return {"name": API, "resource_type": "rest_api", "rest_api_id": name, "rest_api_url": ""}


def _event_sources(stage: str, consumer: str) -> list[Content]:
    name = functions.function_name(consumer, stage)
    try:
        found = boto3.client("lambda").list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return []  # the function is newer than what is deployed
    return [
        {
            "name": f"{consumer}{EVENT_SOURCE}",
            "resource_type": "sqs_event",
            "queue": entry["EventSourceArn"].rpartition(":")[2],
            "queue_arn": entry["EventSourceArn"],
            "event_uuid": entry["UUID"],
            "lambda_arn": entry["FunctionArn"],
        }
        for entry in found
    ]
