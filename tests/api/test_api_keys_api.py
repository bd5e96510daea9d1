"""API keys over GraphQL: create, list, rotate, revoke. A secret appears only in the one response."""

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock, telemetry
from chalicelib.access import api_keys
from chalicelib.access.roles import Role
from chalicelib.errors import Unauthenticated
from chalicelib.store import connection
from tests.api.graphql_client import ask, post, secret_of
from tests.builders import moment, rows_of

pytestmark = pytest.mark.usefixtures("deployed")
FIELDS = "id name role state createdAt createdBy expiresAt revokedAt lastUsedAt"
CREATE = f"""mutation ($name: String!, $role: Role!, $until: DateTime) {{
  createKey(name: $name, role: $role, expiresAt: $until) {{ secret key {{ {FIELDS} }} }} }}"""
ROTATE = "mutation ($id: ID!, $hours: Int) { rotateKey(id: $id, overlapHours: $hours) { secret key { id state } } }"
REVOKE = "mutation ($id: ID!) { revokeKey(id: $id) { key { state revokedAt } } }"
LIST = f"{{ keys {{ edges {{ node {{ {FIELDS} }} }} pageInfo {{ hasNextPage }} }} }}"
NOW = "2026-11-02T12:00:00Z"


@pytest.fixture(autouse=True)
def watch() -> Iterator[list[datetime]]:
    """What it holds is now."""
    moments = [moment(NOW[:-1])]
    clock.set_source(lambda: moments[0])
    yield moments
    clock.set_source(None)


@pytest.fixture
def operator() -> str:
    return api_keys.create("Ops", Role.OPERATOR, "the deployment").key


def made(operator: str, name: str = "Shop", role: str = "VIEWER", **more: object) -> dict[str, Any]:
    payload: dict[str, Any] = ask(CREATE, operator, name=name, role=role, **more).data["createKey"]
    return payload


def test_a_key_learns_its_name_its_role_and_its_id(operator: str) -> None:
    payload = made(operator, "Shop (north)", "EDITOR")
    shop = ask("{ me { name role keyId } }", payload["secret"])
    assert shop.data["me"] == {"name": "Shop (north)", "role": "EDITOR", "keyId": payload["key"]["id"]}
    assert ask("{ me { name role keyId } }", None).status == 401


def test_a_created_key_works_at_once(operator: str) -> None:
    payload = made(operator, role="EDITOR")
    ops = operator.split("_")[1]
    assert payload["key"] | {"id": ""} == {
        "id": "",
        "name": "Shop",
        "role": "EDITOR",
        "state": "ACTIVE",
        "createdAt": "2026-11-02T12:00:00Z",
        "createdBy": f"Ops ({ops})",
        "expiresAt": None,
        "revokedAt": None,
        "lastUsedAt": None,
    }
    assert payload["secret"].startswith(f"crm_{payload['key']['id']}_")
    assert ask("{ jobs { name } }", payload["secret"]).status == 200


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"role": "PUBLIC"}, "role"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"until": "2026-11-02T12:00:00Z"}, "expiresAt"),
        ({"until": "1999-01-01"}, "expiresAt"),
    ],
)
def test_an_invalid_name_role_or_expiry_is_refused(operator: str, values: dict[str, object], field: str) -> None:
    reply = ask(CREATE, operator, **{"name": "Shop", "role": "VIEWER", **values})
    assert (reply.code, reply.error["extensions"]["field"]) == ("INVALID_INPUT", field)


def test_the_list_has_all_keys_and_no_secret(operator: str, watch: list[datetime]) -> None:
    shop, old = made(operator), made(operator, "Old", until="2026-11-03")
    ask(REVOKE, operator, id=shop["key"]["id"]).ok()
    watch[0] += timedelta(days=2)
    listed = ask(LIST, operator)
    states = {edge["node"]["name"]: edge["node"]["state"] for edge in listed.data["keys"]["edges"]}
    assert states == {"Ops": "ACTIVE", "Shop": "REVOKED", "Old": "EXPIRED"}
    for secret in (operator, shop["secret"], old["secret"]):
        assert secret_of(secret) not in listed.answer.body


def test_keys_are_listed_in_pages(operator: str) -> None:
    ids = {made(operator, f"Key {number}")["key"]["id"] for number in range(4)} | {operator.split("_")[1]}
    document = """query ($after: String) { keys(first: 2, after: $after) {
      edges { node { id } } pageInfo { hasNextPage endCursor } } }"""
    found: list[str] = []
    page: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while page["hasNextPage"]:
        data = ask(document, operator, after=page["endCursor"]).data["keys"]
        found += [edge["node"]["id"] for edge in data["edges"]]
        page = data["pageInfo"]
    assert sorted(found) == sorted(ids)


def test_last_use_is_recorded_to_the_hour(operator: str, watch: list[datetime]) -> None:
    def last_used() -> str:
        (own,) = ask(LIST, operator).data["keys"]["edges"]
        return str(own["node"]["lastUsedAt"])

    last_used()
    watch[0] += timedelta(minutes=59)
    assert last_used() == NOW
    watch[0] += timedelta(minutes=2)
    last_used()
    assert last_used() == "2026-11-02T13:01:00Z"


