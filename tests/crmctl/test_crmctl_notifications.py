"""`crmctl notifications`: what the commands print, and what they change."""

import io
import json
import sys

import pytest

from chalicelib.jobs import notification_channels, webhooks
from chalicelib.jobs.webhooks import NotDelivered
from crmctl import notifications
from tests.crmctl.api_server import ApiServer

SECRET = "S3CRET of the receiver"
PAGER = ("webhook", "Pager", "--webhook-url", "https://pager.example.com/T0KEN", "--secret", SECRET)


def channel_id() -> str:
    (found,) = notification_channels.find_all()
    return found.id


def test_a_channel_is_added_listed_edited_and_removed(crm: ApiServer) -> None:
    added = crm.crmctl("notifications", "add", *PAGER, "--on", "success", "--on", "weekly-digest", "--job", "low_stock")
    assert added.exit_code == 0, added.output
    made = channel_id()
    assert added.stdout == f"{made}: https://pager.example.com/*** hears of success, weekly-digest of low_stock\n"
    listed = crm.crmctl("notifications", "list").stdout
    for piece in (made, "Pager", "webhook", "https://pager.example.com/***", "success, weekly-digest", "low_stock"):
        assert piece in listed
    assert SECRET not in listed + crm.crmctl("notifications", "list", "--json").stdout
    edited = crm.crmctl("notifications", "edit", made, "--on", "problem", "--all-jobs", "--name", "Night", "--disable")
    assert edited.stdout == f"{made}: https://pager.example.com/*** hears of problem. Disabled\n"
    assert "disabled" in crm.crmctl("notifications", "list").stdout
    assert "Disabled" not in crm.crmctl("notifications", "edit", made, "--enable").stdout
    assert crm.crmctl("notifications", "remove", made).stdout == f"{made} removed.\n"
    assert crm.crmctl("notifications", "list").stdout == "There are no channels.\n"


def test_without_events_a_channel_hears_of_problems_and_recoveries(crm: ApiServer) -> None:
    added = crm.crmctl("notifications", "add", "email", "On call", "--email", "ops@example.com")
    assert added.stdout.endswith(": ops@example.com hears of problem, recovery\n")
    assert json.loads(crm.crmctl("notifications", "list", "--json").stdout)[0]["kind"] == "EMAIL"


def test_a_secret_can_come_through_a_pipe(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("notifications", "add", "webhook", "Pager", "--webhook-url", "-", "--secret", "-")
    piped = io.StringIO(f"https://pager.example.com/T0KEN\n{SECRET}\n")
    monkeypatch.setattr(notifications, "sys", type("Stdin", (), {"stdin": piped}))
    assert sys.stdin is not piped
    assert crm.crmctl(*words).exit_code == 0
    (found,) = notification_channels.find_all()
    assert (found.url, found.secret) == ("https://pager.example.com/T0KEN", SECRET)


def test_a_test_waits_for_its_result(crm: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifications, "POLL_SECONDS", 0)
    monkeypatch.setattr(webhooks, "post", lambda *_: None)
    crm.crmctl("notifications", "add", *PAGER)
    done = crm.crmctl("notifications", "test", channel_id())
    assert (done.exit_code, done.stdout) == (0, "Delivered.\n")

    def refuse(*_: object) -> None:
        raise NotDelivered("HTTP status 500")

    monkeypatch.setattr(webhooks, "post", refuse)
    failed = crm.crmctl("notifications", "test", channel_id())
    assert failed.exit_code == 1
    assert failed.stderr == "Not delivered: HTTP status 500. It is attempted again.\n"
    assert "HTTP status 500" in crm.crmctl("notifications", "list").stdout
    crm.consuming = False
    unknown = crm.crmctl("notifications", "test", channel_id(), "--timeout", "0.1")
    assert unknown.exit_code == 3
    assert "No result within 0.1 s" in unknown.stderr


def test_wrong_channels_are_refused_in_the_words_of_the_api(crm: ApiServer) -> None:
    for words, message in (
        (("add", "chat", "x", "--webhook-url", "http://example.com/"), "The URL must begin with https://"),
        (("add", "webhook", "x", "--webhook-url", "https://example.com/"), "needs secret"),
        (("add", "fax", "x"), "'fax' is not one of"),
        (("edit", "chn_0", "--name", "x"), "There is no channel 'chn_0'"),
        (("edit", "chn_0"), "Give at least one option to change."),
        (("test", "chn_0"), "There is no channel 'chn_0'"),
    ):
        refused = crm.crmctl("notifications", *words)
        assert refused.exit_code == 2
        assert message in refused.stderr
