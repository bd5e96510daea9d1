"""The DynamoDB connection that all tables share, the parser that reads its responses, and the creation of tables.

Rows stay in DynamoDB's own form, attribute maps such as {"stock": {"N": "3"}}, which is what the response's JSON holds.
botocore would visit every value of every row to build the same maps again: 43 µs per row of eight attributes, against
2 µs for JSON alone (measured). Only binary attributes would come out differently, and no table here has any.
"""

from collections.abc import Mapping
from typing import Any

from botocore.parsers import JSONParser, ResponseParser, ResponseParserFactory
from botocore.session import Session
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib import aws
from chalicelib.settings import settings
from chalicelib.store import direct_calls
from chalicelib.store.tables import AuxRow, Customer, Line, Order, Product, Report, Run

TABLES: tuple[type[Model], ...] = (Customer, Product, Order, Line, AuxRow, Run, Report)
_OUTPUTS_WITH_ROWS = {
    "GetItemOutput",
    "BatchGetItemOutput",
    "QueryOutput",
    "ScanOutput",
    "PutItemOutput",
    "UpdateItemOutput",
    "DeleteItemOutput",
    "BatchWriteItemOutput",
    "TransactWriteItemsOutput",
}
_OK = 200


class RowsConnection(Connection):
    """pynamodb's connection, with a client that leaves rows as DynamoDB sends them."""

    @property
    def session(self) -> Session:
        if getattr(self._local, "session", None) is None:
            self._local.session = aws.new_session()
            self._local.session.register_component("response_parser_factory", _FACTORY)
            direct_calls.register(self._local.session)
        session: Session = self._local.session
        return session


class _Parser(JSONParser):
    def parse(self, response: Mapping[str, Any], shape: Any) -> Any:
        if shape is None or shape.name not in _OUTPUTS_WITH_ROWS or response["status_code"] != _OK:
            return super().parse(response, shape)
        # botocore's own reading of the body notices a damaged one, and then sends the request again.
        rows = self._parse_body_as_json(response["body"])  # type: ignore[attr-defined]
        metadata = super().parse(response, None)  # type: ignore[arg-type]  # no shape: headers and status only
        return {**{name: value for name, value in rows.items() if value is not None}, **metadata}


class _Factory(ResponseParserFactory):
    """Reuse one parser: botocore makes a new one for each response, although parsers keep no state."""

    def create_parser(self, protocol_name: str) -> ResponseParser:
        return _PARSER if protocol_name == "json" else super().create_parser(protocol_name)


_PARSER = _Parser()
_FACTORY = _Factory()

# A read succeeds or fails within seconds, so that a stall cannot use up a Lambda's minute. pynamodb's defaults are
# 30 s to connect, 15 s to read and 4 attempts.
connection = RowsConnection(
    region=settings.region,
    connect_timeout_seconds=1,
    read_timeout_seconds=5,
    max_retry_attempts=2,
    max_pool_connections=32,
)


def _share_connection() -> None:
    """Give all models one client. Each would build its own: 60 to 85 ms of a cold start (measured, pynamodb 6.1)."""
    for table in TABLES:
        own = table._get_connection()  # noqa: SLF001 - pynamodb offers no other way to share a client
        connection.add_meta_table(own.get_meta_table())
        own.connection = connection


_share_connection()


def create_tables() -> None:
    """Create the tables that are missing, and wait until all can be used. Safe to repeat and to interrupt."""
    for table in TABLES:
        table.create_table(wait=True)


def client() -> Any:
    """Return the botocore client that the models use, for reads without the models' cost per row."""
    return connection.client
