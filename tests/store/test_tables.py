"""The tables are created as the models define them, repeatedly, over one connection."""

import pytest

from chalicelib.store import connection
from chalicelib.store.connection import TABLES
from chalicelib.store.tables import AuxRow

pytestmark = pytest.mark.moto


def described() -> dict[str, dict[str, object]]:
    client = connection.client()
    return {table.Meta.table_name: client.describe_table(TableName=table.Meta.table_name)["Table"] for table in TABLES}


def test_creating_the_tables_again_changes_nothing() -> None:
    AuxRow(pk="here", sk="still").save()
    before = {name: table["CreationDateTime"] for name, table in described().items()}
    connection.create_tables()
    assert {name: table["CreationDateTime"] for name, table in described().items()} == before
    assert AuxRow.get("here", "still").sk == "still"


def test_table_names_contain_the_stage() -> None:
    assert sorted(described()) == [
        f"crm-test-{name}" for name in ("customers", "lines", "ops", "orders", "products", "reports", "runs")
    ]


def test_indexes_project_keys_only() -> None:
    projections = {
        str(index["IndexName"]): index["Projection"]
        for table in described().values()
        for index in table.get("GlobalSecondaryIndexes", [])  # type: ignore[attr-defined]
    }
    assert sorted(projections) == [
        "by_activity", "by_change", "by_created", "by_customer", "by_date", "by_name", "by_phone",
        "by_price", "by_stock", "by_time", "by_total", "by_updated",
    ]  # fmt: skip
    assert set(map(str, projections.values())) == {"{'ProjectionType': 'KEYS_ONLY'}"}


def test_rows_of_the_archive_expire() -> None:
    ttl = connection.client().describe_time_to_live(TableName=AuxRow.Meta.table_name)["TimeToLiveDescription"]
    assert ttl == {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"}


@pytest.mark.no_database
def test_all_models_share_one_client() -> None:
    assert {id(table._get_connection().connection) for table in TABLES} == {id(connection.connection)}
