"""Is the table of what a stage costs a month right, as far as its units, prices and assumptions are?"""

import json

import pytest

from benchmarks import cost
from benchmarks.metering import read_units
from benchmarks.prices import NOTED, PRICES, bill
from deploy import template
from tests.conftest import ROOT
from tests.deploy.building import of_type

pytestmark = pytest.mark.no_database
UNITS = cost.kept_units()


def test_the_page_about_costs_has_the_tables_that_follow_from_the_kept_units() -> None:
    page = (ROOT / "docs" / "costs.md").read_text("utf-8")
    assert cost.table(UNITS) in page, "run python -m benchmarks.cost"
    assert cost.measured(UNITS) in page, "run python -m benchmarks.cost"
    assert NOTED in page


def test_twice_the_size_uses_twice_of_what_is_proportional() -> None:
    once, twice = (cost.proportional(size, UNITS) for size in (cost.SMALL, cost.SMALL.times(2)))
    assert twice == pytest.approx({name: 2 * quantity for name, quantity in once.items()})
    assert {name for name, quantity in once.items() if quantity <= 0} == {"sqs_calls"}, (
        "the jobs' own messages do not grow"
    )


def test_what_is_used_is_the_fixed_and_the_proportional() -> None:
    for size in cost.SIZES:
        parts = cost.fixed(UNITS), cost.proportional(size, UNITS)
        used = cost.quantities(size, UNITS)
        assert used.keys() == PRICES.keys(), "everything has a price, and no price is for nothing"
        for name in used.keys() - {"traces"}:
            assert used[name] == pytest.approx(sum(part.get(name, 0) for part in parts))


def test_the_heartbeat_costs_the_same_for_every_size() -> None:
    share = sum(bill(cost.heartbeat(UNITS)).values())
    assert f"| of it the heartbeat with its watch | {share:.2f} | {share:.2f} | {share:.2f} |" in cost.table(UNITS)
    without = {**UNITS, "heartbeat": dict.fromkeys(UNITS["heartbeat"], 0.0)}
    for size in cost.SIZES:
        saved = sum(bill(cost.quantities(size, UNITS)).values()) - sum(bill(cost.quantities(size, without)).values())
        logged = sum(bill({name: cost.heartbeat(without)[name] for name in ("log_gb", "kept_log_gb")}).values())
        assert saved + logged == pytest.approx(share)


def test_a_million_write_units_cost_what_aws_says() -> None:
    assert bill({"write_units": 1e6})["DynamoDB requests"] == pytest.approx(0.625)
    assert bill({"write_units": 1e6, "read_units": 2e6})["DynamoDB requests"] == pytest.approx(0.875)


def test_an_order_is_paid_for_as_often_as_it_is_placed() -> None:
    work = cost.work_of(UNITS["order"], 1000, memory=1.0, cold=0, log=1000)
    assert work["write_units"] == pytest.approx(1000 * UNITS["order"]["write_units"])
    assert work["requests"] == 1000
    seconds = cost.WARM + cost.A_CALL * UNITS["order"]["calls"]
    assert work["gb_seconds"] == pytest.approx(1000 * seconds)


@pytest.mark.parametrize(("stored", "dollars"), [(10, 0), (25, 0), (27, 0.5)])
def test_what_is_free_is_not_paid_and_no_more_than_that(stored: float, dollars: float) -> None:
    assert bill({"stored_gb": stored}, free=True)["DynamoDB storage"] == pytest.approx(dollars)
    assert bill({"stored_gb": stored})["DynamoDB storage"] == pytest.approx(stored * 0.25)


def test_of_many_requests_a_second_the_first_is_traced_and_5_percent_of_the_others() -> None:
    assert cost.traces(1000) == 1000
    assert cost.traces(3 * cost.SECONDS) == pytest.approx(1.1 * cost.SECONDS)


def test_every_alarm_is_paid_for() -> None:
    alarms = of_type(template.resources("prod")["Resources"], "AWS::CloudWatch::Alarm").values()
    metrics = [
        1 if "MetricName" in alarm else sum("MetricStat" in entry for entry in alarm["Metrics"]) for alarm in alarms
    ]
    assert sum(metrics) == cost.ALARM_METRICS


def test_functions_have_the_memory_that_is_paid_for() -> None:
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["prod"]["lambda_functions"]
    memory = {name: settings["lambda_memory_size"] / 1024 for name, settings in functions.items()}
    assert (memory["api_handler"], memory["heartbeat"]) == (cost.MEMORY["api"], cost.MEMORY["heartbeat"])
    assert max(memory.values()) == cost.MEMORY["job"]


def test_an_order_of_2_lines_is_within_the_bound_of_the_domain_and_the_front_door() -> None:
    assert UNITS["order"]["write_units"] <= 9 + 6 * 2 + 2 + 4, (
        "the customer's day; the key's bucket, the Idempotency-Key"
    )


ROW = {"id": {"S": "x" * 998}}
"""1,000 bytes."""
TABLE = {"RequestItems": {"t": {"Keys": [{}, {}, {}], "ConsistentRead": False}}}


@pytest.mark.parametrize(
    ("operation", "asked", "answer", "units"),
    [
        ("GetItem", {"ConsistentRead": True}, {"Item": ROW}, 1),
        ("GetItem", {}, {}, 0.5),
        ("Query", {}, {"Items": [ROW] * 4, "ScannedCount": 4}, 0.5),
        ("Query", {}, {"Items": [ROW] * 5, "ScannedCount": 5}, 1),
        ("Query", {"ConsistentRead": True}, {"Items": [], "ScannedCount": 0}, 1),
        ("Scan", {}, {"Items": [ROW] * 9, "ScannedCount": 9}, 1.5),
        ("Query", {"Select": "COUNT"}, {"Count": 100, "ScannedCount": 100}, 2.5),
        ("BatchGetItem", TABLE, {"Responses": {"t": [ROW, {"id": {"S": "x" * 5000}}]}}, 2),
    ],
)
def test_read_units_follow_from_bytes(operation: str, asked: dict[str, object], answer: object, units: float) -> None:
    assert read_units(operation, asked, answer) == units  # type: ignore[arg-type]  # an answer as botocore gives it
