"""Which API crmctl talks to, with which key, and what it says when there is none."""

import errno
import json
import os
import socket
import subprocess
import sys
import types
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner, Result

from crmctl import client, connection, logins
from crmctl.addresses import complete_url, suggest_url
from crmctl.cli import main
from crmctl.client import ApiError, Client, TransientError
from localdev.processes import Process
from localdev.state import CHECKOUT, State
from tests.crmctl.fake_api import FakeApi, refuses, responds

pytestmark = pytest.mark.no_database
NO_JOBS = responds(
    200,
    '{"data": {"jobs": [], "runs": {"edges": []}, "list": {"edges": [], "pageInfo": {"hasNextPage": false, "endCursor": null}}}}',
)


@pytest.fixture(autouse=True)
def _answers(api: FakeApi) -> None:
    api.faults.extend([NO_JOBS] * 5)


def crmctl(*words: str, stdin: str = "", **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, words, input=stdin)


def sent_key(api: FakeApi) -> str | None:
    return api.headers[-1].get("Authorization", "").removeprefix("Bearer ") or None


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        (["--url", "URL", "--key", "k1"], ["jobs"], "k1"),
        (["--url", "URL"], ["jobs", "--key", "k2"], "k2"),
        ([], ["jobs", "--url", "URL", "--key", "k3"], "k3"),
        (["--url", "http://127.0.0.1:1", "--key", "k1"], ["keys", "list", "--url", "URL", "--key", "k2"], "k2"),
        (["--url", "URL", "--key", "k1"], ["keys", "list"], "k1"),
        (["--url", "URL"], ["jobs"], "from the environment"),
    ],
)
def test_address_and_key_count_before_and_after_the_command(
    api: FakeApi, before: list[str], after: list[str], key: str
) -> None:
    words = [api.url if word == "URL" else word for word in (*before, *after)]
    result = crmctl(*words, CRM_KEY="from the environment".replace(" ", "-"))
    assert result.exit_code == 0, result.output
    assert sent_key(api) == key.replace(" ", "-")
    assert result.stderr == "", "a script that chooses its API sees nothing of it"


def test_a_terminal_shows_which_api_it_is(api: FakeApi) -> None:
    shown = crmctl("jobs", "--url", api.url, FORCE_COLOR="1", COLUMNS="200")
    assert f"API: {api.url}" in shown.stderr


def test_login_checks_the_key_and_keeps_it_for_the_stage(api: FakeApi) -> None:
    done = crmctl("login", "prod", "--url", api.url, stdin="crm_prod\n")
    assert done.exit_code == 0, done.output
    assert sent_key(api) == "crm_prod"
    assert str(logins.file_path()) in done.stdout
    assert logins.file_path().stat().st_mode & 0o777 == 0o600
    assert logins.file_path().parent.stat().st_mode & 0o777 == 0o700
    for words in (["--stage", "prod", "jobs"], ["jobs", "--stage", "prod"]):
        assert crmctl(*words, CRM_KEY="of-another-stage", CRM_URL="http://127.0.0.1:1").exit_code == 0
        assert sent_key(api) == "crm_prod"
    assert crmctl("jobs", "--url", api.url).exit_code == 0
    assert sent_key(api) is None, "the key of a stage goes to no other address"
    assert crmctl("logout", "prod").stdout == "Logged out of prod.\n"
    unknown = crmctl("jobs", "--stage", "prod")
    assert unknown.exit_code == 2
    assert "You are not logged in to 'prod'. Log in: crmctl login prod --url URL." in unknown.stderr
    assert crmctl("logout", "prod").exit_code == 2


def test_a_key_that_is_refused_is_not_kept(api: FakeApi) -> None:
    api.faults.clear()
    api.faults.append(refuses("A valid key is needed", "UNAUTHENTICATED", 401))
    refused = crmctl("login", "prod", "--url", api.url, "--key", "crm_wrong")
    assert refused.exit_code == 2
    assert "A valid key is needed" in refused.stderr
    assert logins.stages() == []


def test_a_key_is_not_sent_unencrypted_through_a_network(api: FakeApi) -> None:
    refused = crmctl("login", "prod", "--url", "http://crm.example", "--key", "crm_prod")
    assert refused.exit_code == 2
    assert "The key would travel unencrypted to http://crm.example/graphql." in refused.stderr
    assert not api.requests


def test_a_directory_that_was_removed_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "DEFAULT_URL", "http://127.0.0.1:1/graphql")  # a server may run on port 8000
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        assert "Nothing listens at 127.0.0.1:1:" in crmctl("jobs").stderr.replace("\n", " ")
    finally:
        os.chdir(tmp_path)


def test_another_login_keeps_the_address(api: FakeApi) -> None:
    assert "Give its address with --url" in crmctl("login", "dev", stdin="\n").stderr
    assert crmctl("login", "dev", "--url", api.url, stdin="\n").stdout.startswith(f"dev is {api.url}.")
    assert crmctl("login", "dev", stdin="crm_new\n").exit_code == 0
    assert logins.find("dev") == logins.Login(api.url, "crm_new")


