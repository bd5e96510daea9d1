"""Is the table of what a stage costs a month right, as far as its units, prices and assumptions are?"""

import json
import re
from pathlib import Path

import pytest

from benchmarks import cost, cost_model, office
from benchmarks.metering import read_units
from benchmarks.prices import NOTED, PRICES, bill
from deploy import stage_options, template
from tests.conftest import ROOT
from tests.deploy.building import of_type

pytestmark = pytest.mark.no_database
UNITS = cost_model.kept_units()


def test_the_page_about_costs_has_the_tables_that_follow_from_the_kept_units() -> None:
    page = (ROOT / "docs" / "costs.md").read_text("utf-8")
    assert cost.table(UNITS) in page, "run python -m benchmarks.cost"
    assert cost.measured(UNITS) in page, "run python -m benchmarks.cost"
    assert NOTED in page


def test_twice_the_size_uses_twice_of_what_is_proportional() -> None:
    once, twice = (cost_model.proportional(size, UNITS) for size in (cost_model.SMALL, cost_model.SMALL.times(2)))
    assert twice == pytest.approx({name: 2 * quantity for name, quantity in once.items()})
    assert not {name for name, quantity in once.items() if quantity <= 0}


def test_a_small_stage_costs_at_most_5_dollars_and_a_large_one_at_most_100() -> None:
    dollars = {size.name: sum(bill(cost_model.quantities(size, UNITS)).values()) for size in cost_model.SIZES}
    assert dollars["small, few alarms"] <= 5
    assert dollars["large"] <= 100


def test_the_office_opens_as_many_files_as_the_console_has() -> None:
    assert office.files() <= cost_model.DESK["console_file"] <= 1.1 * office.files()


def test_work_that_is_measured_is_in_the_table_and_in_the_model() -> None:
    assert set(cost.WORK) == UNITS.keys() - {"a_customer", "a_product", "console_file"}
    used = {*cost_model.CALLS, *cost_model.DESK, *cost_model.OPERATORS, *cost_model.SYSTEMS, *cost_model.IMPORTED}
    jobs = {f"{job}.{part}" for job in cost_model.FIRINGS for part in ("run", "row")}
    assert UNITS.keys() - used - jobs == {
        "heartbeat",
        "dispatch",
        "dispatch_full",
        "dispatch_slot",
        "a_customer",
        "a_product",
    }


def test_what_is_used_is_the_fixed_and_the_proportional() -> None:
    for size in cost_model.SIZES:
        parts = cost_model.fixed(UNITS), cost_model.watched(size), cost_model.proportional(size, UNITS)
        used = cost_model.quantities(size, UNITS)
        assert used.keys() | {"traces"} == PRICES.keys(), "everything has a price, and no price is for nothing"
        for name in used:
            assert used[name] == pytest.approx(sum(part.get(name, 0) for part in parts))


def test_the_heartbeat_costs_the_same_for_every_size() -> None:
    share = sum(bill(cost_model.heartbeat(UNITS)).values())
    cells = " | ".join([f"{share:.2f}"] * len(cost_model.SIZES))
    assert f"| of it the heartbeat with its watch | {cells} |" in cost.table(UNITS)
    without = {**UNITS, "heartbeat": dict.fromkeys(UNITS["heartbeat"], 0.0)}
    for size in cost_model.SIZES:
        saved = sum(bill(cost_model.quantities(size, UNITS)).values()) - sum(
            bill(cost_model.quantities(size, without)).values()
        )
        logged = sum(bill({name: cost_model.heartbeat(without)[name] for name in ("log_gb", "kept_log_gb")}).values())
        assert saved + logged == pytest.approx(share)


def test_a_million_write_units_cost_what_aws_says() -> None:
    assert bill({"write_units": 1e6})["DynamoDB requests"] == pytest.approx(0.625)
    assert bill({"write_units": 1e6, "read_units": 2e6})["DynamoDB requests"] == pytest.approx(0.875)


