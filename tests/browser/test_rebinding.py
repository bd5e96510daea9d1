"""Pages of other origins, and pages behind DNS rebinding, achieve nothing against `chalice local` in a real browser.

The attacker's name, evil.example, resolves to 127.0.0.1 in this browser. A page on a port of its own is one of another
origin. A page on the port of a victim is one behind DNS rebinding: to the browser, victim and page are the same origin.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from localdev.state import State
from tests.browser.chromium import opened_browser
from tests.localdev.crm_server import Served
from tests.localdev.servers import Place, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

pytestmark = pytest.mark.no_database

EVIL = "evil.example"
OWN_PROTECTION = (
    "LocalNetworkAccessChecks",
    "BlockInsecurePrivateNetworkRequests",
    "PrivateNetworkAccessSendPreflights",
    "PrivateNetworkAccessRespectPreflightResults",
)
"""Chromium itself keeps pages from loopback by now. Other browsers do not."""
PRODUCT = "Peppermint tea of the victim"
CREATE_PRODUCT = 'mutation ($name: String!) { createProduct(input: {name: $name, price: "3.00"}) { product { id } } }'
CREATE_KEY = 'mutation { createKey(name: "pwned", role: OPERATOR) { secret } }'
DATA = "{ allProducts { edges { node { name } } } }"

SEND = """async ([url, options]) => {
  try {
    const response = await fetch(url, options);
    return {status: response.status, type: response.type, text: await response.text()};
  } catch (error) {
    return {error: String(error)};
  }
}"""


@dataclass(frozen=True)
class Victim:
    api: str
    emulator: str
    served: Served

    def aws(self, service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]  # each service has an overload of its own
            service,
            endpoint_url=self.emulator,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    def traces(self) -> str:
        """Return everything that an attack could have created."""
        tables = self.aws("dynamodb").list_tables()["TableNames"]
        queues = self.aws("sqs").list_queues()["QueueUrls"]
        keys = self.served.ask("{ keys { edges { node { name } } } }")
        return json.dumps([tables, queues, keys])


@pytest.fixture(scope="module")
def browser(playwright: "Playwright") -> Iterator["Browser"]:
    rules = f"--host-resolver-rules=MAP {EVIL} 127.0.0.1"
    with opened_browser(playwright, rules, without=OWN_PROTECTION) as browser:
        yield browser


@pytest.fixture(scope="module")
def victim(browser: "Browser", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:  # noqa: ARG001 - no server without a browser
    place = Place(tmp_path_factory.mktemp("victim"), {"CRM_JOBS": "off"})
    served = Served(place)
    try:
        running = State(place.state).running_emulator()
        assert running is not None
        served.ask(CREATE_PRODUCT, name=PRODUCT)
        yield Victim(served.url, running.endpoint, served)
    finally:
        served.end()
        place.clear()


@contextmanager
def attack_page(browser: "Browser", origin: str) -> Iterator["Page"]:
    """Open a page of the attacker at this origin. The browser gets only the page itself from the attacker."""
    context = browser.new_context()
    try:
        page = context.new_page()
        page.route(
            f"{origin}/attack", lambda route: route.fulfill(content_type="text/html", body="<body>attack</body>")
        )
        page.goto(f"{origin}/attack")
        page.unroute(f"{origin}/attack")  # while a route is set, Playwright itself grants every CORS preflight
        yield page
    finally:
        context.close()


def send(page: "Page", url: str, **options: Any) -> dict[str, Any]:
    result: dict[str, Any] = page.evaluate(SEND, [url, options])
    return result


def rebound(url: str) -> str:
    """Return the attacker's name for the same server."""
    return f"http://{EVIL}:{urlsplit(url).port}"


def emulator_attacks(target: str) -> list[tuple[str, dict[str, Any]]]:
    function = {
        "FunctionName": "pwned",
        "Runtime": "python3.11",
        "Handler": "m.h",
        "Role": "r",
        "Code": {"ZipFile": ""},
    }
    plain = {"Content-Type": "text/plain"}
    table = {
        "TableName": "pwned",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    dynamodb = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.CreateTable"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return [
        (f"{target}/2015-03-31/functions", {"method": "POST", "headers": plain, "body": json.dumps(function)}),
        (f"{target}/", {"method": "POST", "headers": dynamodb, "body": json.dumps(table)}),
        (f"{target}/", {"method": "POST", "headers": form, "body": "Action=CreateQueue&QueueName=pwned"}),
        (f"{target}/?Action=CreateQueue&QueueName=pwned", {"method": "GET"}),
        (f"{target}/_ministack/health", {"method": "GET"}),
        (f"{target}/_ministack/reset", {"method": "POST"}),
    ]