def test_after_a_rotation_both_secrets_work_and_then_the_new_one_only(operator: str, watch: list[datetime]) -> None:
    old = made(operator)
    new = ask(ROTATE, operator, id=old["key"]["id"], hours=2).data["rotateKey"]
    assert new["key"] == {"id": old["key"]["id"], "state": "ACTIVE"}
    assert new["secret"] != old["secret"]
    for after, statuses in ((timedelta(0), (200, 200)), (timedelta(hours=2), (401, 200))):
        watch[0] += after
        assert tuple(ask("{ jobs { name } }", key).status for key in (old["secret"], new["secret"])) == statuses


@pytest.mark.parametrize(
    ("hours", "status"), [({}, 200), ({"hours": 24}, 200), ({"hours": 0}, 401), ({"hours": None}, 401)]
)
def test_the_old_secret_works_for_a_day_by_default(operator: str, hours: dict[str, Any], status: int) -> None:
    old = made(operator)
    ask(ROTATE, operator, id=old["key"]["id"], **hours).ok()
    assert ask("{ jobs { name } }", old["secret"]).status == status


def test_operators_can_rotate_their_own_key(operator: str) -> None:
    new = ask(ROTATE, operator, id=operator.split("_")[1], hours=0).data["rotateKey"]["secret"]
    assert [ask(LIST, key).status for key in (operator, new)] == [401, 200]


@pytest.mark.parametrize("hours", [-1, 721, 2**31 - 1])
def test_overlap_hours_are_limited(operator: str, hours: int) -> None:
    reply = ask(ROTATE, operator, id=made(operator)["key"]["id"], hours=hours)
    assert (reply.code, reply.error["extensions"]["field"]) == ("INVALID_INPUT", "overlapHours")


def test_a_revoked_key_is_refused_and_stays_revoked(operator: str, watch: list[datetime]) -> None:
    shop = made(operator)
    first = ask(REVOKE, operator, id=shop["key"]["id"]).data["revokeKey"]["key"]
    assert first == {"state": "REVOKED", "revokedAt": NOW}
    watch[0] += timedelta(hours=1)
    assert ask(REVOKE, operator, id=shop["key"]["id"]).data["revokeKey"]["key"] == first
    assert ask("{ hello }", shop["secret"]).status == 401
    refused = ask(ROTATE, operator, id=shop["key"]["id"])
    assert (refused.code, refused.error["extensions"]["field"]) == ("INVALID_INPUT", "id")


@pytest.mark.parametrize("document", [ROTATE, REVOKE])
@pytest.mark.parametrize("key_id", ["", "0123456789ab", "x" * 2000, "\ud800" * 12, "ab_cd/ef.gh\0"])
def test_an_unknown_key_is_an_error(operator: str, document: str, key_id: str) -> None:
    assert ask(document, operator, id=key_id).code == "NOT_FOUND"


class Kept(logging.Handler):
    """Return the lines of the log as they are written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += [form.format(record) for form in (telemetry._Plain(), telemetry._Json(service="x", stage="x"))]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    handler = Kept()
    monkeypatch.setattr(logging.getLogger("crm"), "handlers", [handler])
    return handler.lines


def test_a_secret_appears_only_in_the_one_response(
    operator: str, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = made(operator)
    rotated = ask(ROTATE, operator, id=shop["key"]["id"]).data["rotateKey"]["secret"]
    repeated = post(
        {"query": CREATE, "variables": {"name": "Once", "role": "VIEWER"}}, operator, idempotency_key="once"
    ).data["createKey"]["secret"]
    every = [operator, shop["secret"], rotated, repeated]
    assert len(set(every)) == 4

    def fail(*_: object) -> None:
        key = every[1]
        raise RuntimeError(f"a fault that names {key} and {rotated}")

    for key in every:
        ask("{ hello }", key)
        ask(f'{{ hello(key: "{key}") }}', operator)
        ask("mutation ($id: ID!) { revokeKey(id: $id) { key { id } } }", operator, id=f"{key[:-1]}")
    with monkeypatch.context() as patch:
        patch.setattr(api_keys, "list_keys", fail)
        masked = ask(LIST, operator)
    assert masked.code == "INTERNAL"
    rows = json.dumps([[*rows_of(table).values()] for table in connection.TABLES])
    places = {"tables": rows, "log": "\n".join(log), "masked": masked.answer.body}
    assert len(log) == 2
    assert "a fault that names crm_***" in log[0]
    for key in every:
        for place, text in places.items():
            assert secret_of(key) not in text, place


def test_repr_and_stack_traces_contain_no_secret() -> None:
    issued = api_keys.create("Shop", Role.VIEWER, "test")
    secret = secret_of(issued.key)
    told = repr(issued) + str(issued) + repr(issued.api_key) + f"{issued!r:>200}"
    assert secret not in told
    assert issued.api_key.digest not in told
    with pytest.raises(Unauthenticated) as raised:
        api_keys.authenticate(issued.key + "x")
    assert secret not in "".join(traceback.format_exception(raised.value))
