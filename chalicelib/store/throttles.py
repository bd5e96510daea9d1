"""Counts what DynamoDB throttles, so that one alarm with one metric covers all tables and indexes.

DynamoDB has two metrics of throttles for each table and each index, and an alarm is paid for each metric. Every request of
the tables is made by this code, so their answers tell the same. They are counted before they are sent again: a throttle is
worth an alarm even if the next attempt succeeded.
"""

from typing import Any

from chalicelib import telemetry

METRIC = "DatabaseThrottled"
_CODES = {
    "ProvisionedThroughputExceeded",  # of an action of a transaction
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingError",  # of an action of a transaction
    "ThrottlingException",
}


def watch(client: Any) -> None:
    """Count the throttled answers to this client of DynamoDB from now on."""
    client.meta.events.register("needs-retry.dynamodb", _count, unique_id="throttles")


def _count(response: Any, **_rest: Any) -> None:
    """Count a throttled answer. This event asks whether to try again, and None leaves that to its other handlers."""
    if response is not None and is_throttled(response[1]):
        telemetry.count(METRIC)


def is_throttled(answer: dict[str, Any]) -> bool:
    """Return whether the request, an action of the transaction or a part of the batch was throttled."""
    if answer.get("UnprocessedItems") or answer.get("UnprocessedKeys"):
        return True
    reasons = answer.get("CancellationReasons", ())
    codes = {answer.get("Error", {}).get("Code"), *(reason.get("Code") for reason in reasons)}
    return not codes.isdisjoint(_CODES)
