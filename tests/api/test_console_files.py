"""The console's files: only they are served, with a strict Content-Security-Policy, and with their licences."""

import gzip
import re

import pytest
from chalice.test import Client

import app
from chalicelib.api.http.http_types import Request, Response
from chalicelib.api.pages import console

pytestmark = pytest.mark.no_database
FILES = sorted(console._names())
MAX_LINES = 200
MAX_FIRST_LOAD, MAX_PAGE = 200_000, 30_000
"""Bytes. A page that is loaded later counts as API Gateway compresses it."""


def served(*path: str, **headers: str) -> Response:
    return console.serve(Request("GET", headers, {}, b""), *path)


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_with_its_type_and_the_policy(name: str) -> None:
    answer = served(*name.split("/"))
    assert answer.status == 200
    assert answer.headers["Content-Type"].endswith("charset=utf-8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_without_a_name_the_page_is_served() -> None:
    answer = served()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>CRM console</title>" in str(answer.body)


@pytest.mark.parametrize(
    "path",
    [
        ("nothing.js",),
        ("..", "graphiql.html.gz"),
        ("../graphiql.html.gz",),
        ("vendor",),
        ("vendor", ""),
        ("/etc/passwd",),
    ],
)
def test_nothing_else_is_served(path: tuple[str, ...]) -> None:
    answer = served(*path)
    assert (answer.status, answer.body) == (404, "Not found")


def test_a_cached_file_is_not_sent_again() -> None:
    tag = served("app.js").headers["ETag"]
    again = served("app.js", **{"if-none-match": tag})
    assert (again.status, again.body) == (304, "")
    assert served("app.js", **{"if-none-match": '"other"'}).status == 200


def test_the_routes_serve_the_files() -> None:
    with Client(app.app) as client:
        for path in ("/console", "/console/app.js", "/console/vendor/preact.js"):
            assert client.http.get(path).status_code == 200
        assert client.http.get("/console/vendor/left-pad.js").status_code == 404


@pytest.mark.parametrize(("path", "leads_to"), [("/", "/console"), ("/api/", "/api/console"), ("/api", "/api/console")])
def test_the_bare_address_leads_to_the_console(path: str, leads_to: str) -> None:
    answer = console.lead_to(path)
    assert (answer.status, answer.headers["Location"]) == (307, leads_to)
    with Client(app.app) as client:
        led = client.http.get("/")
        assert (led.status_code, led.headers["Location"]) == (307, "/console")


def test_all_imports_exist_and_none_is_from_another_host() -> None:
    for name in FILES:
        text = (console._DIRECTORY / name).read_text("utf-8")
        folder = name.rpartition("/")[0]
        for imported in re.findall(r'(?:from|import)\s*"\./([^"]+)"', text):
            assert f"{folder}/{imported}".lstrip("/") in FILES, f"{name} imports {imported}"
        for linked in re.findall(r'(?:src|href)="\./console/([^"]+)"', text):
            assert linked in FILES
        if folder != "vendor":
            assert not re.search(r"https?://|innerHTML|\beval\(|dangerouslySet", text), name


def own_modules() -> dict[str, str]:
    return {
        name: (console._DIRECTORY / name).read_text("utf-8")
        for name in FILES
        if name.endswith(".js") and not name.startswith("vendor/")
    }


def exported(text: str) -> set[str]:
    return set(re.findall(r"^export (?:async )?(?:function\*?|const|class) (\w+)", text, re.MULTILINE))


def pages_in(text: str) -> list[tuple[str, str, str]]:
    """Return (name, file, component) of each page."""
    return re.findall(r'([\w-]+)"?: \["(\w+)", "(\w+)"\]', text)


def test_all_that_is_imported_is_exported() -> None:
    """A page is loaded when it is opened, so a wrong name would show only then."""
    modules = own_modules()
    for name, text in modules.items():
        for names, source in re.findall(r'^import \{ ([^}]*) \} from "\./(\w+\.js)";$', text, re.MULTILINE):
            if source != "html.js":
                wanted = {each.partition(" as ")[0] for each in names.split(", ")}
                assert wanted <= exported(modules[source]), f"{name} imports from {source}"


def test_all_pages_exist_and_are_in_the_navigation_or_reached_from_one() -> None:
    modules = own_modules()
    table = pages_in(modules["pages.js"])
    assert len(table) > 10
    for _, file, component in table:
        assert component in exported(modules[f"{file}.js"]), f"{file}.js has no {component}"
    groups = modules["navigation.js"].partition("const GROUPS")[2].partition("};")[0]
    linked = set(re.findall(r'([\w-]+)"?: "', groups))
    pages = modules["pages.js"].partition("export const PAGES")[2].partition("};")[0]
    assert linked == {name for name, *_ in pages_in(pages)}


def test_each_page_is_short() -> None:
    lengths = {name: len(text.splitlines()) for name, text in own_modules().items()}
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def imports_of(name: str) -> set[str]:
    """Return the file and those that it needs at once."""
    found, waiting = set(), [name]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            text = (console._DIRECTORY / each).read_text("utf-8")
            folder = each.rpartition("/")[0]
            names = re.findall(r'(?:from|import) "\./([^"]+)"', text)
            waiting += [f"{folder}/{name}".lstrip("/") for name in names]
    return found


def test_the_first_load_and_each_later_page_are_small() -> None:
    def read(names: set[str]) -> bytes:
        return b"".join((console._DIRECTORY / name).read_bytes() for name in sorted(names))

    always = imports_of("app.js") | {"index.html", "console.css", "theme.js"}
    files = {file for _, file, _ in pages_in(own_modules()["pages.js"])}
    assert {"customers", "overview", "import", "customer"} <= files
    for home in ("overview", "customers"):
        assert len(read(always | imports_of(f"{home}.js"))) < MAX_FIRST_LOAD
    for file in sorted(files):
        page = imports_of(f"{file}.js") - always
        if file == "import":
            page.add("import_rules.json")
        assert len(gzip.compress(read(page))) < MAX_PAGE, file
