"""What each function may do, from the permissions of its job, and the policy files that Chalice gives its role.

`python -m deploy policies` writes `.chalice/policy-<stage>-<function>.json`. Partitions, accounts and regions are stars there, since
`chalice deploy` sends the files as they are; `deploy.template` puts the stack's own in their place.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chalicelib.jobs import catalog, dispatcher
from chalicelib.jobs.job import Job

ROOT = Path(__file__).resolve().parent.parent
CHALICE = ROOT / ".chalice"
STAGES = ("dev", "prod")
PROTECTED = ("prod",)
"""Stages whose tables are protected against deletion, and whose creation has to be confirmed."""
API, CONSUMER, DISPATCH, EMAIL_EVENTS = "api_handler", "work", dispatcher.NAME, "email_events"
CONSUMERS = (CONSUMER, EMAIL_EVENTS)
"""The functions that read a queue."""

_GET, _QUERY, _PUT, _UPDATE, _DELETE = "GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"
_BATCH_GET, _BATCH_WRITE, _CHECK = "BatchGetItem", "BatchWriteItem", "ConditionCheckItem"
_ASK = ("sqs:GetQueueUrl", "sqs:SendMessage")
_TAKE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
"""What Lambda itself needs of the role to read the queue for the consumer."""


@dataclass(frozen=True, slots=True)
class Needs:
    """`tables` and `indexes` map a table to DynamoDB's actions, `queues` a queue to actions; the others stand alone."""

    tables: Mapping[str, tuple[str, ...]]
    indexes: tuple[str, ...] = ()
    """The tables whose indexes are queried."""
    queues: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_lambda: tuple[str, ...] = ()
    """Of what is there, what no code of ours calls."""
    tells: bool = False
    mails: bool = False


_DEAD_LETTERS = dict.fromkeys(
    ("email-events-dead", "jobs-dead"), ("sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", *_TAKE)
)
_LEDGER = {"runs": (_BATCH_GET, _GET, _PUT), "ops": (_GET, _PUT, _QUERY, _UPDATE)}
_API_NEEDS = Needs(
    tables={
        "customers": (_BATCH_GET, _CHECK, _DELETE, _GET, _PUT, _UPDATE),
        "products": (_BATCH_GET, _DELETE, _GET, _PUT, _UPDATE),
        "orders": (_BATCH_GET, _CHECK, _GET, _PUT, _UPDATE),
        "lines": (_BATCH_WRITE, _QUERY),
        "ops": (_BATCH_GET, _BATCH_WRITE, _DELETE, _GET, _PUT, _QUERY, _UPDATE),
        "runs": (_BATCH_GET, _GET, _PUT, _QUERY),
        "reports": (_BATCH_GET, _QUERY, _UPDATE),
    },
    indexes=("customers", "products", "orders", "ops", "runs"),
    queues={
        "jobs": ("sqs:GetQueueAttributes", *_ASK),
        **_DEAD_LETTERS,
    },
)


def _merge(*parts: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for part in parts:
        for table, actions in part.items():
            found.setdefault(table, set()).update(actions)
    return {table: tuple(sorted(actions)) for table, actions in sorted(found.items())}


def _needs_of(job: Job) -> Needs:
    """A queued job only sends a message: its steps are the consumer's."""
    if job.queued:
        return Needs(tables={"runs": (_GET, _PUT), "ops": (_GET,)}, queues={"jobs": _ASK})
    return Needs(
        tables=_merge(_LEDGER, job.permissions.tables),
        indexes=tuple(sorted({*job.permissions.indexes, "runs"})),
        queues={"jobs": _ASK},
        tells=job.permissions.publishes,
        mails=job.permissions.sends_email,
    )


def _needs_of_consumer(jobs: Iterable[Job]) -> Needs:
    """The consumer of the queue does runs of every job."""
    permissions = [job.permissions for job in jobs]
    return Needs(
        tables=_merge(_LEDGER, *(each.tables for each in permissions)),
        indexes=tuple(sorted({"runs", *(name for each in permissions for name in each.indexes)})),
        queues={
            "jobs": ("sqs:ChangeMessageVisibility", *_ASK, *_TAKE),
            **(_DEAD_LETTERS if any(each.takes_dead_letters for each in permissions) else {}),
        },
        by_lambda=_TAKE,
        tells=True,  # notifications go through its queue
        mails=True,
    )


_DISPATCH_NEEDS = Needs(
    tables={"ops": (_DELETE, _GET, _PUT, _QUERY), "runs": (_GET, _PUT)},
    queues={"jobs": _ASK},
)
NEEDS: Mapping[str, Needs] = {
    API: _API_NEEDS,
    **{name: _needs_of(job) for name, job in catalog.JOBS.items()},
    DISPATCH: _DISPATCH_NEEDS,
    CONSUMER: _needs_of_consumer(catalog.known_jobs().values()),
    EMAIL_EVENTS: Needs(tables={"ops": (_GET, _PUT)}, queues={"email-events": _TAKE}, by_lambda=_TAKE),
}


def is_protected(stage: str) -> bool:
    return stage in PROTECTED


def function_name(stage: str, function: str) -> str:
    return f"crm-{stage}" if function == API else f"crm-{stage}-{function}"


def policy(stage: str, function: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(_statements(stage, function, NEEDS[function]))}


def _statements(stage: str, function: str, needs: Needs) -> Iterator[dict[str, Any]]:
    table = f"arn:*:dynamodb:*:*:table/crm-{stage}-"
    for name, actions in needs.tables.items():
        yield _allow(f"{table}{name}", *(f"dynamodb:{action}" for action in actions))
    for name in needs.indexes:
        yield _allow(f"{table}{name}/index/*", "dynamodb:Query")
    for name, actions in needs.queues.items():
        yield _allow(f"arn:*:sqs:*:*:crm-{stage}-{name}", *actions)
    if needs.tells:
        yield _allow(f"arn:*:sns:*:*:crm-{stage}-alerts", "sns:Publish")
    if needs.mails:
        yield _allow("arn:*:ses:*:*:identity/*", "ses:SendEmail")
        yield _allow("arn:*:ses:*:*:configuration-set/*", "ses:SendEmail")  # if the identity has a default one
    group = f"arn:*:logs:*:*:log-group:/aws/lambda/{function_name(stage, function)}:*"
    yield _allow(group, "logs:CreateLogStream", "logs:PutLogEvents")
    # With `"xray": true`. X-Ray knows no resources here.
    yield _allow("*", "xray:PutTelemetryRecords", "xray:PutTraceSegments")


def _allow(resource: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def files() -> dict[Path, str]:
    """What has to stand in each policy file."""
    return {
        CHALICE / f"policy-{stage}-{function}.json": json.dumps(policy(stage, function), indent=2) + "\n"
        for stage in STAGES
        for function in NEEDS
    }
