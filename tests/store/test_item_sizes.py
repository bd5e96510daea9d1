"""Each kind of stored row has a bound in bytes, below the 400 kB that DynamoDB takes, whatever its texts are."""

import ast
import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from pynamodb.models import Model

from chalicelib.access import api_keys
from chalicelib.access.api_keys import ApiKey
from chalicelib.access.roles import Role
from chalicelib.api.graphql.document_limits import MAX_TEXT
from chalicelib.api.http import idempotency, persisted_queries
from chalicelib.crm import (
    customer_rows,
    customers,
    imported_orders,
    order_edits,
    order_quantities,
    order_rows,
    orders,
    product_rows,
    product_values,
    refunds,
    search_index,
    text,
)
from chalicelib.crm.orders import OrderLine
from chalicelib.crm.products import Product
from chalicelib.jobs import (
    backfills,
    catalog,
    channel_changes,
    crontab,
    error_text,
    failure_pauses,
    notification_channels,
    notifications,
    operator_schedules,
    run_failures,
    run_records,
    schedule_input,
    webhook_addresses,
    weekly_report,
)
from chalicelib.jobs.job import StepResult
from chalicelib.jobs.notification_channels import Channel, ChannelKind, Event
from chalicelib.jobs.notifications import Notification
from chalicelib.jobs.operator_schedules import OperatorSchedule
from chalicelib.jobs.run_cancellation import Cancellation
from chalicelib.jobs.run_failures import Failure
from chalicelib.jobs.run_records import Run, Status, Trigger
from chalicelib.jobs.slots import Slot
from chalicelib.store import change_marks, tables
from chalicelib.store.change_marks import Values
from chalicelib.store.put_request import PlainRow, to_item
from tests.store import largest_customer
from tests.store.largest_customer import CUSTOMER, EMAIL, ID, NAME, TIME, TOKEN, WIDE

