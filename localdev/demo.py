"""Create demo data in empty tables, once.

Products and orders are created through the API's bulk mutations, which are safe to repeat. A marker stored beside the data
records the day that the rows are based on, and how far the seed has come. An interrupted seed therefore continues with the
same rows, and lost data takes its marker along. `demo_history` adds what happens after the import.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from localdev.console import print_error, print_info
from localdev.demo_rows import DemoRows, Row, make_demo_rows, opening

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


@dataclass(frozen=True, slots=True)
class Seed:
    """How far the seed has come: `day` is that of the first attempt."""

    day: date
    rows_done: bool
    history_done: bool
    sold: int
    """How many sales were begun."""


class SeedMarker:
    """One item in a table of its own."""

    KEY = {"id": {"S": "demo"}}  # noqa: RUF012 - never changed

    def __init__(self, client: Any, table: str) -> None:
        self._client = client
        self._table = table

    @classmethod
    def of_settings(cls) -> "SeedMarker":
        from chalicelib.settings import settings
        from chalicelib.store import connection

        return cls(connection.client(), settings.table_prefix + "localdev")

    def read(self) -> Seed | None:
        try:
            item = self._client.get_item(TableName=self._table, Key=self.KEY, ConsistentRead=True).get("Item")
        except self._client.exceptions.ResourceNotFoundException:
            return None
        if item is None:
            return None
        return Seed(
            date.fromisoformat(item["day"]["S"]),
            rows_done=item["done"]["BOOL"],
            history_done=item["history_done"]["BOOL"] if "history_done" in item else False,
            sold=int(item["sold"]["N"]) if "sold" in item else 0,
        )

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

    def finish_rows(self) -> None:
        self._set("done", {"BOOL": True})

    def finish_history(self) -> None:
        self._set("history_done", {"BOOL": True})

    def count_sales(self, number: int) -> None:
        self._set("sold", {"N": str(number)})

    def _set(self, name: str, value: dict[str, Any]) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=self.KEY,
            UpdateExpression="SET #name = :value",
            ExpressionAttributeNames={"#name": name},
            ExpressionAttributeValues={":value": value},
        )


def is_wanted() -> bool:
    return os.environ.get("CRM_DEMO_DATA", "").lower() not in {"off", "0", "false", "no"}


def create_demo_data() -> None:
    """Fill empty tables, or continue an interrupted seed. A rejected row is reported and does not stop the server."""
    if not is_wanted():
        return
    from chalicelib import clock
    from chalicelib.store import connection, tables

    marker = SeedMarker.of_settings()
    if marker.read() is None:
        names = [table.Meta.table_name for table in (tables.Customer, tables.Product, tables.Order)]
        if any(connection.client().scan(TableName=name, Limit=1)["Items"] for name in names):
            return
        marker.begin(datetime.now(UTC).date())
    seed = marker.read()
    if seed is None or seed.rows_done:
        return
    demo = make_demo_rows(seed.day)
    print_info(
        f"Creating demo data: {len(demo.customers)} customers, {len(demo.products)} products, {len(demo.orders)} orders "
        "(CRM_DEMO_DATA=off skips this) ..."
    )
    opened = opening(seed.day)
    clock.set_source(lambda: opened)
    try:
        create(demo)
    except DemoError as error:
        print_error(f"The demo data is incomplete. The next start continues it: {error}")
    else:
        marker.finish_rows()
    finally:
        clock.set_source(None)


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
    for result in execute(document, {"input": rows})["results"]:
        error = result["error"]
        if error is not None and error["code"] not in DUPLICATE_CODES:
            raise DemoError(f"{kind}, row {result['index']}: {error['message']} ({error['code']})")


def execute(document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Execute a mutation with one field, called `result`, and return its value. Raises DemoError."""
    from chalicelib.access.authorization import Caller
    from chalicelib.api.graphql import execution

    answer = execution.execute(document, variables, Caller.system("demo data"))
    if answer.get("errors"):
        raise DemoError(answer["errors"][0]["message"])
    result: dict[str, Any] = answer["data"]["result"]
    return result
