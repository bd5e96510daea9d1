"""The connection that all tables share, and how they are created."""

from typing import Any

from pynamodb.models import Model

from chalicelib.crm.answers import RowsConnection
from chalicelib.crm.tables import Customer, Line, Op, Order, Product, Report, Run
from chalicelib.settings import settings

TABLES: tuple[type[Model], ...] = (Customer, Product, Order, Line, Op, Run, Report)

# A read answers or fails in seconds, so that a stall cannot eat a Lambda's minute (pynamodb's own: 30 s, 15 s, 4 tries).
connection = RowsConnection(
    region=settings.region,
    connect_timeout_seconds=1,
    read_timeout_seconds=5,
    max_retry_attempts=2,
    max_pool_connections=32,
)


def _share_connection() -> None:
    """One client for all models: each would build its own, 60 to 85 ms of a cold start (measured, pynamodb 6.1)."""
    for table in TABLES:
        own = table._get_connection()  # noqa: SLF001 - pynamodb offers no other way to share a client
        connection.add_meta_table(own.get_meta_table())
        own.connection = connection


_share_connection()


def create_tables() -> None:
    """Create what is missing, and wait until all can be used. Safe to repeat and to interrupt."""
    for table in TABLES:
        table.create_table(wait=True)


def client() -> Any:
    """The botocore client that the models use, for reads without their cost a row."""
    return connection.client
