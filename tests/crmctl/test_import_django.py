"""Moving in from the Django CRM: rows, totals, old ids and schedules."""

import base64
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.crm import counters, products
from crmctl.imports.django_database import PeriodicTask
from crmctl.imports.django_dump import load_dump
from crmctl.imports.file_error import ImportFileError
from crmctl.task_schedules import job_of
from tests.as_operator import execute
from tests.crmctl.api_server import ApiServer
from tests.crmctl.django_crm import CUSTOMERS, ORDERS, PRODUCTS, write_database, write_dump
from tests.crmctl.import_files import counts

WAYS: dict[str, Callable[[Path], None]] = {"db.sqlite3": write_database, "dump.json": write_dump}


def ask(document: str, **variables: Any) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def old_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}Type:{number}".encode()).decode()


@pytest.fixture(params=WAYS)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path: Path = tmp_path / request.param
    WAYS[request.param](path)
    return path


def test_rows_and_totals_are_those_of_the_django_crm(crm: ApiServer, source: Path) -> None:
    for created, existing in ((2, 0), (0, 2)):
        result = crm.crmctl("import", str(source), "--from", "django")
        assert result.exit_code == 0, result.output
        assert counts(result.stdout)["customers"] == (created, existing, 0)
        assert counts(result.stdout)["orders"][2] == 0
        assert "3 orders, 64.33 here, 64.33 in the file" in result.stdout
    assert counters.stats().cents == sum(round(order[2] * 100) for order in ORDERS)
    found = products.find_all_by_sku(["django:product:3", "django:product:4"])
    assert {row.sku: (row.name, row.cents, row.stock) for row in found.values()} == {
        f"django:product:{number}": (name, round(price * 100), stock) for number, name, price, stock in PRODUCTS
    }


def test_documents_of_old_clients_get_the_same_answers(crm: ApiServer, source: Path) -> None:
    crm.crmctl("import", str(source))
    found = ask("{ allOrders { edges { node { id customer { email } orderDate totalAmount products { name } } } } }")
    emails = {number: email for number, _, email, _, _ in CUSTOMERS}
    names = {number: name for number, name, _, _ in PRODUCTS}
    assert [edge["node"] | {"id": ""} for edge in found["allOrders"]["edges"]] == [
        {
            "id": "",
            "customer": {"email": emails[customer]},
            "orderDate": _shown(day),
            "totalAmount": f"{total:.2f}",
            "products": [{"name": names[each]} for each in dict.fromkeys(bought)],
        }
        for _, day, total, customer, bought in ORDERS
    ]
    customers = ask('{ allCustomers(orderBy: ["name"]) { edges { node { name phone createdAt } } } }')["allCustomers"]
    assert [edge["node"] for edge in customers["edges"]] == [
        {"name": name, "phone": phone, "createdAt": _shown(created)} for _, name, _, phone, created in CUSTOMERS
    ]


def _shown(moment: str) -> str:
    whole, _, fraction = moment.replace(" ", "T").partition(".")
    return f"{whole}.{fraction:0<6}Z" if fraction else f"{whole}Z"


def test_ids_that_old_clients_keep_go_on_working(crm: ApiServer, source: Path) -> None:
    crm.crmctl("import", str(source))
    found = ask(
        "query($c: ID!, $p: ID!, $o: ID!) { customer(id: $c) { name } product(id: $p) { name } order(id: $o) { reference } }",
        c=old_id("Customer", 7),
        p=old_id("Product", 4),
        o=old_id("Order", 28),
    )
    assert found == {
        "customer": {"name": "Ann Lee"},
        "product": {"name": "Pen"},
        "order": {"reference": "django:order:28"},
    }
    adjusted = ask(
        '{ order(reference: "django:order:28") { adjustments { kind amount } lines { unitPrice quantity } } }'
    )
    assert adjusted["order"] == {
        "adjustments": [{"kind": "ROUNDING", "amount": "-1.99"}],
        "lines": [{"unitPrice": "19.99", "quantity": 1}],
    }
    whole = ask('{ order(reference: "django:order:27") { adjustments { kind } lines { sku: unitPrice quantity } } }')
    assert whole["order"] == {
        "adjustments": [],
        "lines": [{"sku": "19.99", "quantity": 2}, {"sku": "1.10", "quantity": 1}],
    }


