"""Create demo data in empty tables, once.

Products and orders are created through the API's bulk mutations, which are safe to repeat. A marker stored beside the data records
the day that the rows are based on, and whether all rows exist. An interrupted seed therefore continues with the same
rows, and lost data takes its marker along.
"""

import os
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from localdev.console import print_error, print_info
from localdev.demo_rows import DemoRows, Row, make_demo_rows

BATCH = 100
DUPLICATE_CODES = {"DUPLICATE_SKU"}

MUTATIONS = {
    "products": """
mutation DemoProducts($input: [CreateProductInput]!) {
  result: bulkCreateProducts(input: $input) { results { index error { code message } } }
}""",
    "orders": """
mutation DemoOrders($input: [BulkCreateOrdersInput]!) {
  result: bulkCreateOrders(input: $input) { results { index error { code message } } }
}""",
}


class DemoError(Exception):
    """The API rejected a row."""


class SeedMarker:
    """One item in a table of its own: the day of the first attempt, and whether all rows exist."""

    KEY = {"id": {"S": "demo"}}  # noqa: RUF012 - never changed

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    def read(self) -> tuple[date, bool] | None:
        try:
            item = self._client.get_item(TableName=self._table, Key=self.KEY, ConsistentRead=True).get("Item")
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return (date.fromisoformat(item["day"]["S"]), item["done"]["BOOL"]) if item else None

    def begin(self, day: date) -> None:
        # A server started at the same time may have done both.
        with suppress(self._client.exceptions.ResourceInUseException):
            self._client.create_table(
                TableName=self._table,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            )
        self._client.get_waiter("table_exists").wait(TableName=self._table, WaiterConfig={"Delay": 1})
        item = self.KEY | {"day": {"S": day.isoformat()}, "done": {"BOOL": False}}
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(id)")

    def finish(self, day: date) -> None:
        item = self.KEY | {"day": {"S": day.isoformat()}, "done": {"BOOL": True}}
        self._client.put_item(TableName=self._table, Item=item)


def create_demo_data() -> None:
    """Fill empty tables, or continue an interrupted seed. A rejected row is reported and does not stop the server."""
    if os.environ.get("CRM_DEMO_DATA", "").lower() in {"off", "0", "false", "no"}:
        return
    from chalicelib.settings import settings
    from chalicelib.store import connection, tables

    client = connection.client()
    marker = SeedMarker(client, settings.table_prefix + "localdev")
    found = marker.read()
    if found is None:
        names = [table.Meta.table_name for table in (tables.Customer, tables.Product, tables.Order)]
        if any(client.scan(TableName=name, Limit=1)["Items"] for name in names):
            return
        marker.begin(datetime.now(UTC).date())
        found = marker.read()
    if found is None or found[1]:
        return
    demo = make_demo_rows(found[0])
    print_info(
        f"Creating demo data: {len(demo.customers)} customers, {len(demo.products)} products, {len(demo.orders)} orders "
        "(CRM_DEMO_DATA=off skips this) ..."
    )
    try:
        create(demo)
    except DemoError as error:
        print_error(f"The demo data is incomplete. The next start continues it: {error}")
    else:
        marker.finish(found[0])


def create(demo: DemoRows) -> None:
    _create_customers(demo.customers)
    rows = {"products": demo.products, "orders": demo.orders}
    for kind, document in MUTATIONS.items():
        for first in range(0, len(rows[kind]), BATCH):
            _send(kind, document, rows[kind][first : first + BATCH])


def _create_customers(rows: list[Row]) -> None:
    """Create customers who count as added when they were created: some are lapsed, for the clean-up to find.

    The API cannot do this: customers that it imports are active from now on.
    """
    from chalicelib.crm import customers
    from chalicelib.errors import DuplicateEmail

    for row in rows:
        created = datetime.fromisoformat(row["createdAt"])
        with suppress(DuplicateEmail):
            customers.create(row["name"], row["email"], row["phone"], created, added_at=created)


def _send(kind: str, document: str, rows: list[Row]) -> None:
    from chalicelib.access.authorization import Caller
    from chalicelib.api.graphql.execution import execute

    answer = execute(document, {"input": rows}, Caller.system("demo data"))
    if answer.get("errors"):
        raise DemoError(f"{kind}: {answer['errors'][0]['message']}")
    for result in answer["data"]["result"]["results"]:
        error = result["error"]
        if error is not None and error["code"] not in DUPLICATE_CODES:
            raise DemoError(f"{kind}, row {result['index']}: {error['message']} ({error['code']})")
