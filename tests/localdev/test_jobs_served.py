"""Jobs under the real `chalice local`: runs on demand, and fast-forward."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localdev.crm_server import Served
from tests.localdev.servers import Place

pytestmark = pytest.mark.no_database
PRODUCT = 'mutation { createProduct(input: {name: "Tea", price: "3.00", stock: 2}) { product { id } } }'
STOCK = "{ allProducts { edges { node { stock } } } }"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("jobs"), {"CRM_JOBS": "asked"})
    yield place
    place.clear()


@pytest.fixture(scope="module")
def served(place: Place) -> Iterator[Served]:
    server = Served(place)
    yield server
    server.end()


def test_run_on_demand_is_done_although_no_schedule_fires(served: Served) -> None:
    """Nothing but the queue brings it: with CRM_JOBS=asked there is no ticker. `test_queue_poller.py` has after how many polls."""
    served.ask(PRODUCT)
    run = served.run("low_stock")
    assert (run["trigger"], run["attempts"]) == ("OPERATOR", 1)
    assert len(run["lines"]) == 1
    assert run["lines"][0] in served.output()


def test_heartbeat_checks_this_server_and_logs_to_the_console(served: Served) -> None:
    (line,) = served.run("heartbeat")["lines"]
    assert line.endswith("CRM is alive")
    assert line in served.output()


def test_fast_forward_works_beside_a_server_and_a_second_time_changes_nothing(served: Served, place: Place) -> None:
    served.ask(PRODUCT)
    quiet = fast_forward(place, "--days", "1", "--no-heartbeat")
    assert not any("Product: Tea" in line for line in quiet), "log lines come with --verbose only"
    before = {job: served.runs(job) for job in ("low_stock", "order_reminders", "customer_cleanup", "weekly_report")}
    fired = {job: scheduled(found) for job, found in before.items()}
    assert [len(fired["low_stock"]), len(fired["order_reminders"])] == [2, 1]
    assert all(run["status"] == "SUCCEEDED" and run["attempts"] == 1 for found in fired.values() for run in found)
    assert [len(run["lines"]) for run in fired["low_stock"]] == [0, 1], "the newest first"
    assert served.ask(STOCK)["allProducts"]["edges"][-1]["node"]["stock"] == 12

    served.ask(PRODUCT)
    fast_forward(place, "--days", "2", "--no-heartbeat")
    after = {job: served.runs(job) for job in before}
    assert [len(run["lines"]) for run in scheduled(after["low_stock"])] == [0, 1, 0, 1], "only the day before is new"
    assert all(run in after[job] for job, found in before.items() for run in found)


def test_fast_forward_works_without_a_server_and_shows_log_lines_if_asked(served: Served, place: Place) -> None:
    """The last test, since the server ends: beside it, the server may be the one that does a run and logs it."""
    served.ask(PRODUCT)
    served.end()
    lines = fast_forward(place, "--days", "3", "--no-heartbeat", "--verbose")
    assert sum("Product: Tea, New Stock: 12" in line for line in lines) == 1, lines
    (summary,) = (line for line in lines if line.startswith("  low_stock"))
    assert summary.split(maxsplit=1)[1].startswith("6 runs: 6 succeeded, 0 failed, 0 skipped")


def scheduled(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [run for run in runs if run["trigger"] == "SCHEDULE"]


def fast_forward(place: Place, *options: str) -> list[str]:
    result = place.run("-m", "localdev", "fast-forward", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()
