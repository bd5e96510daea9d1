"""Fields of the domain get their GraphQL name when an error is formatted."""

import pytest

from chalicelib.api.graphql.error_format import describe, wire_name
from chalicelib.errors import InvalidInput

pytestmark = pytest.mark.no_database


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("email", "email"),
        ("customer_email", "customerEmail"),
        ("phone_starts_with", "phoneStartsWith"),
        ("from_", "from"),
        ("activeBefore", "activeBefore"),
        (None, None),
    ],
)
def test_fields_have_the_names_of_the_schema(field: str | None, name: str | None) -> None:
    assert wire_name(field) == name


def test_an_error_is_described_with_the_name_of_the_schema() -> None:
    described = describe(InvalidInput("Give a date", field="order_date"))
    assert described == {"code": "INVALID_INPUT", "message": "Give a date", "field": "orderDate"}
