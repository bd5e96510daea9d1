"""Whether Lambda's quota of concurrent executions leaves room for the concurrency that a stage reserves.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html: 100 of an account's executions cannot be reserved.
New accounts have 10 or 50 in all, so a reservation fails in the middle of the creation.
"""

from typing import Any

import boto3
from botocore.exceptions import ClientError

UNRESERVABLE = 100
PARAMETER = "ReserveConcurrency"
CONDITION = "ReservesConcurrency"


def make_optional(template: dict[str, Any]) -> None:
    """Reserve concurrency only if the parameter says so: whoever deploys sets it after a look at the quota."""
    if not wanted(template):
        return
    template.setdefault("Parameters", {})[PARAMETER] = {
        "Type": "String",
        "Default": "true",
        "AllowedValues": ["true", "false"],
        "Description": "Reserve concurrent executions for the jobs",
    }
    template.setdefault("Conditions", {})[CONDITION] = {"Fn::Equals": [{"Ref": PARAMETER}, "true"]}
    for function in _functions(template):
        reserved = function.get("ReservedConcurrentExecutions")
        if reserved is not None:
            function["ReservedConcurrentExecutions"] = {"Fn::If": [CONDITION, reserved, {"Ref": "AWS::NoValue"}]}


def wanted(template: dict[str, Any]) -> dict[str, int]:
    """Return what each function of a packaged template would reserve, by its name."""
    found = {}
    for function in _functions(template):
        reserved = function.get("ReservedConcurrentExecutions")
        if isinstance(reserved, dict):
            reserved = reserved["Fn::If"][1]
        if reserved:
            found[function["FunctionName"]] = int(reserved)
    return found


def missing(template: dict[str, Any]) -> str | None:
    """Return a sentence if there is no room for the reservations, and None if there is."""
    functions = wanted(template)
    if not functions:
        return None
    client: Any = boto3.client("lambda")
    limits = client.get_account_settings()["AccountLimit"]
    own = sum(_reserved(client, name) for name in functions)
    room = limits["UnreservedConcurrentExecutions"] + own - UNRESERVABLE
    needed = sum(functions.values())
    if needed <= room:
        return None
    return (
        f"WARNING: Lambda may run {limits['ConcurrentExecutions']} executions at a time in this account and region. That leaves"
        f" {max(0, room)} to reserve, and the jobs of this stage need {needed}. Deploying WITHOUT reservations: a busy API can"
        " delay jobs. Ask AWS for a higher quota (Lambda, Concurrent executions), then deploy again."
    )


def _reserved(client: Any, function: str) -> int:
    """What the function has reserved already; 0 if it does not exist yet."""
    try:
        return int(client.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions", 0))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return 0


def _functions(template: dict[str, Any]) -> list[dict[str, Any]]:
    kinds = {"AWS::Serverless::Function", "AWS::Lambda::Function"}
    return [entry["Properties"] for entry in template["Resources"].values() if entry["Type"] in kinds]
