"""When is demo data made, and has it been made already?

It is made through the API's own bulk mutations, whose rows are safe to repeat. A marker beside the data says from
which day the rows are counted and whether all are there, so a seed that was killed goes on with the same rows, and
data that was lost takes its marker along. Only empty tables are filled.
"""

import os
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from localdev.console import complain, say
from localdev.demo_rows import Demo, Row, make

BATCH = 100
REPEATED = {"DUPLICATE_EMAIL", "DUPLICATE_SKU"}

MUTATIONS = {
    "customers": """
mutation DemoCustomers($input: [BulkCreateCustomersInput]!) {
  result: bulkCreateCustomers(input: $input) { results { index error { code message } } }
}""",
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
    """A row was refused."""


class Marker:
    """One item in a table of its own: the day of the first try, and whether all was made."""

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
        # Both may have been done by a server that started at the same time.
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


def provide() -> None:
    """Fill empty tables, or go on where a start was killed. A refused row is told, and stops no server."""
    if os.environ.get("CRM_DEMO_DATA", "").lower() in {"off", "0", "false", "no"}:
        return
    from chalicelib.settings import settings
    from chalicelib.store import connection, tables

    client = connection.client()
    marker = Marker(client, settings.table_prefix + "localdev")
    found = marker.read()
    if found is None:
        names = [table.Meta.table_name for table in (tables.Customer, tables.Product, tables.Order)]
        if any(client.scan(TableName=name, Limit=1)["Items"] for name in names):
            return
        marker.begin(datetime.now(UTC).date())
        found = marker.read()
    if found is None or found[1]:
        return
    demo = make(found[0])
    say(
        f"Making demo data: {len(demo.customers)} customers, {len(demo.products)} products, {len(demo.orders)} orders "
        "(CRM_DEMO_DATA=off leaves it out) ..."
    )
    try:
        create(demo)
    except DemoError as error:
        complain(f"The demo data is incomplete, the next start tries again: {error}")
    else:
        marker.finish(found[0])


def create(demo: Demo) -> None:
    rows = {"customers": demo.customers, "products": demo.products, "orders": demo.orders}
    for kind, document in MUTATIONS.items():
        for first in range(0, len(rows[kind]), BATCH):
            _send(kind, document, rows[kind][first : first + BATCH])


def _send(kind: str, document: str, rows: list[Row]) -> None:
    from chalicelib.access.authorization import Caller
    from chalicelib.api.graphql.execution import execute

    answer = execute(document, {"input": rows}, Caller.system("demo data"))
    if answer.get("errors"):
        raise DemoError(f"{kind}: {answer['errors'][0]['message']}")
    for result in answer["data"]["result"]["results"]:
        error = result["error"]
        if error is not None and error["code"] not in REPEATED:
            raise DemoError(f"{kind}, row {result['index']}: {error['message']} ({error['code']})")
