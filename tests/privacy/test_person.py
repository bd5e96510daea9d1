"""A person is found in texts by whole names, addresses and numbers, and nobody else is."""

import pytest

from chalicelib.privacy.person import Person

pytestmark = pytest.mark.no_database
ANN = Person(
    "cus_0",
    names=("Ann Lee", "Zoë", 'Ann "the one" Lee'),
    emails=("ann@example.com",),
    phones=("+49 30 123456",),
    notes=("ask the desk",),
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("Ann Lee has called", "[erased] has called"),
        ("ANN LEE.", "[erased]."),
        ("to ann@example.com.", "to [erased]."),
        ("<ANN@Example.com>", "<[erased]>"),
        ("mailto:ann@example.com?x", "mailto:[erased]?x"),
        ("call +49 30 123456, please", "call [erased], please"),
        (r'{"name": "Zo\u00eb"}', '{"name": "[erased]"}'),
        (r'{"name": "Ann \"the one\" Lee"}', '{"name": "[erased]"}'),
        ("ASK THE DESK", "[erased]"),
    ],
)
def test_what_names_the_person_is_taken_out(text: str, redacted: str) -> None:
    assert ANN.is_named_in(text)
    assert ANN.redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Joann Lee",
        "Ann Leeson",
        "joann@example.com",
        "mary.ann@example.com",
        "ann@example.com.au",
        "ann@example.company",
        "+49 30 1234567",
        "Zoës",
        "an annual lease",
        "",
    ],
)
def test_nobody_else_is_taken_for_the_person(text: str) -> None:
    assert not ANN.is_named_in(text)
    assert ANN.redact(text) == text


def test_values_keep_their_shape() -> None:
    value = {"data": [{"name": "Ann Lee", "count": 3, "is": True, "none": None}], "Ann Lee": "x"}
    assert ANN.redact_all(value) == {
        "data": [{"name": "[erased]", "count": 3, "is": True, "none": None}],
        "Ann Lee": "x",
    }


def test_a_name_that_is_no_name_is_looked_for_nowhere() -> None:
    """A shop has one customer `-` for all sales without an address, and notes such as `n/a`."""
    for person in (Person("cus_0"), Person("cus_0", names=("-", "X"), notes=("n/a",))):
        assert person.redact("n/a - X") == "n/a - X"
        assert not person.is_named_in("n/a - X")
    assert Person("cus_0").is_nameless
