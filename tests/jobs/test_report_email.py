"""The weekly report by e-mail: once per revision, only with sender and recipients, and with names escaped."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto.backends import get_backend

from chalicelib import aws
from chalicelib.crm import money, orders, reports
from chalicelib.crm.customers import Customer
from chalicelib.jobs import email, report_email, weekly_report
from chalicelib.jobs.catalog import WEEKLY_REPORT
from chalicelib.jobs.weekly_report import AllStats
from chalicelib.settings import settings
from tests.builders import a_customer, a_product, business_zone, time_is
from tests.jobs.job_runs import Clock, Consumer, find_run, make_runner

MONDAY = "2026-11-23T06:00:00"
SENDER = "reports@crm.example"


@pytest.fixture(autouse=True)
def _recipients(monkeypatch: pytest.MonkeyPatch, time: Clock) -> Iterator[None]:
    time.at(MONDAY)
    aws.client("sesv2").create_email_identity(EmailIdentity=SENDER)
    changed = replace(settings, mail_sender=SENDER, report_recipients="boss@crm.example, books@crm.example")
    for module in (email, weekly_report, report_email):
        monkeypatch.setattr(module, "settings", changed)
    sent_mails().clear()
    yield
    aws.client("sesv2").delete_email_identity(EmailIdentity=SENDER)


def sent_mails() -> list[Any]:
    found: list[Any] = get_backend("ses")["123456789012"]["us-east-1"].sent_messages
    return found


def make_report(time: Clock) -> None:
    make_runner().fire(WEEKLY_REPORT, time.now)
    Consumer().deliver_all()


def test_the_report_goes_to_all_recipients_once(time: Clock) -> None:
    make_report(time)
    make_report(time)
    (sent,) = sent_mails()
    assert sent.destinations == {"ToAddresses": ["boss@crm.example", "books@crm.example"]}
    assert sent.subject == "CRM report, week 2026-W47"
    assert find_run("weekly_report", f"{MONDAY}Z").counts["mails_sent"] == 1


def report_content(customer: Customer) -> dict[str, Any]:
    return {
        "from": "2026-11-16",
        "to": "2026-11-22",
        "totals": {"customers": 1, "orders": 1, "cents": 123_450},
        "week": {"new_customers": 1, "orders": 1, "cents": 2500},
        "before": {"new_customers": 0, "orders": 0, "cents": -500},
        "top_customers": [{"id": customer.id, "name": customer.name, "cents": 2500, "count": 1}],
        "top_products": [{"id": "prd_x", "name": None, "cents": 2500, "count": 2}],
    }


def test_the_email_shows_the_report_and_escapes_names() -> None:
    with time_is("2026-11-18T10:00:00"):
        customer = a_customer("<script>alert(1)</script>", "ann@example.com")
        orders.place(customer.id, {a_product("Lamp & shade", price="12.50", stock=3).id: 2})
    letter = report_email.write(reports.save("weekly", "2026-W47", report_content(customer), token="t"))
    assert letter.html
    assert "<script>" not in letter.html
    assert "&lt;script&gt;alert(1)" in letter.html
    assert "deleted (prd_x)" in letter.text
    assert "At the end of the week: 1 customer, 1 order, $1,234.50 revenue." in letter.text
    assert re.search(r"Revenue +\$25\.00 +-\$5\.00\n", letter.text)


def test_the_email_names_the_time_zone_unless_it_is_utc() -> None:
    report = reports.save("weekly", "2026-W47", report_content(a_customer()), token="t")
    assert report_email.write(report).text.startswith("Week 2026-W47: 2026-11-16 to 2026-11-22\n")
    with business_zone("Asia/Kolkata"):
        letter = report_email.write(report)
    heading = "Week 2026-W47: 2026-11-16 to 2026-11-22, in the time zone Asia/Kolkata"
    assert letter.text.startswith(f"{heading}\n")
    assert heading in (letter.html or "")


def test_amounts_in_another_currency_have_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money, "settings", replace(settings, currency="EUR"))
    letter = report_email.write(reports.save("weekly", "2026-W47", report_content(a_customer()), token="t"))
    assert "At the end of the week: 1 customer, 1 order, EUR 1,234.50 revenue." in letter.text
    assert re.search(r"Revenue +EUR 25\.00 +-EUR 5\.00\n", letter.text)
    assert "$" not in letter.text
    assert "$" not in (letter.html or "")
    totals: AllStats = {"customers": 3, "orders": 2, "revenue": "1234.5"}
    assert weekly_report.line(totals).endswith("Report: 3 customers, 2 orders, EUR 1234.50 revenue")


def test_without_recipients_nothing_is_sent(time: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weekly_report, "settings", replace(settings, mail_sender=SENDER))
    make_report(time)
    assert sent_mails() == []
    assert reports.find("weekly", "2026-W47")
