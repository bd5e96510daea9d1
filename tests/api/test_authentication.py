"""Identify callers by their keys: valid keys, invalid keys that all get the same response, and the rate limit."""

from collections.abc import Iterator

import pytest

from chalicelib import clock
from chalicelib.access import api_keys
from chalicelib.access.api_keys import IssuedKey
from chalicelib.access.authorization import ANONYMOUS, DEVELOPER, Caller, identify
from chalicelib.access.roles import Role
from chalicelib.errors import Forbidden, Unauthenticated
from tests.api.conftest import Change
from tests.api.graphql_client import HELLO, ask, get, post, secret_of
from tests.builders import moment

pytestmark = pytest.mark.usefixtures("deployed")


@pytest.fixture
def issued() -> IssuedKey:
    return api_keys.create("Shop", Role.EDITOR, "test")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_a_key_identifies_its_caller_and_role(issued: IssuedKey) -> None:
    row = issued.api_key
    assert identify(bearer(issued.key)) == Caller(row.id, f"Shop ({row.id})", Role.EDITOR, key_name="Shop")
    assert identify({"authorization": f"  bEaReR   {issued.key} "}).id == row.id


def test_without_a_key_the_caller_is_anonymous_or_with_open_access_a_developer(change: Change) -> None:
    assert identify({}) is identify({"authorization": " "}) is ANONYMOUS
    change(open_access=True)
    assert identify({}) is DEVELOPER
    with pytest.raises(Unauthenticated):
        identify(bearer("crm_0_wrong"))


@pytest.mark.parametrize("has", Role)
@pytest.mark.parametrize("needed", Role)
def test_a_role_includes_the_roles_below_it(has: Role, needed: Role) -> None:
    caller = Caller("x", "x", has)
    if needed <= has:
        caller.check(needed)
    else:
        with pytest.raises(Unauthenticated if has is Role.PUBLIC else Forbidden):
            caller.check(needed)


def test_a_refusal_names_the_required_role(issued: IssuedKey) -> None:
    reply = ask("mutation { redriveDeadLetters { redriven } }", issued.key)
    assert (reply.status, reply.code) == (403, "FORBIDDEN")
    assert "OPERATOR" in reply.error["message"]
    assert "data" not in reply.json


def not_opening(issued: IssuedKey) -> dict[str, str]:
    other = api_keys.create("Other", Role.VIEWER, "test")
    revoked = api_keys.create("Revoked", Role.OPERATOR, "test")
    api_keys.revoke(revoked.api_key.id)
    expired = api_keys.create("Expired", Role.OPERATOR, "test", moment("2026-11-01"))
    clock.set_source(lambda: moment("2026-11-02"))
    secret = secret_of(issued.key)
    return {
        "unknown": f"crm_0123456789ab_{secret}",
        "wrong": f"{issued.key[:-2]}xx",
        "of another": f"crm_{issued.api_key.id}_{secret_of(other.key)}",
        "without a secret": f"crm_{issued.api_key.id}_",
        "in capitals": issued.key.upper(),
        "with more behind it": issued.key + "x",
        "revoked": revoked.key,
        "expired": expired.key,
        "empty": "",
        "long": "crm_" + "x" * 100_000,
        "no key at all": "password",
        "half a character": "crm_0123456789ab_\udc80",
        "a strange id": "crm_../../etc/pa_x",
    }


@pytest.fixture
def before_expiry() -> Iterator[None]:
    clock.set_source(lambda: moment("2026-10-01"))
    yield
    clock.set_source(None)


@pytest.mark.usefixtures("before_expiry")
def test_all_invalid_keys_get_the_same_response(issued: IssuedKey) -> None:
    answers = {}
    for why, key in not_opening(issued).items():
        reply = ask("{ hello }", key)
        headers = {name: value for name, value in reply.headers.items() if name != "X-Request-Id"}
        answers[why] = (reply.status, headers, reply.answer.body)
    assert set(map(str, answers.values())) == {str(answers["unknown"])}
    status, headers, body = answers["unknown"]
    assert (status, headers["WWW-Authenticate"]) == (401, 'Bearer realm="crm"')
    assert "UNAUTHENTICATED" in body
    assert identify(bearer(issued.key)).role is Role.EDITOR


@pytest.mark.parametrize("header", ["Basic dXNlcjpwYXNz", "Bearer", "Token x", "crm_0123456789ab_x", "Bearer\tx"])
def test_other_ways_of_authentication_are_refused(header: str) -> None:
    assert post({"query": "{ hello }"}, authorization=header).status == 401


def test_a_key_works_only_in_the_header(issued: IssuedKey) -> None:
    assert get(query="{ jobs { name } }", key=issued.key).status == 200
    assert get(query="{ jobs { name } }", authorization=issued.key).status == 401
    assert post({"query": "{ jobs { name } }", "key": issued.key}).status == 401


def test_a_key_over_its_rate_must_wait_and_others_need_not(issued: IssuedKey, change: Change) -> None:
    change(open_access=False, rate_per_second=1, rate_burst=3)
    other = api_keys.create("Other", Role.VIEWER, "test")
    now = moment("2026-11-02")
    clock.set_source(lambda: now)
    try:
        assert [ask("{ hello }", issued.key).status for _ in range(5)] == [200, 200, 200, 429, 429]
        limited = ask("{ hello }", issued.key)
        assert (limited.code, limited.headers["Retry-After"]) == ("RATE_LIMITED", "1")
        assert ask("{ hello }", other.key).json == HELLO
        assert ask("{ hello }").json == HELLO
        now = moment("2026-11-02T00:00:01")
        assert [ask("{ hello }", issued.key).status for _ in range(2)] == [200, 429]
    finally:
        clock.set_source(None)


def test_rejected_documents_count_towards_the_rate(issued: IssuedKey, change: Change) -> None:
    change(open_access=False, rate_per_second=1, rate_burst=2)
    clock.set_source(lambda: moment("2026-11-02"))
    try:
        assert [ask("{", issued.key).status for _ in range(3)] == [200, 200, 429]
    finally:
        clock.set_source(None)


def test_a_wrong_secret_does_not_count_towards_the_keys_rate(issued: IssuedKey, change: Change) -> None:
    change(open_access=False, rate_per_second=1, rate_burst=1)
    clock.set_source(lambda: moment("2026-11-02"))
    try:
        assert {ask("{ hello }", issued.key[:-1] + "?").status for _ in range(5)} == {401}
        assert ask("{ hello }", issued.key).status == 200
    finally:
        clock.set_source(None)


def test_changes_record_the_key_that_made_them() -> None:
    operator = api_keys.create("Ops", Role.OPERATOR, "test")
    document = 'mutation { pauseJob(name: "low_stock", reason: "stocktaking") { job { pause { actor } } } }'
    actor = ask(document, operator.key).data["pauseJob"]["job"]["pause"]["actor"]
    assert actor == f"Ops ({operator.api_key.id})"