def test_an_order_is_paid_for_as_often_as_it_is_placed() -> None:
    work = cost_model.work_of(UNITS["order"], 1000, memory=1.0, cold=0, log=1000)
    assert work["write_units"] == pytest.approx(1000 * UNITS["order"]["write_units"])
    assert work["requests"] == 1000
    seconds = cost_model.WARM + cost_model.A_CALL * UNITS["order"]["calls"]
    assert work["gb_seconds"] == pytest.approx(1000 * seconds)


@pytest.mark.parametrize(("stored", "dollars"), [(10, 0), (25, 0), (27, 0.5)])
def test_what_is_free_is_not_paid_and_no_more_than_that(stored: float, dollars: float) -> None:
    assert bill({"stored_gb": stored}, free=True)["DynamoDB storage"] == pytest.approx(dollars)
    assert bill({"stored_gb": stored})["DynamoDB storage"] == pytest.approx(stored * 0.25)


def test_x_ray_takes_the_first_request_of_a_second_and_5_percent_of_the_others() -> None:
    few, many = (cost_model.traces(size, UNITS)["traces"] for size in (cost_model.SMALL, cost_model.SMALL.times(1000)))
    assert few == pytest.approx(cost_model.quantities(cost_model.SMALL, UNITS)["invocations"])
    steady = cost_model.heartbeat(UNITS)["invocations"] + cost_model.dispatcher(UNITS)["invocations"]
    requests = cost_model.quantities(cost_model.SMALL.times(1000), UNITS)["invocations"] - steady
    assert many == pytest.approx(steady + cost_model.SECONDS + 0.05 * (requests - cost_model.SECONDS))


@pytest.mark.parametrize(
    ("options", "expected"),
    [({}, cost_model.ALL_ALARMS), ({"alarms": "few"}, cost_model.FEW_ALARMS)],
    ids=["all", "few"],
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


ACCESS = {
    "requestTime": "28/Nov/2026:02:00:00 +0000",
    "identity.sourceIp": "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
    "httpMethod": "POST",
    "path": "/api/graphql",
    "status": "200",
    "error.responseType": "-",
}
"""Other variables are numbers of milliseconds or bytes, or an id."""
REQUEST = "4f0f3f7e-9d4d-4bb9-a0a3-0d8ab2c5f6d1"
BY_LAMBDA = (
    f"START RequestId: {REQUEST} Version: $LATEST\n",
    f"END RequestId: {REQUEST}\n",
    f"REPORT RequestId: {REQUEST}\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 1024 MB\tMax Memory Used: 256 MB\t\n",
)
EVENT_OVERHEAD = 26
"""Bytes that CloudWatch adds to each event."""


def test_a_request_logs_no_more_than_is_paid_for() -> None:
    """An access line, and the three lines of Lambda: the code itself logs nothing of a request that went well."""
    line = template.read(template.STACK)["Resources"]["RestAPI"]["Properties"]["AccessLogSetting"]["Format"]
    names = set(re.findall(r"\$context\.([\w.]+)", line))
    for name in sorted(names, key=len, reverse=True):
        line = line.replace(f"$context.{name}", ACCESS.get(name, REQUEST if name == "requestId" else "123456"))
    assert "$" not in line
    sizes = [len(text.encode()) + EVENT_OVERHEAD for text in (line, *BY_LAMBDA)]
    assert sum(sizes) <= cost_model.LOG_BYTES["request"] <= 1.2 * sum(sizes)


def test_functions_have_the_memory_that_is_paid_for() -> None:
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["stages"]["prod"]["lambda_functions"]
    memory = {name: settings["lambda_memory_size"] / 1024 for name, settings in functions.items()}
    assert (memory["api_handler"], memory["heartbeat"]) == (cost_model.MEMORY["api"], cost_model.MEMORY["heartbeat"])
    assert max(memory.values()) == cost_model.MEMORY["job"]


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