def test_periodic_tasks_become_schedules(crm: ApiServer, source: Path) -> None:
    result = crm.crmctl("import", str(source))
    said = [line for line in result.stderr.splitlines() if line.startswith("Task ")]
    assert said == [
        "Task Weekly report: weekly_report now runs at 0 6 * * 1 (Africa/Nairobi)",
        "Task Heartbeat: heartbeat has this schedule already, */5 * * * * (UTC)",
        "Task Other: shop.tasks.send_newsletter is not a job here.",
        "Task Stock: it is disabled, so low_stock keeps its schedule.",
        "Task Reports too: weekly_report also runs at */5 * * * * (UTC)",
        "Task Every hour: it is without a crontab, so order_reminders keeps its schedule.",
    ]
    again = crm.crmctl("import", str(source)).stderr
    assert again.count("weekly_report has this schedule already") == 2
    listed = ask('{ schedules(job: "weekly_report") { crontab timeZone builtIn note } }')["schedules"]
    assert {(row["crontab"], row["timeZone"], row["builtIn"]) for row in listed} == {
        ("0 6 * * 1", "Africa/Nairobi", True),
        ("*/5 * * * *", "UTC", False),
    }


def test_a_dry_run_moves_no_schedule(crm: ApiServer, source: Path) -> None:
    result = crm.crmctl("import", str(source), "--dry-run")
    assert result.exit_code == 0, result.output
    assert "Task " not in result.output
    assert "orders of the Django CRM (SQLite)" in result.stdout


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("task", "job"),
    [
        ("crm.tasks.generate_crm_report", "weekly_report"),
        ("crm.cron.log_crm_heartbeat", "heartbeat"),
        ("crm.cron.update_low_stock", "low_stock"),
        ("crm.tasks.send_order_reminders", "order_reminders"),
        ("crm.clean_inactive_customers", "customer_cleanup"),
        ("reports.tasks.send_newsletter", None),
    ],
)
def test_a_task_names_a_job_by_its_function(task: str, job: str | None) -> None:
    assert job_of(PeriodicTask("A", task, is_enabled=True, crontab=None, time_zone="UTC")) == job


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not the JSON of dumpdata"),
        ("{}", "is not a list of objects"),
        ('[{"model": "auth.user", "pk": 1, "fields": {}}]', "has no rows of the app crm"),
        ('[{"model": "crm.product", "pk": 1}]', "the crm.product 1 cannot be read"),
        ('[{"model": "crm.product", "pk": 1, "fields": {"name": ["x"]}}]', "cannot be read"),
    ],
)
def test_another_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "dump.json").write_text(text)
    with pytest.raises(ImportFileError, match=message):
        load_dump(tmp_path / "dump.json")


def test_another_database_is_refused(crm: ApiServer, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE crm_customer (id)")
    database.close()
    result = crm.crmctl("import", str(tmp_path / "other.db"))
    assert result.exit_code == 2
    assert "has no table crm_product, crm_order, crm_order_products" in result.stderr


def test_a_damaged_database_is_refused(crm: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_bytes(b"SQLite format 3\0" + b"damaged" * 300)
    result = crm.crmctl("import", str(tmp_path / "db.sqlite3"))
    assert result.exit_code == 2
    assert "db.sqlite3 cannot be read: file is not a database" in result.stderr


def test_tables_without_rows_and_without_celery_are_left_out(crm: ApiServer, tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text(
        json.dumps([{"model": "crm.product", "pk": 1, "fields": {"name": "Pen", "price": "1.10", "stock": 2}}])
    )
    result = crm.crmctl("import", str(path))
    assert result.exit_code == 0, result.output
    assert counts(result.stdout) == {"products": (1, 0, 0)}
