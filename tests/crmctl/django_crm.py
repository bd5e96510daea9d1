"""A small Django CRM: its SQLite database as `manage.py migrate` makes it, and the same rows as `dumpdata` writes them."""

import json
import sqlite3
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE "crm_customer" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(100) NOT NULL,
  "email" varchar(254) NOT NULL UNIQUE, "phone" varchar(20) NULL, "created_at" datetime NOT NULL);
CREATE TABLE "crm_product" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(100) NOT NULL,
  "price" decimal NOT NULL, "stock" integer NOT NULL);
CREATE TABLE "crm_order" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "order_date" datetime NOT NULL,
  "total_amount" decimal NOT NULL, "customer_id" bigint NOT NULL REFERENCES "crm_customer" ("id"));
CREATE TABLE "crm_order_products" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "order_id" bigint NOT NULL REFERENCES "crm_order" ("id"), "product_id" bigint NOT NULL REFERENCES "crm_product" ("id"));
CREATE TABLE "django_celery_beat_crontabschedule" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "minute" varchar(240) NOT NULL, "hour" varchar(96) NOT NULL, "day_of_week" varchar(64) NOT NULL,
  "day_of_month" varchar(124) NOT NULL, "month_of_year" varchar(64) NOT NULL, "timezone" varchar(63) NOT NULL);
CREATE TABLE "django_celery_beat_periodictask" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  "name" varchar(200) NOT NULL UNIQUE, "task" varchar(200) NOT NULL, "enabled" bool NOT NULL,
  "crontab_id" integer NULL REFERENCES "django_celery_beat_crontabschedule" ("id"));
"""
CUSTOMERS = [
    (7, "Ann Lee", "ann@example.com", "+1 555 123 4567", "2025-01-02 10:00:00.123456"),
    (8, "Bob", "bob@example.com", None, "2025-02-03 00:00:00"),
]
PRODUCTS = [(3, "Lamp", 19.99, 5), (4, "Pen", 1.1, 0)]
ORDERS = [
    (27, "2025-03-01 08:30:00", 41.08, 7, [3, 3, 4]),
    (28, "2025-03-02 09:00:00.5", 18.0, 8, [3]),
    (29, "2025-03-03 09:00:00", 5.25, 8, []),
]
"""(id, date, total, customer, products). The second one cost less than its product does, the third lost its product."""
CRONTABS = [(1, "0", "6", "1", "*", "*", "Africa/Nairobi"), (2, "*/5", "*", "*", "*", "*", "UTC")]
TASKS = [
    (1, "Weekly report", "crm.tasks.generate_crm_report", 1, 1),
    (2, "Heartbeat", "crm.cron.log_crm_heartbeat", 1, 2),
    (3, "Other", "shop.tasks.send_newsletter", 1, 1),
    (4, "Stock", "crm.tasks.update_low_stock", 0, 2),
    (5, "Reports too", "crm.tasks.generate_crm_report", 1, 2),
    (6, "Every hour", "crm.tasks.send_order_reminders", 1, None),
]


def write_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.executescript(SCHEMA)
        database.executemany("INSERT INTO crm_customer VALUES (?, ?, ?, ?, ?)", CUSTOMERS)
        database.executemany("INSERT INTO crm_product VALUES (?, ?, ?, ?)", PRODUCTS)
        database.executemany("INSERT INTO crm_order VALUES (?, ?, ?, ?)", [order[:4] for order in ORDERS])
        lines = [(order[0], product) for order in ORDERS for product in order[4]]
        database.executemany("INSERT INTO crm_order_products (order_id, product_id) VALUES (?, ?)", lines)
        database.executemany("INSERT INTO django_celery_beat_crontabschedule VALUES (?, ?, ?, ?, ?, ?, ?)", CRONTABS)
        database.executemany("INSERT INTO django_celery_beat_periodictask VALUES (?, ?, ?, ?, ?)", TASKS)
    database.close()


def write_dump(path: Path) -> None:
    """Dates have a T and a Z there, and decimals are texts."""
    objects = [
        *(_object("crm.customer", row, "name email phone created_at") for row in CUSTOMERS),
        *(_object("crm.product", row, "name price stock") for row in PRODUCTS),
        *(_object("crm.order", row, "order_date total_amount customer products") for row in ORDERS),
        *(
            _object(
                "django_celery_beat.crontabschedule", row, "minute hour day_of_week day_of_month month_of_year timezone"
            )
            for row in CRONTABS
        ),
        *(_object("django_celery_beat.periodictask", row, "name task enabled crontab") for row in TASKS),
        {"model": "auth.user", "pk": 1, "fields": {"username": "admin"}},
    ]
    path.write_text(json.dumps(objects))


def _object(model: str, row: tuple[Any, ...], names: str) -> dict[str, Any]:
    fields = dict(zip(names.split(), row[1:], strict=True))
    for name, value in fields.items():
        if name in {"created_at", "order_date"}:
            fields[name] = f"{value.replace(' ', 'T')}Z"
        if name in {"price", "total_amount"}:
            fields[name] = f"{value:.2f}"
    return {"model": model, "pk": row[0], "fields": fields}
