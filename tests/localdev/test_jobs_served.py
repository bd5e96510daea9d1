"""Jobs under the real `chalice local`: run when they are asked for, and days of them in seconds."""

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


def test_a_run_that_is_asked_for_is_done_within_two_seconds(served: Served) -> None:
    served.ask(PRODUCT)
    run = served.run("low_stock")
    assert run["seconds"] < 2
    assert len(run["lines"]) == 1
    assert run["lines"][0] in served.output()


def test_the_heartbeat_asks_this_server_and_its_line_is_on_the_console(served: Served) -> None:
    (line,) = served.run("heartbeat")["lines"]
    assert line.endswith("CRM is alive")
    assert line in served.output()


def test_days_go_by_in_seconds_beside_a_server_and_a_second_time_changes_nothing(served: Served, place: Place) -> None:
    served.ask(PRODUCT)
    fast_forward(place, "--days", "2", "--no-heartbeat")
    before = {job: served.runs(job) for job in ("low_stock", "order_reminders", "customer_cleanup", "weekly_report")}
    fired = {job: [run for run in found if run["trigger"] == "SCHEDULE"] for job, found in before.items()}
    assert [len(fired["low_stock"]), len(fired["order_reminders"])] == [4, 2]
    assert all(run["status"] == "SUCCEEDED" and run["attempts"] == 1 for found in fired.values() for run in found)
    assert [len(run["lines"]) for run in fired["low_stock"]] == [0, 0, 0, 1], "the newest first"
    assert served.ask(STOCK)["allProducts"]["edges"][-1]["node"]["stock"] == 12

    told = fast_forward(place, "--days", "1")
    assert sum("CRM is alive" in line for line in told) == 288
    (summary,) = (line for line in told if line.startswith("  heartbeat"))
    assert summary == "  heartbeat           288 runs: 288 succeeded, 0 failed, 0 skipped; up 288"
    after = {job: served.runs(job) for job in before}
    assert all(run in after[job] for job, found in before.items() for run in found)


def fast_forward(place: Place, *options: str) -> list[str]:
    answer = place.run("-m", "localdev", "fast-forward", *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout.splitlines()
