"""What may each function do? The one table, and the policy files that Chalice gives each function's role.

`python -m deploy policies` writes `.chalice/policy-<stage>-<function>.json`. Accounts and regions are stars there, since
`chalice deploy` sends the files as they are; `deploy.template` puts the stack's own in their place.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHALICE = ROOT / ".chalice"
STAGES = ("dev", "prod")
API = "api_handler"

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


_LEDGER = {"runs": (_BATCH_GET, _GET, _PUT), "ops": (_GET, _PUT, _UPDATE)}
_LEDGER_OF_DAYS = {"runs": (*_LEDGER["runs"], _QUERY), "ops": (*_LEDGER["ops"], _QUERY)}
NEEDS: Mapping[str, Needs] = {
    API: Needs(
        tables={
            "customers": (_BATCH_GET, _DELETE, _GET, _PUT, _UPDATE),
            "products": (_BATCH_GET, _DELETE, _GET, _PUT, _UPDATE),
            "orders": (_BATCH_GET, _GET, _PUT, _UPDATE),
            "lines": (_BATCH_WRITE, _QUERY),
            "ops": (_BATCH_GET, _DELETE, _GET, _PUT, _QUERY, _UPDATE),
            "runs": (_BATCH_GET, _GET, _PUT, _QUERY),
            "reports": (_BATCH_GET, _QUERY),
        },
        indexes=("customers", "products", "orders", "runs"),
        queues={
            "jobs": ("sqs:GetQueueAttributes", *_ASK),
            "jobs-dead": ("sqs:ChangeMessageVisibility", "sqs:GetQueueUrl", *_TAKE),
        },
    ),
    "heartbeat": Needs(
        tables={"runs": _LEDGER_OF_DAYS["runs"], "ops": (*_LEDGER_OF_DAYS["ops"], _DELETE)},
        indexes=("runs",),
        queues={"jobs": _ASK},
        tells=True,
    ),
    "low_stock": Needs(
        tables={"products": (_BATCH_GET, _UPDATE), **_LEDGER},
        indexes=("products", "runs"),
        queues={"jobs": _ASK},
    ),
    "order_reminders": Needs(
        tables={"customers": (_BATCH_GET,), "orders": (_BATCH_GET,), **_LEDGER_OF_DAYS},
        indexes=("orders", "runs"),
        queues={"jobs": _ASK},
        mails=True,
    ),
    "customer_cleanup": Needs(
        tables={
            "customers": (_BATCH_GET, _DELETE, _GET),
            "runs": _LEDGER["runs"],
            "ops": (*_LEDGER_OF_DAYS["ops"], _DELETE),
        },
        indexes=("customers", "runs"),
        queues={"jobs": _ASK},
    ),
    "weekly_report": Needs(tables={"runs": (_GET, _PUT)}, queues={"jobs": _ASK}),
    "work": Needs(
        tables={
            "customers": (_BATCH_GET, _DELETE, _GET),
            "products": (_BATCH_GET, _GET, _UPDATE),
            "orders": (_BATCH_GET,),
            "runs": _LEDGER_OF_DAYS["runs"],
            "ops": (*_LEDGER_OF_DAYS["ops"], _DELETE),
            "reports": (_PUT, _QUERY),
        },
        indexes=("customers", "products", "orders", "runs"),
        queues={"jobs": ("sqs:ChangeMessageVisibility", *_ASK, *_TAKE)},
        by_lambda=_TAKE,
        mails=True,
    ),
}


def function_name(stage: str, function: str) -> str:
    return f"crm-{stage}" if function == API else f"crm-{stage}-{function}"


def policy(stage: str, function: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(_statements(stage, function, NEEDS[function]))}


def _statements(stage: str, function: str, needs: Needs) -> Iterator[dict[str, Any]]:
    table = f"arn:aws:dynamodb:*:*:table/crm-{stage}-"
    for name, actions in needs.tables.items():
        yield _allow(f"{table}{name}", *(f"dynamodb:{action}" for action in actions))
    for name in needs.indexes:
        yield _allow(f"{table}{name}/index/*", "dynamodb:Query")
    for name, actions in needs.queues.items():
        yield _allow(f"arn:aws:sqs:*:*:crm-{stage}-{name}", *actions)
    if needs.tells:
        yield _allow(f"arn:aws:sns:*:*:crm-{stage}-alerts", "sns:Publish")
    if needs.mails:
        yield _allow("arn:aws:ses:*:*:identity/*", "ses:SendEmail")
    group = f"arn:aws:logs:*:*:log-group:/aws/lambda/{function_name(stage, function)}:*"
    yield _allow(group, "logs:CreateLogStream", "logs:PutLogEvents")
    yield _allow("*", "xray:PutTelemetryRecords", "xray:PutTraceSegments")  # X-Ray knows no resources here


def _allow(resource: str, *actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(actions), "Resource": resource}


def files() -> dict[Path, str]:
    """What has to stand in each policy file."""
    return {
        CHALICE / f"policy-{stage}-{function}.json": json.dumps(policy(stage, function), indent=2) + "\n"
        for stage in STAGES
        for function in NEEDS
    }


def write() -> None:
    for file, text in files().items():
        file.write_text(text, "utf-8")
