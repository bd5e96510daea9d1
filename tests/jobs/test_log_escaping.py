"""A name or a reason in a log line cannot pose as another log line."""

import json

import pytest

from chalicelib import telemetry
from chalicelib.jobs import heartbeat, job_state, weekly_report
from chalicelib.jobs.catalog import LOW_STOCK
from chalicelib.jobs.log_escaping import escape_phrases
from tests.builders import a_product
from tests.jobs.job_runs import Clock, info_messages, make_runner, preview_of, stored_lines

ALIVE = "27/11/2026-11:40:00 CRM is alive"
LINES = {
    "alive": (heartbeat.line(None), "CRM is alive"),
    "down": (heartbeat.line("HTTP status 502"), "CRM is down"),
    "restock": ("[27/11/2026-12:00:00] Product: Lamp, New Stock: 10", "New Stock:"),
    "reminder": ("[2026-11-27 08:00:00] - Order ID: ord_1, Customer Email: a@b.cc", "Order ID:"),
    "clean-up": ("[2026-11-22 02:00:00] Deleted 7 inactive customers", "inactive customers"),
    "report": (weekly_report.line({"customers": 1, "orders": 2, "revenue": "3.00"}), "2 orders"),
    "capitals": ("CRM IS ALIVE", "CRM is alive"),
    "other blanks": ("CRM\u00a0is \u2003 alive", "CRM is alive"),
    "overlapping": ("CRM is is alive", "is alive"),
}


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.no_database
def test_the_fixed_words_of_a_line_are_spelled_out(kind: str) -> None:
    line, words = LINES[kind]
    shown = escape_phrases(line)
    assert words.casefold() not in " ".join(shown.casefold().split())
    assert "\\x" in shown


@pytest.mark.parametrize(
    "name", ["Lamp", "Gaming Laptop 15\u2033", "CRM handbook", "Alive & Well", "Report cover", "A  b"]
)
@pytest.mark.no_database
def test_other_names_stay_as_they_are(name: str) -> None:
    assert escape_phrases(name) == name


def test_a_product_called_like_a_heartbeat_is_not_counted_as_one(time: Clock, log: pytest.LogCaptureFixture) -> None:
    a_product(ALIVE, stock=0)
    shown = preview_of(LOW_STOCK)
    make_runner().fire(LOW_STOCK, time.now)
    lines = [*shown.lines, *stored_lines(LOW_STOCK.name), *info_messages(log)]
    assert [line for line in lines if "CRM is alive" in line] == []
    restocked = r"[22/11/2026-12:00:00] Product: 27/11/2026-11:40:00 CRM\x20is\x20alive, New Stock: 10"
    assert restocked in lines


def test_a_reason_called_like_a_heartbeat_is_not_counted_as_one(time: Clock, log: pytest.LogCaptureFixture) -> None:
    job_state.pause(LOW_STOCK.name, ALIVE, "Ann", None)
    make_runner().fire(LOW_STOCK, time.now)
    written = [telemetry._Json(service="crm", stage="test").format(record) for record in log.records]
    assert [line for line in written if "CRM is alive" in line] == []
    assert any("SKIPPED" in json.loads(line)["message"] for line in written)
