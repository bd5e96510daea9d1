"""Is the table of what a stage costs a month right, as far as its units, prices and assumptions are?"""

import json
from pathlib import Path

import pytest

from benchmarks import cost
from benchmarks.metering import read_units
from benchmarks.prices import NOTED, PRICES, bill
from deploy import stage_options, template
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
        parts = cost.fixed(UNITS), cost.watched(size), cost.proportional(size, UNITS)
        used = cost.quantities(size, UNITS)
        assert used.keys() | {"traces"} == PRICES.keys(), "everything has a price, and no price is for nothing"
        for name in used:
            assert used[name] == pytest.approx(sum(part.get(name, 0) for part in parts))


def test_the_heartbeat_costs_the_same_for_every_size() -> None:
    share = sum(bill(cost.heartbeat(UNITS)).values())
    cells = " | ".join([f"{share:.2f}"] * len(cost.SIZES))
    assert f"| of it the heartbeat with its watch | {cells} |" in cost.table(UNITS)
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


def test_x_ray_takes_the_first_request_of_a_second_and_5_percent_of_the_others() -> None:
    few, many = (cost.traces(size, UNITS)["traces"] for size in (cost.SMALL, cost.SMALL.times(1000)))
    assert few == pytest.approx(cost.quantities(cost.SMALL, UNITS)["invocations"])
    steady = cost.heartbeat(UNITS)["invocations"] + cost.dispatcher(UNITS)["invocations"]
    requests = cost.quantities(cost.SMALL.times(1000), UNITS)["invocations"] - steady
    assert many == pytest.approx(steady + cost.SECONDS + 0.05 * (requests - cost.SECONDS))


@pytest.mark.parametrize(
    ("options", "expected"), [({}, cost.ALL_ALARMS), ({"alarms": "few"}, cost.FEW_ALARMS)], ids=["all", "few"]
)
def test_every_alarm_and_the_dashboard_are_paid_for(
    options: dict[str, str], expected: dict[str, float], tmp_path: Path
) -> None:
    config = json.loads(template.CONFIG.read_text("utf-8"))
    config["stages"]["prod"] |= options
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = template.to_merge("prod", tmp_path / "config.json")["Resources"]
    metrics = [
        1 if "MetricName" in alarm else sum("MetricStat" in entry for entry in alarm["Metrics"])
        for alarm in of_type(found, "AWS::CloudWatch::Alarm").values()
    ]
    dashboards = of_type(found, "AWS::CloudWatch::Dashboard")
    assert {"alarm_metrics": sum(metrics), "dashboards": len(dashboards)} == expected


def test_what_is_not_in_the_table_is_off() -> None:
    options = stage_options.load("prod", template.CONFIG)
    assert not options.traced
    (of_api,) = template.read(template.STACK)["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    assert "MetricsEnabled" not in of_api, "each path and method would have custom metrics"


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
