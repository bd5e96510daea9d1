"""An update changes at most one index of each table, in an order in which no code misses an index."""

from typing import Any

import pytest

from deploy import table_changes
from deploy.stack_states import DeployError

pytestmark = pytest.mark.no_database
OLD, NEW = "old code", "new code"


def table(*indexes: str, key: str = "id", projection: str = "KEYS_ONLY") -> dict[str, Any]:
    schema = [{"AttributeName": key, "KeyType": "HASH"}]
    return {
        "TableName": "crm-prod-orders",
        "KeySchema": schema,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "N" if name == "c" else "S"} for name in (key, *indexes)
        ],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": f"by_{name}",
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": projection},
            }
            for name in indexes
        ],
    }


def template(code: str, *indexes: str, **more: str) -> dict[str, Any]:
    return {
        "Description": code,
        "Resources": {"Orders": {"Type": "AWS::DynamoDB::Table", "Properties": table(*indexes, **more)}},
    }


def planned(live: tuple[str, ...], wanted: tuple[str, ...], *, exists: bool = True) -> list[tuple[str, list[str]]]:
    """(code, indexes) of each update; checked on the way: attributes are those of the keys, and one index changes at a time."""
    current = template(OLD, *live) if exists else None
    steps = table_changes.plan(current, template(NEW, *wanted), {"crm-prod-orders": table(*live)})
    found, before = [], set(live)
    for step in steps:
        properties = step["Resources"]["Orders"]["Properties"]
        indexes = [index["IndexName"].removeprefix("by_") for index in properties.get("GlobalSecondaryIndexes", ())]
        assert {entry["AttributeName"] for entry in properties["AttributeDefinitions"]} == {"id", *indexes}
        assert len(before ^ set(indexes)) <= 1
        before = set(indexes)
        found.append((step["Description"], indexes))
    assert before == set(wanted)
    return found


def test_up_to_one_index_is_one_update() -> None:
    assert planned((), ()) == [(NEW, [])]
    assert planned(("a",), ("a", "b")) == [(NEW, ["a", "b"])]
    assert planned(("a", "b"), ("a",)) == [(NEW, ["a"])]


def test_new_indexes_come_one_by_one_before_the_code_that_uses_them() -> None:
    assert planned(("a",), ("a", "b", "c")) == [(OLD, ["a", "b"]), (OLD, ["a", "b", "c"]), (NEW, ["a", "b", "c"])]


def test_old_indexes_go_after_the_code_that_used_them() -> None:
    assert planned(("a", "b", "c"), ("a",)) == [(NEW, ["a", "b", "c"]), (NEW, ["a", "c"]), (NEW, ["a"])]


def test_a_new_index_in_place_of_an_old_one() -> None:
    assert planned(("a",), ("b",)) == [(OLD, ["a", "b"]), (NEW, ["b", "a"]), (NEW, ["b"])]


def test_a_table_that_was_left_with_other_indexes_is_taken_as_it_is_and_then_changed() -> None:
    assert planned(("a",), ("a",), exists=False) == [(NEW, ["a"])]
    assert planned((), ("a",), exists=False) == [(NEW, []), (NEW, ["a"]), (NEW, ["a"])]


def test_a_table_that_comes_back_with_other_indexes_is_taken_as_it_is_while_the_old_code_runs() -> None:
    """A rollback has left it outside the stack; meanwhile the release that has it got one more index."""
    current = {"Description": OLD, "Resources": {"Other": {"Type": "AWS::SQS::Queue", "Properties": {}}}}
    steps = table_changes.plan(current, template(NEW, "a", "b"), {"crm-prod-orders": table("a")})
    found = [
        (
            step["Description"],
            "Other" in step["Resources"],
            [index["IndexName"] for index in step["Resources"]["Orders"]["Properties"]["GlobalSecondaryIndexes"]],
        )
        for step in steps
    ]
    assert found == [
        (OLD, True, ["by_a"]),
        (OLD, True, ["by_a", "by_b"]),
        (NEW, False, ["by_a", "by_b"]),
    ]
    assert "Orders" not in current["Resources"]


def test_a_table_that_comes_back_as_it_was_is_one_update() -> None:
    current = {"Description": OLD, "Resources": {}}
    wanted = template(NEW, "a")
    assert table_changes.plan(current, wanted, {"crm-prod-orders": table("a")}) == [wanted]


def test_attributes_keep_the_types_of_the_index_they_come_from() -> None:
    steps = table_changes.plan(template(OLD), template(NEW, "b", "c"), {"crm-prod-orders": table()})
    types = {
        entry["AttributeName"]: entry["AttributeType"]
        for entry in steps[1]["Resources"]["Orders"]["Properties"]["AttributeDefinitions"]
    }
    assert types == {"id": "S", "b": "S", "c": "N"}


def test_a_table_that_does_not_exist_is_no_change() -> None:
    assert table_changes.plan(None, template(NEW, "a", "b"), {}) == [template(NEW, "a", "b")]


def test_a_changed_key_or_index_is_refused_with_a_way_out() -> None:
    live = {"crm-prod-orders": table("a")}
    with pytest.raises(DeployError, match="another name and copy the rows"):
        table_changes.plan(template(OLD, "a"), template(NEW, "a", key="number"), live)
    with pytest.raises(DeployError, match="by_a of crm-prod-orders"):
        table_changes.plan(template(OLD, "a"), template(NEW, "a", projection="ALL"), live)
