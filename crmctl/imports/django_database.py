"""Read the tables of the Django CRM from its SQLite database.

Old ids become references: `django:customer:7`, `django:product:3`, `django:order:27`. The lines of an order take the price of
their product, and rows of the same product become a quantity.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from crmctl.imports.file_error import ImportFileError
from crmctl.imports.source_table import Row, SourceTable

SQLITE_MAGIC = b"SQLite format 3\0"
TABLES = ("crm_customer", "crm_product", "crm_order", "crm_order_products")
_CENT = Decimal("0.01")
_CUSTOMERS = "SELECT 'django:customer:' || id, name, email, phone, created_at FROM crm_customer ORDER BY id"
_PRODUCTS = "SELECT 'django:product:' || id, name, price, stock FROM crm_product ORDER BY id"
_ORDERS = """
    SELECT 'django:order:' || crm_order.id, crm_customer.email, order_date, 'django:product:' || product_id, COUNT(product_id),
        price, total_amount
    FROM crm_order
    LEFT JOIN crm_customer ON crm_customer.id = crm_order.customer_id
    LEFT JOIN crm_order_products ON crm_order_products.order_id = crm_order.id
    LEFT JOIN crm_product ON crm_product.id = product_id
    GROUP BY crm_order.id, product_id ORDER BY crm_order.id, product_id
"""
_TASKS = """
    SELECT task.name, task.task, task.enabled, minute, hour, day_of_month, month_of_year, day_of_week, timezone
    FROM django_celery_beat_periodictask AS task
    LEFT JOIN django_celery_beat_crontabschedule AS crontab ON crontab.id = task.crontab_id ORDER BY task.id
"""


@dataclass(frozen=True, slots=True)
class PeriodicTask:
    """A task of django-celery-beat. The crontab is None if it has another kind of schedule."""

    name: str
    task: str
    is_enabled: bool
    crontab: str | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """The columns that an import gets from one query, and which of them are money."""

    kind: str
    query: str
    columns: tuple[str, ...]
    money: frozenset[str] = frozenset()


_SHAPES = (
    _Shape("customers", _CUSTOMERS, ("django_customer", "name", "email", "phone", "created_at")),
    _Shape("products", _PRODUCTS, ("django_product", "name", "price", "stock"), frozenset({"price"})),
    _Shape(
        "orders",
        _ORDERS,
        ("django_order", "email", "order_date", "django_product", "quantity", "price", "total_amount"),
        frozenset({"price", "total_amount"}),
    ),
)


def is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
    except OSError:
        return False


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database for reading only."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)


def read_tables(database: sqlite3.Connection, name: str) -> list[SourceTable]:
    """Return customers, products and orders. Raises ImportFileError if a table is missing."""
    try:
        found = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError as error:
        raise ImportFileError(f"{name} cannot be read: {error}.") from None
    if missing := [table for table in TABLES if table not in found]:
        raise ImportFileError(f"{name} is not a database of the Django CRM: it has no table {', '.join(missing)}.")
    tables = [
        SourceTable(f"{name}, {shape.kind}", shape.kind, "SQLite", shape.columns, _rows(database, shape, name))
        for shape in _SHAPES
    ]
    return [table for table in tables if _is_filled(database, table.stem)]


def read_tasks(database: sqlite3.Connection) -> list[PeriodicTask]:
    """Return the periodic tasks, none if django-celery-beat is not installed."""
    tasks: list[PeriodicTask] = []
    with suppress(sqlite3.OperationalError):
        for name, task, enabled, *crontab, zone in database.execute(_TASKS):
            is_crontab = crontab[0] is not None
            tasks.append(
                PeriodicTask(name, task, bool(enabled), " ".join(crontab) if is_crontab else None, zone or "UTC")
            )
    return tasks


def _is_filled(database: sqlite3.Connection, kind: str) -> bool:
    statement = f"SELECT 1 FROM crm_{kind.removesuffix('s')} LIMIT 1"  # noqa: S608 - one of three constants
    return database.execute(statement).fetchone() is not None


def _rows(database: sqlite3.Connection, shape: _Shape, name: str) -> Iterator[Row]:
    """Yield the rows. Their line is their number in the table."""
    try:
        for line, values in enumerate(database.execute(shape.query), 1):
            yield Row(line, _texts(shape, values))
    except sqlite3.DatabaseError as error:
        raise ImportFileError(f"{name} cannot be read: {error}.") from None


def _texts(shape: _Shape, values: Sequence[object]) -> tuple[str, ...]:
    texts = dict(zip(shape.columns, ("" if value is None else str(value) for value in values), strict=True))
    if shape.kind == "orders" and not texts["django_product"]:
        texts["quantity"] = ""  # an order without products has only its total
    return tuple(_money(text) if column in shape.money else text for column, text in texts.items())


def _money(text: str) -> str:
    """Return the amount with two decimals: SQLite has it as a binary fraction."""
    try:
        return str(Decimal(text).quantize(_CENT)) if text else ""
    except InvalidOperation:
        return text
