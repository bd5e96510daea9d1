"""Our rules find the errors that graphql-core's find: for each rule, documents that break it."""

import pytest
from graphql import (
    ASTValidationRule,
    GraphQLError,
    TypeInfo,
    ValidationContext,
    build_schema,
    parse,
    specified_rules,
    validate,
)

from chalicelib.api.graphql.validation_rules import validation_rules

pytestmark = pytest.mark.no_database
SCHEMA = build_schema("""
    type Query { hello: String, person(id: ID!, who: Who): Person, named: Named }
    type Subscription { hello: String, again: String }
    interface Named { name: String }
    type Person implements Named { name: String, friends: [Person] }
    type Dog implements Named { name: String, barks: Boolean }
    input Who { name: String, age: Int }
""")
DOCUMENTS = (
    "{ hello named { name ... on Dog { barks } } person(id: 1) { friends { ...F } } } fragment F on Person { name }",
    "{ hello } type T { a: Int }",
    "mutation { hello }",
    "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "query Q { hello } query Q { hello }",
    "{ hello } query Q { hello }",
    "subscription { hello again }",
    "query ($v: Cat) { hello } fragment F on Cat { name }",
    "{ ... on Who { name } hello { length } }",
    "query ($v: Person) { hello @skip(if: $v) }",
    "{ person(id: 1) }",
    "{ helo person(id: 1) { nam } }",
    "{ ...F } fragment F on Query { hello } fragment F on Query { hello }",
    "{ ...G }",
    "{ hello } fragment F on Query { hello }",
    "{ named { ... on Query { hello } } person(id: 1) { ... on Dog { name } } }",
    "{ ...F } fragment F on Query { hello ...G } fragment G on Query { ...F }",
    "query ($v: ID!, $v: ID!) { person(id: $v) { name } }",
    "query Q { person(id: $v) { name } }",
    "query ($v: ID!) { hello }",
    "{ hello @cached @include(if: true) @include(if: true) }",
    "{ hello @include(unless: true) person(ids: 1, id: 1) { name } }",
    "{ person(id: 1, id: 1) { name } }",
    '{ person(id: 1, who: {age: "x", size: 1}) { name } }',
    "{ person { name } }",
    "query ($v: ID) { person(id: $v) { name } }",
    "{ a: hello a: __typename person(id: 1) { name } person(id: 2) { name } }",
    "{ person(id: 1, who: {age: 1, age: 2}) { name } }",
    "query ($v: Boolean!) { ... @defer(if: $v) { hello } person(id: 1) { friends @stream(initialCount: -1) { name } } }",
)
UNBROKEN = {
    "DeferStreamDirectiveOnRootField",
    "DeferStreamDirectiveOnValidOperationsRule",
    "DeferStreamDirectiveLabel",
    "StreamDirectiveOnListField",
}
"""Our schema has neither @defer nor @stream."""


def told(errors: list[GraphQLError]) -> list[object]:
    return [error.formatted for error in errors]


@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("text", DOCUMENTS)
def test_our_rules_find_the_same_errors(text: str, *, hidden: bool) -> None:
    document = parse(text)
    expected = told(validate(SCHEMA, document, hide_suggestions=hidden))
    assert told(validate(SCHEMA, document, validation_rules(), hide_suggestions=hidden)) == expected
    assert (expected == []) == (text == DOCUMENTS[0])


def test_each_rule_is_broken_by_a_document() -> None:
    broken = {
        rule.__name__ for rule in specified_rules if any(validate(SCHEMA, parse(text), [rule]) for text in DOCUMENTS)
    }
    assert {rule.__name__ for rule in specified_rules} - broken == UNBROKEN


def test_no_rule_is_searched_for_methods_that_it_does_not_have() -> None:
    context = ValidationContext(SCHEMA, parse("{ hello }"), TypeInfo(SCHEMA), lambda _: None)

    def searched(rules: tuple[type[ASTValidationRule], ...]) -> int:
        return sum("name" not in rule(context).enter_leave_map for rule in rules)

    assert searched(specified_rules) == len(specified_rules)
    assert searched(validation_rules()) == 1, "only UniqueDirectivesPerLocationRule looks at every node"