@pytest.mark.parametrize("rebind", [False, True], ids=["other origin", "DNS rebinding"])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_page_changes_and_reads_nothing_in_the_emulator(
    browser: "Browser", victim: Victim, mode: str, *, rebind: bool
) -> None:
    origin = rebound(victim.emulator) if rebind else f"http://{EVIL}:{free_port()}"
    target = origin if rebind else victim.emulator
    with attack_page(browser, origin) as page:
        results = [send(page, url, mode=mode, **options) for url, options in emulator_attacks(target)]
    if rebind:  # the same origin to the browser, so that it shows the statuses
        assert [result.get("status") for result in results] == [403] * len(results)
    else:
        assert all("error" in result or result["type"] == "opaque" for result in results), results
    assert "pwned" not in victim.traces()
    assert PRODUCT in json.dumps(victim.served.ask(DATA)), "the data is still there"


def api_attacks(target: str) -> list[tuple[str, dict[str, Any]]]:
    def post(document: str, kind: str) -> tuple[str, dict[str, Any]]:
        body = json.dumps({"query": document})
        return target, {"method": "POST", "headers": {"Content-Type": kind}, "body": body}

    return [
        post(CREATE_KEY, "application/json"),
        post(CREATE_KEY, "text/plain"),
        post(DATA, "application/json"),
        post(DATA, "text/plain"),
        (f"{target}?query={DATA}", {"method": "GET"}),
    ]


@pytest.mark.parametrize("rebind", [False, True], ids=["other origin", "DNS rebinding"])
@pytest.mark.parametrize("mode", ["cors", "no-cors"])
def test_page_gets_neither_data_nor_a_key_from_the_api(
    browser: "Browser", victim: Victim, mode: str, *, rebind: bool
) -> None:
    origin = rebound(victim.api) if rebind else f"http://{EVIL}:{free_port()}"
    target = f"{origin}/graphql" if rebind else victim.api
    with attack_page(browser, origin) as page:
        results = [send(page, url, mode=mode, **options) for url, options in api_attacks(target)]
    assert PRODUCT not in json.dumps(results)
    assert "crm_" not in json.dumps(results)
    if rebind:
        assert {result.get("status") for result in results} <= {403, 415}, results
    assert "pwned" not in victim.traces()


@pytest.mark.parametrize("path", ["/console#/stock", "/graphql"])
def test_console_and_graphiql_show_no_data_behind_dns_rebinding(browser: "Browser", victim: Victim, path: str) -> None:
    context = browser.new_context()
    try:
        page = context.new_page()
        statuses: list[int] = []
        page.on("response", lambda seen: statuses.append(seen.status) if seen.request.method == "POST" else None)
        page.goto(f"{rebound(victim.api)}{path}")
        if path == "/graphql":
            page.locator(".graphiql-execute-button").click()
        page.wait_for_timeout(500)
        page.wait_for_load_state("networkidle")
        assert statuses
        assert set(statuses) == {403}
        assert PRODUCT not in page.content()
    finally:
        context.close()


@pytest.mark.parametrize("path", ["/console", "/graphql"])
def test_console_and_graphiql_cannot_be_framed_by_another_origin(browser: "Browser", victim: Victim, path: str) -> None:
    url = victim.api.replace("/graphql", path)
    with attack_page(browser, f"http://{EVIL}:{free_port()}") as page:
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        page.evaluate(
            "url => { const f = document.createElement('iframe'); f.src = url; document.body.append(f) }", url
        )
        page.wait_for_timeout(500)
        page.wait_for_load_state("networkidle")
        assert any("frame-ancestors" in text for text in refused), refused
        assert all(PRODUCT not in frame.content() for frame in page.frames)


def test_page_of_this_machine_still_works(browser: "Browser", victim: Victim) -> None:
    """The console works under both loopback names, so the refusals above are not those of a broken server."""
    for host in ("127.0.0.1", "localhost"):
        context = browser.new_context()
        try:
            page = context.new_page()
            page.goto(f"http://{host}:{urlsplit(victim.api).port}/graphql")
            page.locator(".graphiql-execute-button").click()
            page.locator(".result-window", has_text=PRODUCT).wait_for()
        finally:
            context.close()