def test_the_keyring_has_the_key_where_there_is_one(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[tuple[str, str], str] = {}
    keyring = types.SimpleNamespace(
        get_keyring=lambda: types.SimpleNamespace(priority=5),
        set_password=lambda service, name, key: kept.update({(service, name): key}),
        get_password=lambda service, name: kept.get((service, name)),
        delete_password=lambda service, name: kept.pop((service, name)),
    )
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert "The key is in the keyring." in crmctl("login", "prod", "--url", api.url, stdin="crm_prod\n").stdout
    assert "crm_prod" not in logins.file_path().read_text()
    assert crmctl("jobs", "--stage", "prod").exit_code == 0
    assert sent_key(api) == "crm_prod"
    assert crmctl("logout", "prod").exit_code == 0
    assert not kept


@pytest.mark.parametrize(("content", "mode"), [("{}", 0o644), ("[1]", 0o600), ("no JSON", 0o600)])
def test_a_file_of_logins_that_others_can_read_or_nobody_is_refused(content: str, mode: int) -> None:
    path = logins.file_path()
    path.parent.mkdir(parents=True)
    path.write_text(content)
    path.chmod(mode)
    refused = crmctl("jobs", "--stage", "prod")
    assert refused.exit_code == 2
    assert str(path) in refused.stderr


def test_stage_and_url_together_are_refused(api: FakeApi) -> None:
    assert "Give --stage or --url, not both." in crmctl("jobs", "--stage", "prod", "--url", api.url).stderr


def test_the_local_server_is_found_and_named(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    state = State.of_checkout()
    state.root.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        state.publish_server(Process(ended.pid, "1"), "http://127.0.0.1:1")
    (stale,) = (state.root / "servers").iterdir()
    state.publish_server(Process.current(), api.url.removesuffix("/graphql"))
    assert not stale.exists()
    found = crmctl("jobs")
    assert found.exit_code == 0, found.output
    assert found.stderr.startswith(f"API: {api.url} (make local in ")
    other = state.root.parent.parent / "other" / "local" / "servers"
    other.mkdir(parents=True)
    note = other / str(Process.current())
    note.write_text(json.dumps({"url": "http://127.0.0.1:1", "checkout": "/elsewhere"}))
    os.utime(note, (2_000_000_000, 2_000_000_000))
    assert "127.0.0.1:1 " in crmctl("jobs").stderr.replace("/graphql", " "), "the one that was started last"
    monkeypatch.chdir(CHECKOUT / "docs")
    assert crmctl("jobs").stderr.startswith(f"API: {api.url} "), "the one of this checkout"
    (other / "0-0").write_text("no JSON")
    assert crmctl("jobs").exit_code == 0


def test_without_a_local_server_it_is_port_8000(monkeypatch: pytest.MonkeyPatch) -> None:
    assert connection.DEFAULT_URL == "http://127.0.0.1:8000/graphql"
    monkeypatch.setattr(connection, "DEFAULT_URL", "http://127.0.0.1:1/graphql")
    assert "API: http://127.0.0.1:1/graphql (the default)" in crmctl("jobs", CRM_URL="").stderr


def test_a_refused_connection_is_reported_at_once_with_its_likely_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_DELAY", 60)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    refused = crmctl("jobs", "--url", f"127.0.0.1:{port}")
    assert refused.exit_code == 2
    assert refused.stderr == (
        f"Error: Nothing listens at 127.0.0.1:{port}: the connection was refused. "
        "Is `make local` running, and on this port?\n"
    )


def test_a_server_that_was_there_may_come_back(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    connected = Client(api.url)
    assert connected.execute("{ jobs }")["jobs"] == []

    def refuse(*_arguments: object, **_options: object) -> None:
        raise requests.ConnectionError("gone") from ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")

    monkeypatch.setattr(connected._session, "post", refuse)
    with pytest.raises(TransientError, match=r"Connection refused.*Gave up after 6 attempts"):
        connected.execute("{ jobs }")


def test_an_unknown_host_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise requests.ConnectionError("x") from socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    connected = Client("https://crm.example/graphql")
    monkeypatch.setattr(connected._session, "post", fail)
    with pytest.raises(ApiError, match=r"There is no host crm\.example\. Check --url\.") as raised:
        connected.execute("{ jobs }")
    assert not isinstance(raised.value, TransientError)


@pytest.mark.parametrize("status", [403, 404])
def test_a_wrong_path_is_no_wrong_key(api: FakeApi, status: int) -> None:
    api.faults.clear()
    api.faults.append(responds(status, '{"message": "Missing Authentication Token"}'))
    wrong = crmctl("jobs", "--url", api.url.replace("/graphql", "/console"))
    assert wrong.exit_code == 2
    assert f"Did you mean {api.url}?" in wrong.stderr
    assert "key" not in wrong.stderr


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("http://h/console", "http://h/graphql"),
        ("http://h/graphq", "http://h/graphql"),
        ("http://h/graphiql/", "http://h/graphql"),
        ("https://h/api", "https://h/api/graphql"),
        ("https://h/api/console?x=1", "https://h/api/graphql"),
        ("https://h/api/graphql", None),
    ],
)
def test_the_address_that_was_meant_is_suggested(url: str, meant: str | None) -> None:
    assert suggest_url(url) == meant


@pytest.mark.parametrize(
    ("typed", "url"),
    [
        ("127.0.0.1:8104", "http://127.0.0.1:8104/graphql"),
        ("localhost:8104/", "http://localhost:8104/graphql"),
        ("crm.example.com", "https://crm.example.com/graphql"),
        (
            "https://abc123.execute-api.us-east-1.amazonaws.com",
            "https://abc123.execute-api.us-east-1.amazonaws.com/api/graphql",
        ),
        ("http://h/else", "http://h/else"),
        ("http://[::1", "http://[::1"),
        ("http://", "http://"),
    ],
)
def test_a_bare_host_is_enough(typed: str, url: str) -> None:
    assert complete_url(typed) == url
