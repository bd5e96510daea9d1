"""GraphiQL at GET /graphql: who gets it, what it may do in a browser, and that other requests do not load it."""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.api.graphql.execution import Prepared, prepare
from chalicelib.api.pages import graphiql
from chalicelib.settings import settings
from tests.api.conftest import Change
from tests.api.graphql_client import HELLO, Reply, get, send
from tests.conftest import ROOT

pytestmark = pytest.mark.no_database
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def page(**headers: str) -> Reply:
    return send("GET", HTML | headers)


def text() -> str:
    return gzip.decompress(graphiql._FILE.read_bytes()).decode()


@pytest.mark.usefixtures("deployed")
def test_a_browser_gets_the_page_without_a_key() -> None:
    reply = page()
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert reply.answer.body == text()
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_a_browser_with_a_document_in_the_url_gets_the_result() -> None:
    assert get(headers=HTML, query="{ hello }").json == HELLO


def test_post_and_other_clients_do_not_get_the_page() -> None:
    assert send("POST", HTML | {"content-type": "application/json"}, body=b'{"query": "{hello}"}').json == HELLO
    assert get(headers={"accept": "*/*"}).status == 400
    assert send("HEAD", HTML).answer.body == ""


def test_it_can_be_switched_off(change: Change) -> None:
    change(graphiql=False)
    assert (page().status, page().code) == (400, "BAD_REQUEST")


def test_scripts_are_allowed_by_hash_and_connect_to_this_origin_only() -> None:
    policy = dict(entry.strip().split(" ", 1) for entry in page().headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", text(), re.DOTALL)
    hashes = {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts}
    assert set(policy["script-src"].split()) == {f"'sha256-{digest}'" for digest in hashes}
    assert "unsafe" not in policy["script-src"]


def test_the_page_loads_nothing_from_other_hosts() -> None:
    markup = re.sub(r"<(script|style)>.*?</\1>", "", text(), flags=re.DOTALL)
    assert re.findall(r"(?:src|href)=\"(?!data:)[^\"]*\"", markup) == []
    styles = "".join(re.findall(r"<style>(.*?)</style>", text(), re.DOTALL))
    assert re.findall(r"url\((?![\"']?(?:data:|#))[^)]*\)|@import", styles) == []
    assert len(graphiql._FILE.read_bytes()) < 450_000


def test_the_page_contains_the_current_script() -> None:
    assert (ROOT / "frontend" / "graphiql-page.js").read_text("utf-8") in text()


def test_a_cached_page_is_not_sent_again() -> None:
    etag = page().headers["ETag"]
    again = page(**{"if-none-match": etag})
    assert (again.status, again.answer.body, again.headers["ETag"]) == (304, "", etag)
    assert page(**{"if-none-match": '"other"'}).status == 200


def examples() -> list[str]:
    source = (ROOT / "frontend" / "graphiql-page.js").read_text("utf-8")
    return re.findall(r"^  `(.*?)`,$", source, re.DOTALL | re.MULTILINE)


def test_each_example_is_valid_and_affordable() -> None:
    assert len(examples()) >= 4
    for example in examples():
        prepared = prepare(example)
        assert isinstance(prepared, Prepared), prepared
        for definition in prepared.document.definitions:
            assert prepared.prices.of(definition, {}).cost < settings.cost_limit / 5  # type: ignore[arg-type]


def test_the_header_for_a_key_is_prepared() -> None:
    source = (ROOT / "frontend" / "graphiql-page.js").read_text("utf-8")
    assert 'Authorization: "Bearer <your key' in source
    assert "shouldPersistHeaders: false" in source


ELSEWHERE = """
import json, sys, chalicelib.api.pages.graphiql as module
from pathlib import Path
read = []
true = Path.read_bytes
Path.read_bytes = lambda self: (read.append(self.name), true(self))[1]
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
json_headers = {"content-type": "application/json", "accept": "application/json"}
assert respond(Request("POST", json_headers, {}, b'{"query": "{hello}"}')).status == 200
assert respond(Request("GET", {"accept": "*/*"}, {"query": "{hello}"}, b"")).status == 200
assert respond(Request("OPTIONS", {}, {}, b"")).status == 204
print(json.dumps(read))
"""


def test_other_requests_do_not_load_it() -> None:
    result = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stderr
    assert Path(graphiql._FILE).name not in json.loads(result.stdout)
