"""Tokens of unsubscribe links stand for an address, name nobody, and cannot be forged."""

import base64

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from chalicelib.crm import email_suppressions
from chalicelib.crm.email_suppressions import PURPOSE
from chalicelib.crm.unsubscribe_tokens import digest_in, token_for
from chalicelib.store import stage_secrets, tables
from tests.metering import metered

ANN = "ann@example.com"
# The tables are emptied before a test, not before an example: the secret lasts, which is what is wanted.
quick = hypothesis_settings(
    max_examples=200, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_token_stands_for_the_address_and_does_not_contain_it() -> None:
    token = token_for(ANN)
    assert digest_in(token) == email_suppressions.digest_of(stage_secrets.read(PURPOSE), " ANN@example.com ")
    assert token == token_for("Ann@Example.com")
    assert token != token_for("bob@example.com")
    assert len(token) == 43
    raw = base64.urlsafe_b64decode(token + "=")
    assert b"ann" not in raw
    assert b"example" not in raw


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@quick
@given(st.one_of(st.text(), st.binary(min_size=32, max_size=32).map(_text)))
def test_no_other_text_is_a_token(text: str) -> None:
    token_for(ANN)  # the stage has its secret
    assert digest_in(text) is None


def test_every_changed_bit_and_every_other_spelling_makes_a_token_invalid() -> None:
    token = token_for(ANN)
    raw = base64.urlsafe_b64decode(token + "=")
    for place in range(len(raw)):
        changed = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        assert digest_in(_text(changed)) is None
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for last in alphabet:
        assert (digest_in(token[:-1] + last) is not None) == (last == token[-1])
    for other in (token + "=", token + "\n", f" {token}"[:43], token[:-1] + "é", token[:-1] + "\ud800"):
        assert digest_in(other) is None


def test_the_digest_and_the_signature_of_another_address_do_not_fit() -> None:
    ann, bob = (base64.urlsafe_b64decode(token_for(email) + "=") for email in (ANN, "bob@example.com"))
    assert digest_in(_text(ann[:16] + bob[16:])) is None
    assert digest_in(_text(ann[:16] + ann[:16])) is None


def test_a_token_of_another_stage_is_none_of_ours() -> None:
    token = token_for(ANN)
    tables.AuxRow(stage_secrets.PARTITION, PURPOSE).delete()
    stage_secrets.forget()
    assert digest_in(token) is None
    token_for(ANN)
    assert digest_in(token) is None


@pytest.mark.parametrize("is_used", [False, True], ids=["a new stage", "a stage in use"])
def test_a_thousand_forged_tokens_cost_one_read_at_most(*, is_used: bool) -> None:
    if is_used:
        token_for(ANN)
        stage_secrets.forget()  # as in another Lambda
    with metered() as meter:
        for number in range(1000):
            assert digest_in(_text(number.to_bytes(32))) is None
    assert meter.calls == {"GetItem": 1}
