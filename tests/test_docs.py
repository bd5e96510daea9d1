"""The documentation is true: commands, settings, error codes, links, GraphQL documents, and the length of the README."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, cast

import click
import pytest
from graphql import parse, validate

from chalicelib import errors
from chalicelib.api.graphql.schema import schema
from chalicelib.api.http.endpoint import respond
from chalicelib.api.http.http_types import Request
from chalicelib.settings import Settings
from crmctl import cli
from tests.conftest import ROOT
from tests.markdown import Command, Page, pages

PAGES = pages()
COMMANDS = [command for page in PAGES if page.name != "CHANGELOG.md" for command in page.commands()]
"""The changelog also names what is gone."""
README = Page(ROOT / "README.md")
API = Page(ROOT / "docs" / "api.md")
SETTINGS = Page(ROOT / "docs" / "settings.md")

no_database = pytest.mark.no_database

WITH_ARGS = {
    "local": ["-c", "from chalice.cli import main; main()", "local"],
    "bench": ["-m", "benchmarks"],
    "fast-forward": ["-m", "localdev", "fast-forward"],
    "deploy": ["-m", "deploy", "up"],
    "first-key": ["-m", "deploy", "first-key"],
}
"""What a target hands ARGS to."""
OF_REHEARSAL = ("rollback", "releases", "delete-data", "restore", "switch", "delete-generation", "resources")
RUN_BY = {
    "local": ("tests/localdev/servers.py", '"local"'),
    "fast-forward": ("tests/localdev/test_jobs_served.py", '"fast-forward"'),
    "break": ("tests/localdev/test_breakage.py", '"break"'),
    "mend": ("tests/localdev/test_breakage.py", '"mend"'),
    "reset": ("tests/localdev/test_server.py", '"reset"'),
    "check": (".ci/run", "make check"),
    "test": (".ci/run", "make test"),
    "test-all": (".github/workflows/ci.yml", '"3.11", "3.12", "3.13", "3.14"'),
    "bench": ("tests/benchmarks/test_peers.py", "benchmarks.peers"),
    "rehearse": (".github/workflows/ci.yml", "make rehearse"),
    "rehearse-chalice": ("tests/deploy/test_rehearsal.py", '"chalice"'),
    "rehearse-faults": ("tests/deploy/test_rehearsal.py", "FAULTS"),
    "package": ("deploy/rehearsal/scenario.py", "package.build("),
    "deploy": ("deploy/rehearsal/scenario.py", "_deploy("),
    "first-key": ("deploy/rehearsal/scenario.py", '"Key of'),
    "delete": ("deploy/rehearsal/scenario.py", '"down"'),
    **{name: ("deploy/rehearsal/scenario.py", f'"{name}"') for name in OF_REHEARSAL},
    "chalice-deploy": ("deploy/rehearsal/chalice_scenario.py", '"chalice-deploy"'),
    "chalice-delete": ("deploy/rehearsal/chalice_scenario.py", '"chalice-delete"'),
    "policies": ("tests/deploy/test_policies.py", "policies.files()"),
    "lock": (".github/workflows/ci.yml", "make lock"),
}
"""Where what a target does is run: a test, CI or the rehearsal, and a piece of its text that shows it."""
ELSEWHERE = {"pip", "pipx", "eval", "export", "pre-commit", "curl", "chalice", "pytest", "aws"}
"""Programs of others; what curl sends is run below."""


def of(program: str) -> list[Command]:
    return [command for command in COMMANDS if command.words[:1] == (program,)]


@no_database
def test_every_command_is_of_a_program_that_is_checked() -> None:
    programs = {command.words[0] for command in COMMANDS if command.words}
    assert programs - ELSEWHERE == {"crmctl", "make", "python"}
    assert len(of("crmctl")) > 20
    assert len(of("make")) > 20


def target_of(command: Command) -> str:
    return next(word for word in command.words[1:] if not re.match(r"-|[A-Z]+=", word))


@no_database
def test_make_knows_every_target() -> None:
    """A dry run: make itself says whether it could make them."""
    targets = sorted({target_of(command) for command in of("make")})
    command = ["make", "-n", "-k", *targets, "STAGE=dev", "JOB=low_stock"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@no_database
def test_every_target_is_run_somewhere() -> None:
    assert {target_of(command) for command in of("make")} == RUN_BY.keys()
    for target, (file, piece) in RUN_BY.items():
        assert piece in (ROOT / file).read_text("utf-8"), f"{file} no longer runs make {target}"


def arguments_of_targets() -> Iterator[tuple[str, str]]:
    """(target, option) for the options in ARGS."""
    for command in of("make"):
        for word in command.words:
            if word.startswith("ARGS="):
                options = [part for part in shlex.split(word.removeprefix("ARGS=")) if part.startswith("-")]
                yield from ((target_of(command), option.partition("=")[0]) for option in options)


@cache
def help_of(target: str) -> str:
    return subprocess.check_output([sys.executable, *WITH_ARGS[target], "--help"], cwd=ROOT, text=True, timeout=60)


@no_database
@pytest.mark.parametrize(("target", "option"), sorted(set(arguments_of_targets())))
def test_the_program_behind_the_target_knows_the_option(target: str, option: str, pytestconfig: pytest.Config) -> None:
    said = pytestconfig._parser.optparser.format_help() if target == "test" else help_of(target)
    assert re.search(rf"{re.escape(option)}\b", said), f"{option} is not in the help of make {target}"


@no_database
@pytest.mark.parametrize("command", dict.fromkeys(of("crmctl")), ids=str)
def test_crmctl_takes_the_command_as_it_stands(command: Command, tmp_path: Path) -> None:
    """Subcommand, options, values and the number of arguments, by click itself."""
    (tmp_path / "exports").mkdir()
    for name in ("people.csv", "people.toml", "db.sqlite3", "dump.json", "customers.rejected.csv"):
        (tmp_path / name).touch()
    there = {path.name: str(path) for path in tmp_path.iterdir()} | {"DIR": str(tmp_path)}
    words, group = [there.get(word, word) for word in command.words[1:]], cast("click.Command", cli.main)
    context = click.Context(group, info_name="crmctl")
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        name, group, words = group.resolve_command(context, words)  # type: ignore[assignment]  # raises for an unknown one
        context = click.Context(group, context, info_name=name)
    try:
        group.make_context(context.info_name, words, context.parent)
    except click.exceptions.Exit as left:
        if left.exit_code:  # 0 after --version and --help
            raise
    except click.MissingParameter:
        if not command.is_mention:
            raise


@no_database
def test_every_command_of_crmctl_is_run_by_a_test_with_each_option() -> None:
    """A word of a command is a string of its own there."""
    tests = " ".join(file.read_text("utf-8") for file in (ROOT / "tests" / "crmctl").glob("*.py"))
    words = {word.partition("=")[0] for command in of("crmctl") for word in command.words[1:]}
    documented = {word for word in words if re.fullmatch(r"(--)?[a-z][a-z-]+", word)} & names_of(cli.main)
    assert len(documented) > 20
    assert {word for word in documented if not re.search(rf'"{word}["=]', tests)} == set()


@no_database
def test_options_in_the_text_about_operations_exist() -> None:
    texts = [Page(ROOT / "docs" / name).prose for name in ("operations.md", "import.md", "from-django.md")]
    named = {option for text in texts for option in re.findall(r"`(--[a-z-]+)`", text)}
    assert len(named) > 9
    assert named - names_of(cli.main) == {"--help"}


def names_of(command: click.Command) -> set[str]:
    """Of subcommands and options, below `command`."""
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return {*options, *(child.name or "" for child in inner)}.union(*map(names_of, inner))


@no_database
@pytest.mark.parametrize("command", dict.fromkeys(of("python")), ids=str)
def test_python_finds_the_module(command: Command) -> None:
    assert command.words[1] == "-m"
    path = ROOT.joinpath(*command.words[2].split("."))
    assert path.with_suffix(".py").exists() or (path / "__main__.py").exists()


def documented_settings() -> dict[str, str]:
    """{variable: default} of the tables in docs/settings.md."""
    rows = [row for table in SETTINGS.tables() for row in table]
    return {name: row[1] for row in rows for name in re.findall(r"`(CRM_\w+)`", row[0])}


@no_database
@pytest.mark.parametrize(
    "field", [field for field in fields(Settings) if field.name not in {"on_lambda", "handler"}], ids=lambda f: f.name
)
def test_every_setting_is_documented_with_its_default(field: Any) -> None:
    default = documented_settings()[f"CRM_{field.name.upper()}"]
    expected = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
    if field.default == "":
        assert re.match("none|this server", default)
    else:
        assert default.strip("`").startswith(expected)


@no_database
def test_every_variable_that_is_named_is_read_somewhere() -> None:
    ours = {f"CRM_{field.name.upper()}" for field in fields(Settings)}
    beside = {
        name
        for directory in ("localdev", "crmctl", "benchmarks")
        for file in (ROOT / directory).rglob("*.py")
        for name in re.findall(r"\bCRM_[A-Z_]+\b", file.read_text("utf-8"))
    }
    named = {name: page.name for page in PAGES for name in re.findall(r"\bCRM_[A-Z_]+[A-Z]\b", page.text)}
    assert {name: page for name, page in named.items() if name not in ours | beside} == {}
    assert documented_settings().keys() - ours - beside == set()


def codes_of(kind: type[errors.CrmError]) -> set[str]:
    inner = {code for child in kind.__subclasses__() if child.__module__ == errors.__name__ for code in codes_of(child)}
    return {kind.code} | inner


@no_database
def test_the_page_of_the_api_has_every_error_code_and_no_other() -> None:
    documented = {row[0].strip("`"): row for table in API.tables() for row in table if re.match(r"`[A-Z_]+`$", row[0])}
    roles = {"VIEWER", "EDITOR", "OPERATOR"}
    codes = documented.keys() - roles
    assert codes_of(errors.CrmError) - codes == set(), "errors.py has codes that docs/api.md does not explain"
    sources = [*(ROOT / "chalicelib" / "api").rglob("*.py"), ROOT / "chalicelib" / "errors.py"]
    known = {code for file in sources for code in re.findall(r'"([A-Z][A-Z_]+)"', file.read_text("utf-8"))}
    known |= set(re.findall(r'"code":"([A-Z_]+)"', (ROOT / "deploy" / "stack.yaml").read_text("utf-8")))
    assert codes - known == set(), "docs/api.md explains codes that nothing raises"
    assert all(len(documented[code]) == 3 and all(documented[code]) for code in codes)


@no_database
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Page) -> None:
    for target in page.links():
        file, _, anchor = target.partition("#")
        path = (page.path.parent / file).resolve() if file else page.path
        assert path.exists(), f"{page.name} links to {target}"
        assert path.is_relative_to(ROOT)
        if anchor:
            assert anchor in Page(path).anchors(), f"{page.name} links to {target}"


def documents() -> list[tuple[str, str]]:
    return [(page.name, text) for page in PAGES for text in page.blocks("graphql")]


@no_database
@pytest.mark.parametrize(("page", "document"), documents(), ids=lambda text: text.split("(")[0].split("{")[0].strip())
def test_documents_fit_the_schema(page: str, document: str) -> None:
    assert validate(schema(), parse(document)) == [], page


def sent_by(command: Command) -> Request:
    headers, body = dict[str, str](), ""
    words = iter(command.words[1:])
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(":")
            headers[name.lower()] = value.strip()
        elif word == "-d":
            body = next(words)
        else:
            assert word == "-s" or word.endswith("/graphql")
    return Request("POST", headers, {}, body)


@pytest.mark.parametrize("command", dict.fromkeys(of("curl")), ids=str)
def test_what_curl_sends_is_answered(command: Command) -> None:
    for _ in range(2):  # as it says: again, with the same answer
        answer = respond(sent_by(command))
        assert answer.status == 200
        assert "errors" not in json.loads(answer.body), answer.body


@no_database
def test_the_readme_is_short() -> None:
    assert len(README.text.split()) <= 1200
    assert all(len(table) <= 10 for table in README.tables())


@no_database
def test_the_glossary_is_short_and_in_use() -> None:
    (words,) = Page(ROOT / "docs" / "glossary.md").tables()
    assert 0 < len(words) <= 25
    others = " ".join(page.text.lower() for page in PAGES if page.path.name != "glossary.md")
    unused = [word for word, _ in words if not re.search(rf"\b{word}", others)]
    assert unused == [], "words that no other page needs"


@no_database
def test_pages_are_plain_text_of_moderate_width() -> None:
    """Tables and requests may be wider; nothing else is."""
    for page in PAGES:
        prose = [line for line in page.prose.splitlines() if not re.match(r"\||\s*\||!\[|<", line)]
        assert max(map(len, prose), default=0) <= 120, page.name
        assert not re.search("[\U0001f300-\U0001faff\u2600-\u27bf]", page.text), page.name
        assert os.fsdecode(page.path.name).isascii()
