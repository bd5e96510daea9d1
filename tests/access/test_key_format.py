"""The form of a key: made, taken apart, and removed from texts."""

import json

import pytest

from chalicelib.access import key_format

pytestmark = pytest.mark.no_database
KEY = key_format.join(key_format.id_from("a seed"), key_format.new_secret())


def test_a_key_is_taken_apart_as_it_was_made() -> None:
    key_id, secret = key_format.split(KEY)
    assert key_id == key_format.id_from("a seed")
    assert len(key_id) == key_format.ID_LENGTH
    assert key_format.join(key_id, secret) == KEY


@pytest.mark.parametrize("text", ["", "crm", "key_abc_def", "crm_" + "a" * 97])
def test_other_texts_have_neither_id_nor_secret(text: str) -> None:
    assert key_format.split(text) == ("", "")


def test_the_digest_of_a_secret_does_not_contain_it_and_is_always_the_same() -> None:
    secret = key_format.new_secret()
    assert key_format.digest_of(secret) == key_format.digest_of(secret)
    assert secret not in key_format.digest_of(secret)
    assert key_format.digest_of(key_format.new_secret()) != key_format.digest_of(secret)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [(KEY, None), (f"see {KEY}", f"see {KEY}"), ("crm_short", "crm_short")],
    ids=["key", "within a text", "none"],
)
def test_redacting_removes_keys_from_a_response(text: str, redacted: str | None) -> None:
    assert json.loads(key_format.redact(json.dumps({"a": {"b": text}}))) == {"a": {"b": redacted}}