pytestmark = pytest.mark.no_database
ROOT = Path(__file__).parents[2]
DYNAMODB_LIMIT = 400 * 1024
PRODUCT = Product(
    id=ID,
    sku=WIDE * product_values.SKU_LIMIT,
    name=NAME,
    cents=10**14,
    stock=10**9,
    archived_at=TIME,
    sold=10**9,
    token=TOKEN,
    updated_at=TIME,
)
KEY = ApiKey(
    id=ID,
    name=NAME,
    role=Role.OPERATOR,
    created_at=TIME,
    created_by=NAME,
    digest="0" * 64,
    token=TOKEN,
    old_digests=(("0" * 64, TIME),) * api_keys._MAX_OLD_SECRETS,
)
ACTOR = f"{NAME} (0123456789ab)"
SCHEDULE = OperatorSchedule(
    id=ID,
    job="customer_cleanup",
    crontab="*" * crontab.MAX_LENGTH,
    time_zone="x" * 64,
    arguments={"inactive_days": 10**9, "cap": 10**9},
    starts_at=TIME,
    ends_at=TIME,
    note=WIDE * schedule_input.MAX_NOTE,
    paused=WIDE * 270,
    latest_slots=(TIME,) * failure_pauses.MAX_PAUSE_AFTER,
    created_by=ACTOR,
    updated_by=ACTOR,
    next_at=TIME,
    token=TOKEN,
)
CHANNEL = Channel(
    id=ID,
    name=WIDE * channel_changes.MAX_NAME,
    kind=ChannelKind.WEBHOOK,
    events=tuple(Event),
    jobs=tuple(catalog.JOBS),
    email=EMAIL,
    url='"' * webhook_addresses.MAX_URL,
    secret='"' * channel_changes.MAX_SECRET,
    created_by=ACTOR,
    updated_by=ACTOR,
    token=TOKEN,
)
NOTIFICATION = Notification(
    id=ID, event=Event.PROBLEM, kind="FAILING", job="low_stock", text=WIDE * error_text.MAX_LENGTH, at=TIME
)
DELIVERY = notifications.new_delivery(NOTIFICATION, CHANNEL)
CURSOR = "x" * (MAX_TEXT // 2)
ERROR, TRACE = WIDE * error_text.MAX_LENGTH, WIDE * error_text.MAX_TRACE
RUN = Run(
    "low_stock",
    Slot(TIME),
    Trigger.OPERATOR,
    TIME,
    Status.FAILED,
    actor=ACTOR,
    state={"ids": [ID] * 100, "after": CURSOR},
    counts={f"count_{number}": 10**9 for number in range(20)},
    error=ERROR,
    trace=TRACE,
    failures=(Failure(10**9, TIME, ERROR[: run_failures.MAX_LENGTH]),) * run_failures.MAX_KEPT,
    reason=f"cancelled by {ACTOR}: {NAME}",
    arguments={"inactive_days": 10**9, "cap": 10**9},
    cancellation=Cancellation(ACTOR, NAME, TIME),
    token=TOKEN,
)


QUANTITIES = {"quantities": {f"prd_{number:026}": 10**6 for number in range(order_edits.MAX_CHANGED)}}

REFUNDED = {"refunded": {f"prd_{number:026}": 10**6 for number in range(refunds.MAX_REFUNDED)}}


def an_order(lines: int, name: str) -> tables.Order:
    rows = tuple(OrderLine(ID, name, 10**6, 10**6) for _ in range(lines))
    return order_rows.to_row(orders.new_order(ID, ID, TIME, rows, reference="x" * 200))


def a_refunded_order() -> tables.Order:
    row = an_order(order_quantities.MAX_LINES, NAME)
    row.refund_of, row.refunded = ID, {f"prd_{number:026}": 10**6 for number in range(order_quantities.MAX_LINES)}
    return row


def aux(content: object) -> tables.AuxRow:
    return tables.AuxRow("p" * 500, "s" * 1000, owner=ID, token=TOKEN, content=content, ttl=None)


def a_change(before: Values, after: Values | None) -> tables.AuxRow:
    with change_marks.made_by(ACTOR, "x" * 128), change_marks.place("m", "redriveDeadLetters"):
        row = change_marks.row_of("run:customer_cleanup:" + TIME * 3, before, after, NAME)
    assert row
    return row


def lines_of(count: int) -> StepResult:
    return StepResult(
        None, tuple(f"[{TIME}] Product: {NAME}, New Stock: 1000000000" for _ in range(count)), {}, [ID] * 100
    )


def search_row() -> Model:
    """The largest: names of 200 characters of four bytes do not fit a sort key, so nobody has one."""
    name = WIDE * (text._KEY_BYTES // 4)
    item = max(search_index.items_of(replace(CUSTOMER, name=name)), key=lambda each: len(each["sk"]["S"].encode()))
    return tables.AuxRow(item["pk"]["S"], item["sk"]["S"], terms=item["terms"]["S"])


KINDS: dict[str, tuple[Model | PlainRow, int]] = {
    "customer": (customer_rows.to_row(CUSTOMER), 6_000),
    "product": (product_rows.to_row(PRODUCT), 4_000),
    "search row": (search_row(), 2_000),
    "order that was placed": (an_order(order_quantities.MAX_LINES, NAME), 260_000),
    "order that was refunded": (a_refunded_order(), 265_000),
    "run": (run_records.to_row(RUN), 90_000),
    "step with lines": (run_records.to_step_rows(RUN, lines_of(100))[0], 270_000),
    "step with sums": (
        run_records.to_step_rows(RUN, StepResult(None, (), {}, "x" * weekly_report.MAX_SUMS_BYTES))[0],
        310_000,
    ),
    "piece of a large step": (
        run_records.to_step_rows(RUN, StepResult(None, (), {}, '"' * 500_000))[0],
        352_000,
    ),
    "report": (
        tables.Report("weekly", TIME, content={"top": [{"id": ID, "name": NAME}] * 10}, token=TOKEN),
        40_000,
    ),
    "merge of customers": (aux(largest_customer.merge_content()), 28_000),
    "entry of an absorbed customer": (aux(largest_customer.entry_content()), 20_000),
    "deleted customer": (aux(asdict(CUSTOMER)), 10_000),
    "change of a customer": (a_change(customers.contact(CUSTOMER), customers.contact(CUSTOMER)), 25_000),
    "change of a product": (
        a_change(product_values.to_change_row(PRODUCT), product_values.to_change_row(PRODUCT)),
        25_000,
    ),
    "change of a schedule": (
        a_change(operator_schedules.to_change_row(SCHEDULE), operator_schedules.to_change_row(SCHEDULE)),
        25_000,
    ),
    "backfill": (aux({"actor": ACTOR, "left": [TIME] * backfills.MAX_LEFT, "current": TIME}), 20_000),
    "change of an order": (a_change(QUANTITIES, QUANTITIES), 25_000),
    "refund of an order": (a_change(REFUNDED, REFUNDED | {"creditNote": ID}), 25_000),
    "change by a backfill": (a_change({}, {"slots": [TIME] * backfills.MAX_RANGE}), 60_000),
    "change of a queue": (a_change({"letters": [f"customer_cleanup {TIME} {ID}"] * 100}, None), 25_000),
    "pause of a job": (aux({"reason": NAME, "actor": ACTOR, "since": TIME, "until": TIME}), 10_000),
    "alert": (aux({"text": ERROR, "since": TIME}), 30_000),
    "customers of a clean-up": (aux({"ids": [ID] * 100}), 6_000),
    "schedule": (operator_schedules.to_row(SCHEDULE), 12_000),
    "channel of notifications": (notification_channels.to_row(CHANNEL), 14_000),
    "change of a channel": (
        a_change(notification_channels.to_change_row(CHANNEL), notification_channels.to_change_row(CHANNEL)),
        15_000,
    ),
    "status of a channel": (tables.AuxRow("p" * 12, "s" * 40, since=TIME, used_at=TIME, reason=ERROR), 9_000),
    "delivery of a notification": (notifications.to_row(DELIVERY), 30_000),
    "API key": (aux(api_keys._content(KEY)), 12_000),
    "answer under an Idempotency-Key": (aux({"request": "0" * 64, "answer": "x" * idempotency._MAX_STORED}), 303_000),
    "persisted query": (aux({"text": "x" * persisted_queries.MAX_STORED_BYTES}), 103_000),
}
SMALL = {
    "counters.py", "email.py", "former_names.py", "order_lines.py", "concurrent_additions.py", "weekly_digest.py", "stage_secrets.py",
    "stored_time_zone.py",
    "unique_values.py",
}  # fmt: skip
"""Modules whose rows hold numbers, ids, or one text that fits a key."""
MODULES = {
    "alerts.py", "api_keys.py", "backfills.py", "change_marks.py", "cleanup_runs.py", "customer_rows.py", "customers.py",
    "deleted_customers.py", "idempotency.py", "email_suppressions.py", "erased_people.py", "job_state.py", "merge_records.py", "notification_channels.py", "notifications.py",
    "operator_schedules.py", "order_rows.py", "persisted_queries.py", "product_rows.py", "products.py", "reports.py",
    "returning_customers.py", "rewriting.py", "run_records.py", "step_rows.py", "stock.py",
}  # fmt: skip
"""Modules whose rows are in KINDS, or in tests/privacy/test_people.py."""


def size_of(row: Model | PlainRow) -> int:
    """Return the bytes that DynamoDB counts: names, texts as UTF-8, and at most 21 for a number."""
    attributes = to_item(row) if isinstance(row, PlainRow) else row.serialize(null_check=False)
    return sum(
        len(name) + (21 if "N" in value else len(value["S"].encode("utf-8", "surrogatepass")))
        for name, value in attributes.items()
        if "NULL" not in value
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_largest_row_of_a_kind_stays_below_its_bound(kind: str) -> None:
    row, bound = KINDS[kind]
    assert bound / 3 < size_of(row) <= bound < DYNAMODB_LIMIT


def test_an_imported_order_is_bounded_by_its_bytes() -> None:
    lines = [[ID, "n", 1, 1]] * 1000
    assert len(json.dumps(lines)) < imported_orders._MAX_BYTES < DYNAMODB_LIMIT - 10_000


def test_each_module_that_stores_rows_is_in_the_list() -> None:
    """A module that makes a row of a table says here how large it can be."""
    names = {"AuxRow", "Customer", "Product", "Order", "Run", "Report", "Line"}
    found = set()
    for file in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                of_tables = isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "tables"
                name = (
                    node.func.attr
                    if of_tables and isinstance(node.func, ast.Attribute)
                    else getattr(node.func, "id", "")
                )
                if (of_tables and name in names) or name in {"AuxRow", "PlainRow"}:
                    found.add(file.name)
    assert found - SMALL - MODULES == set()
    assert len(found) >= 15
