"""Read the JSON of `manage.py dumpdata` into a database with the tables of the Django CRM."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from crmctl.imports.file_error import ImportFileError

_SCHEMA = """
    CREATE TABLE crm_customer (id, name, email, phone, created_at);
    CREATE TABLE crm_product (id, name, price, stock);
    CREATE TABLE crm_order (id, order_date, total_amount, customer_id);
    CREATE TABLE crm_order_products (order_id, product_id);
    CREATE TABLE django_celery_beat_crontabschedule (
        id, minute, hour, day_of_month, month_of_year, day_of_week, timezone);
    CREATE TABLE django_celery_beat_periodictask (id, name, task, enabled, crontab_id);
"""
Fields = Mapping[str, Any]


def load_dump(path: Path) -> sqlite3.Connection:
    """Return a database in memory. Raises ImportFileError if the file is no dump of the CRM."""
    try:
        content = json.loads(path.read_text("utf-8-sig"))
    except (OSError, ValueError) as error:
        raise ImportFileError(f"{path} is not the JSON of dumpdata: {error}.") from None
    if not isinstance(content, list) or not all(isinstance(each, dict) and "model" in each for each in content):
        raise ImportFileError(f"{path} is not the JSON of dumpdata: it is not a list of objects with a model.")
    if not any(each["model"].startswith("crm.") for each in content):
        raise ImportFileError(
            f"{path} has no rows of the app crm. Make it with `manage.py dumpdata crm django_celery_beat`."
        )
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(_SCHEMA)
    for each in content:
        if insert := _INSERTS.get(each["model"]):
            try:
                insert(database, each["pk"], each["fields"])
            except (KeyError, TypeError, sqlite3.Error) as error:
                database.close()
                raise ImportFileError(
                    f"{path}: the {each['model']} {each.get('pk')!r} cannot be read: {error}."
                ) from None
    return database


def _insert(table: str, *names: str, **renamed: str) -> Callable[[sqlite3.Connection, Any, Fields], None]:
    """Return a function that inserts the fields, those of `renamed` under another name."""
    columns = ["id", *names, *renamed]
    places = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of this module

    def insert(database: sqlite3.Connection, pk: Any, fields: Fields) -> None:
        values = [fields.get(name) for name in (*names, *renamed.values())]
        database.execute(statement, [pk, *values])

    return insert


def _insert_order(database: sqlite3.Connection, pk: Any, fields: Fields) -> None:
    _INSERT_ORDER_ROW(database, pk, fields)
    lines = ((pk, product) for product in fields.get("products", ()))
    database.executemany("INSERT INTO crm_order_products VALUES (?, ?)", lines)


_INSERT_ORDER_ROW = _insert("crm_order", "order_date", "total_amount", customer_id="customer")
_INSERTS = {
    "crm.customer": _insert("crm_customer", "name", "email", "phone", "created_at"),
    "crm.product": _insert("crm_product", "name", "price", "stock"),
    "crm.order": _insert_order,
    "django_celery_beat.crontabschedule": _insert(
        "django_celery_beat_crontabschedule",
        "minute",
        "hour",
        "day_of_month",
        "month_of_year",
        "day_of_week",
        "timezone",
    ),
    "django_celery_beat.periodictask": _insert(
        "django_celery_beat_periodictask", "name", "task", "enabled", crontab_id="crontab"
    ),
}
