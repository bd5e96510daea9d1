"""Jobs under the real `chalice local`: runs on demand, and fast-forward."""

from collections.abc import Iterator

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


def test_run_on_demand_is_done_within_two_seconds(served: Served) -> None:
    served.ask(PRODUCT)
    run = served.run("low_stock")
    assert run["seconds"] < 2
    assert len(run["lines"]) == 1
    assert run["lines"][0] in served.output()


def test_heartbeat_checks_this_server_and_logs_to_the_console(served: Served) -> None:
    (line,) = served.run("heartbeat")["lines"]
    assert line.endswith("CRM is alive")
    assert line in served.output()


def test_fast_forward_works_beside_a_server_and_a_second_time_changes_nothing(served: Served, place: Place) -> None:
    served.ask(PRODUCT)
    quiet = fast_forward(place, "--days", "2", "--no-heartbeat")
    assert not any(line.startswith("[20") for line in quiet), "log lines come with --verbose only"
    before = {job: served.runs(job) for job in ("low_stock", "order_reminders", "customer_cleanup", "weekly_report")}
    fired = {job: [run for run in found if run["trigger"] == "SCHEDULE"] for job, found in before.items()}
    assert [len(fired["low_stock"]), len(fired["order_reminders"])] == [4, 2]
    assert all(run["status"] == "SUCCEEDED" and run["attempts"] == 1 for found in fired.values() for run in found)
    assert [len(run["lines"]) for run in fired["low_stock"]] == [0, 0, 0, 1], "the newest first"
    assert served.ask(STOCK)["allProducts"]["edges"][-1]["node"]["stock"] == 12

    lines = fast_forward(place, "--days", "1", "--verbose")
    assert sum("CRM is alive" in line for line in lines) == 288
    (summary,) = (line for line in lines if line.startswith("  heartbeat"))
    assert summary == "  heartbeat           288 runs: 288 succeeded, 0 failed, 0 skipped; up 288"
    after = {job: served.runs(job) for job in before}
    assert all(run in after[job] for job, found in before.items() for run in found)


def fast_forward(place: Place, *options: str) -> list[str]:
    result = place.run("-m", "localdev", "fast-forward", *options)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.splitlines()
