"""An id that is none is refused by every mutation and query that takes ids, and is never an error of ours."""

from collections.abc import Iterator

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLList, GraphQLNonNull, get_named_type

from chalicelib.api.graphql.schema import schema
from tests.as_operator import execute

BAD = ("", " ", "x", "cus_x", "cus_01ARZ3NDEKTSV4RRFFQ69G5FAV", "prd_", "#", "x" * 2000)
VALUES = {
    "String": "x",
    "Int": 1,
    "Boolean": True,
    "Decimal": "1.00",
    "Date": "2026-11-27",
    "DateTime": "2026-11-27T12:00:00Z",
}


def value_of(kind: object, bad: str) -> object:
    """Return a value of an input type, with the bad id in each place of an id."""
    if isinstance(kind, GraphQLNonNull):
        return value_of(kind.of_type, bad)
    if isinstance(kind, GraphQLList):
        return [value_of(kind.of_type, bad)]
    if isinstance(kind, GraphQLInputObjectType):
        fields = {name: field for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)}
        return {name: value_of(field.type, bad) for name, field in fields.items()}
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    return bad if str(kind) == "ID" else VALUES[str(kind)]


def documents() -> Iterator[tuple[str, str, dict[str, object]]]:
    for operation, root in (("query", schema().query_type), ("mutation", schema().mutation_type)):
        assert root
        for name, field in root.fields.items():
            taken = {
                key: argument
                for key, argument in field.args.items()
                if isinstance(argument.type, GraphQLNonNull) or str(get_named_type(argument.type)) == "ID"
            }
            if any(str(get_named_type(argument.type)) == "ID" for argument in taken.values()):
                declared = ", ".join(f"${key}: {argument.type}" for key, argument in taken.items())
                given = ", ".join(f"{key}: ${key}" for key in taken)
                yield (
                    f"{operation} {name}",
                    f"{operation} ({declared}) {{ {name}({given}) {{ __typename }} }}",
                    dict(taken),
                )


DOCUMENTS = list(documents())


def test_there_are_many() -> None:
    assert len(DOCUMENTS) > 25


@pytest.mark.parametrize(("_name", "document", "taken"), DOCUMENTS, ids=[name for name, _, _ in DOCUMENTS])
def test_a_bad_id_is_no_error_of_ours(_name: str, document: str, taken: dict[str, object]) -> None:
    for bad in BAD:
        answer = execute(document, {key: value_of(argument.type, bad) for key, argument in taken.items()})  # type: ignore[attr-defined]
        codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
        assert "INTERNAL" not in codes, (bad, answer)
        assert "UNAVAILABLE" not in codes, (bad, answer)
