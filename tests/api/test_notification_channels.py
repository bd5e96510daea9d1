"""Channels of notifications over GraphQL: what operators create, change, delete and test, and what nobody can read."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.access import api_keys, authorization
from chalicelib.access.roles import Role
from chalicelib.jobs import channel_changes, notification_channels, webhooks
from chalicelib.settings import settings
from chalicelib.store import tables
from tests.api.graphql_client import ask, post
from tests.as_operator import execute
from tests.builders import rows_of
from tests.jobs.job_runs import Clock, Consumer, manual_clock

FIELDS = "id name kind events jobs target enabled createdAt createdBy updatedAt updatedBy lastDeliveredAt lastError"
CREATE = f"""mutation ($input: CreateNotificationChannelInput!) {{
  createNotificationChannel(input: $input) {{ channel {{ {FIELDS} }} }} }}"""
UPDATE = f"""mutation ($id: ID!, $input: UpdateNotificationChannelInput!) {{
  updateNotificationChannel(id: $id, input: $input) {{ channel {{ {FIELDS} }} }} }}"""
PAGER = {
    "name": "Pager",
    "kind": "WEBHOOK",
    "events": ["PROBLEM", "RECOVERY"],
    "jobs": ["low_stock"],
    "url": "https://pager.example.com:8443/T0KEN?key=T0KEN",
    "secret": "S3CRET of the receiver",
}


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    with manual_clock() as clock:
        yield clock


def data(document: str, **variables: object) -> Any:
    answer = execute(document, variables)
    assert "errors" not in answer, answer
    return answer["data"]


def create(**changes: object) -> Any:
    return data(CREATE, input=PAGER | changes)["createNotificationChannel"]["channel"]


def refusal(document: str, **variables: object) -> tuple[str, str | None, str]:
    (error,) = execute(document, variables)["errors"]
    return error["extensions"]["code"], error["extensions"].get("field"), error["message"]


def test_a_channel_is_created_listed_changed_and_deleted() -> None:
    made = create()
    assert made == {
        "id": made["id"],
        **{key: PAGER[key] for key in ("name", "kind", "events", "jobs")},
        "target": "https://pager.example.com:8443/***",
        "enabled": True,
        "createdAt": "2026-11-22T12:00:00Z",
        "createdBy": "test",
        "updatedAt": None,
        "updatedBy": None,
        "lastDeliveredAt": None,
        "lastError": None,
    }
    assert data(f"{{ notificationChannels {{ {FIELDS} }} }}") == {"notificationChannels": [made]}
    changes = {"enabled": False, "jobs": None, "url": "https://other.example.com/T0KEN", "secret": None, "name": None}
    changed = data(UPDATE, id=made["id"], input=changes)["updateNotificationChannel"]["channel"]
    assert (changed["target"], changed["jobs"], changed["enabled"]) == ("https://other.example.com/***", [], False)
    assert (changed["name"], changed["updatedBy"]) == ("Pager", "test")
    stored = notification_channels.find(made["id"])
    assert stored
    assert (stored.secret, stored.url) == (PAGER["secret"], "https://other.example.com/T0KEN")
    document = "mutation ($id: ID!) { deleteNotificationChannel(id: $id) { id } }"
    assert data(document, id=made["id"]) == {"deleteNotificationChannel": {"id": made["id"]}}
    assert refusal(document, id=made["id"])[:2] == ("NOT_FOUND", "id")
    assert notification_channels.find_all() == []


WRONG: dict[str, tuple[dict[str, object], str, str]] = {
    "kind": ({"kind": None}, "kind", "Give the kind"),
    "name": ({"name": " "}, "name", "1 to 100"),
    "long name": ({"name": "x" * 101}, "name", "1 to 100"),
    "events": ({"events": []}, "events", "at least one"),
    "job": ({"jobs": ["nothing"]}, "jobs", "There is no job 'nothing'"),
    "no url": ({"url": None}, "url", "needs url"),
    "http": ({"url": "http://pager.example.com/T0KEN"}, "url", "https://"),
    "private": ({"url": "https://10.0.0.1/T0KEN"}, "url", "public addresses"),
    "no secret": ({"secret": None}, "secret", "needs secret"),
    "short secret": ({"secret": "S3CRET"}, "secret", "16 to 200"),
    "secret of several lines": ({"secret": "S3CRET\nS3CRET S3CRET"}, "secret", "printable"),
    "email for a webhook": ({"email": "a@example.com"}, "email", "has no email"),
    "secret for a chat": ({"kind": "CHAT"}, "secret", "has no secret"),
    "no address": ({"kind": "EMAIL", "url": None, "secret": None}, "email", "needs email"),
    "address": ({"kind": "EMAIL", "url": None, "secret": None, "email": "a@b, c@d.ef"}, "email", "Invalid email"),
    "url for the topic": ({"kind": "TOPIC", "secret": None}, "url", "has no url"),
}


@pytest.mark.parametrize(("changes", "field", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_channel_is_refused_without_quoting_its_secrets(
    changes: dict[str, object], field: str, message: str
) -> None:
    _, found, text = refusal(CREATE, input=PAGER | changes)
    assert found == field
    assert message in text
    assert "T0KEN" not in text
    assert "S3CRET" not in text
    assert notification_channels.find_all() == []


@pytest.mark.parametrize(
    "wrong", [{"nme": 1}, {"enabled": True}, {"jobs": [[1]]}, {"events": "X"}, {"secret": {"x": "S3CRET"}}]
)
def test_an_input_that_does_not_fit_the_schema_is_not_quoted(wrong: dict[str, object]) -> None:
    """graphql-core quotes the whole input, and answers are kept for an Idempotency-Key."""
    reply = post({"query": CREATE, "variables": {"input": PAGER | wrong}}, idempotency_key="k")
    literal = CREATE.replace("($input: CreateNotificationChannelInput!)", "").replace(
        "$input", '{secret: "S3CRET", url: "T0KEN", nme: "x"}'
    )
    for shown in (str(reply.json), str(post({"query": literal}).json)):
        assert "errors" in shown
        assert "T0KEN" not in shown
        assert "S3CRET" not in shown


def test_no_answer_and_no_row_but_the_channels_has_a_secret() -> None:
    made = post({"query": CREATE, "variables": {"input": PAGER}}, idempotency_key="a").data
    channel_id = made["createNotificationChannel"]["channel"]["id"]
    for number, document in enumerate(
        (UPDATE, "mutation ($id: ID!) { sendTestNotification(id: $id) { channel { id target } } }")
    ):
        answer = post(
            {"query": document, "variables": {"id": channel_id, "input": {"name": "x"}}}, idempotency_key=f"{number}"
        )
        assert "S3CRET" not in str(answer.data)
    rows = {key: str(row) for key, row in rows_of(tables.AuxRow).items()}
    with_secret = {key for key, text in rows.items() if "S3CRET" in text or "T0KEN" in text}
    assert with_secret == {("notification", f"channel#{channel_id}")}
    assert len(rows) > 6, "the kept answers, the marks of the changes and the delivery are there"


def test_viewers_look_and_only_operators_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authorization, "settings", replace(settings, open_access=False))
    made = create()
    keys = {role: api_keys.create("k", role, "test").key for role in (Role.VIEWER, Role.EDITOR, Role.OPERATOR)}
    listed = f"{{ notificationChannels {{ {FIELDS} }} }}"
    assert ask(listed).code == "UNAUTHENTICATED"
    assert ask(listed, keys[Role.VIEWER]).data["notificationChannels"][0]["id"] == made["id"]
    test = "mutation ($id: ID!) { sendTestNotification(id: $id) { channel { id } } }"
    for document, given in (
        (CREATE, {"input": PAGER}),
        (UPDATE, {"id": made["id"], "input": {"name": "x"}}),
        (test, {"id": made["id"]}),
        ("mutation ($id: ID!) { deleteNotificationChannel(id: $id) { id } }", {"id": made["id"]}),
    ):
        for role in (Role.VIEWER, Role.EDITOR):
            assert ask(document, keys[role], **given).code == "FORBIDDEN"
        assert ask(document, keys[Role.OPERATOR], **given).data


def test_the_audit_log_says_who_changed_what_and_names_no_secret(time: Clock) -> None:
    made = create()
    time.later(seconds=1)
    data(UPDATE, id=made["id"], input={"name": "Night", "secret": "S3CRET of the next receiver"})
    time.later(seconds=1)
    data("mutation ($id: ID!) { sendTestNotification(id: $id) { channel { id } } }", id=made["id"])
    time.later(seconds=1)
    data("mutation ($id: ID!) { deleteNotificationChannel(id: $id) { id } }", id=made["id"])
    document = "query ($id: ID) { auditLog(subject: $id) { edges { node { actor action before after } } } }"
    entries = [edge["node"] for edge in data(document, id=made["id"])["auditLog"]["edges"]]
    assert [entry["action"] for entry in entries] == [
        "deleteNotificationChannel",
        "sendTestNotification",
        "updateNotificationChannel",
        "createNotificationChannel",
    ]
    assert {entry["actor"] for entry in entries} == {"test"}
    change = str(entries[2])
    for piece in ("Pager", "Night", "secret", "changed"):
        assert piece in change
    assert "S3CRET" not in str(entries)
    assert "T0KEN" not in str(entries)


def test_an_edit_of_what_somebody_else_has_changed_is_refused(time: Clock) -> None:
    document = """mutation ($id: ID!, $input: UpdateNotificationChannelInput!, $seen: DateTime) {
      updateNotificationChannel(id: $id, input: $input, expectedUpdatedAt: $seen) { channel { updatedAt } } }"""
    channel = create()["id"]

    def edit(name: str, **seen: str | None) -> Any:
        time.later(seconds=1)
        return execute(document, {"id": channel, "input": {"name": name}, **seen})

    first = edit("One", seen=None)["data"]["updateNotificationChannel"]["channel"]["updatedAt"]
    for wrong in (None, "2026-11-22T11:00:00Z"):
        (error,) = edit("Two", seen=wrong)["errors"]
        assert (error["extensions"]["code"], error["extensions"]["field"]) == ("CONFLICT", "expectedUpdatedAt")
        assert error["extensions"]["current"]["name"] == "One"
    assert edit("Two", seen=first)["data"]["updateNotificationChannel"]
    assert edit("Three")["data"]["updateNotificationChannel"], "who expects nothing is not refused"


def test_there_are_at_most_20_channels_and_one_for_the_topic() -> None:
    topic = {"kind": "TOPIC", "url": None, "secret": None}
    create(**topic)
    assert refusal(CREATE, input=PAGER | topic)[1:] == ("kind", "There is a channel for the topic already")
    for number in range(notification_channels.MAX_CHANNELS - 1):
        create(name=f"Pager {number}")
    assert "20 channels already" in refusal(CREATE, input=PAGER)[2]
    assert len(data("{ notificationChannels { id } }")["notificationChannels"]) == 20


@pytest.mark.parametrize(("kind", "message"), [("WEBHOOK", "2 channels already"), ("TOPIC", "for the topic already")])
def test_two_at_the_same_time_cannot_both_take_the_last_place(
    kind: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel_changes, "MAX_CHANNELS", 2 if kind == "WEBHOOK" else 20)
    create()
    given = {"kind": kind} | ({} if kind == "WEBHOOK" else {"url": None, "secret": None})
    find_all, met = notification_channels.find_all, iter([1])

    def find_then_create() -> list[notification_channels.Channel]:
        found = find_all()
        for _ in met:
            create(**given)
        return found

    monkeypatch.setattr(notification_channels, "find_all", find_then_create)
    assert message in refusal(CREATE, input=PAGER | given)[2]
    assert len(find_all()) == 2


@pytest.mark.parametrize("unknown", ["chn_0", "", "x" * 3000])
def test_an_unknown_channel_is_not_found(unknown: str) -> None:
    for document in (
        "mutation ($id: ID!) { updateNotificationChannel(id: $id, input: {}) { channel { id } } }",
        "mutation ($id: ID!) { deleteNotificationChannel(id: $id) { id } }",
        "mutation ($id: ID!) { sendTestNotification(id: $id) { channel { id } } }",
    ):
        assert refusal(document, id=unknown)[:2] == ("NOT_FOUND", "id")


def test_a_test_tells_how_it_went(monkeypatch: pytest.MonkeyPatch, time: Clock) -> None:
    made = create()
    bodies: list[bytes] = []
    monkeypatch.setattr(webhooks, "post", lambda _url, body, _headers: bodies.append(body))
    for _ in range(2):
        time.later(minutes=1)
        channel_changes.send_test(made["id"], "ann")
        Consumer().deliver_all()
    (channel,) = data("{ notificationChannels { lastDeliveredAt lastError } }")["notificationChannels"]
    assert channel == {"lastDeliveredAt": "2026-11-22T12:02:00Z", "lastError": None}
    assert len(bodies) == 2
    assert b'"event": "TEST"' in bodies[0]
