"""DynamoDB as far as a restore needs it: tables with their settings and windows, for states that no emulator gets into."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from tests.deploy.fake_aws import client_error

ARN = "arn:aws:dynamodb:eu-central-1:123456789012:table/"
FIRST, LAST = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 27, 12, tzinfo=UTC)


@dataclass
class Table:
    """`looks` is how often it is looked at before it is active; `refusals` how often it refuses point-in-time recovery."""

    recovery: bool = True
    expiry: str = "DISABLED"
    window: tuple[datetime, datetime] = (FIRST, LAST)
    tags: dict[str, str] = field(default_factory=dict)
    is_protected: bool = False
    restored_to: datetime | None = None
    looks: int = 0
    refusals: int = 0
    schema: dict[str, Any] = field(default_factory=dict)


@dataclass
class FakeTables:
    """`limit` is how many restores may run at a time. What is changed goes to `calls`."""

    tables: dict[str, Table]
    limit: int = 50
    looks: int = 1
    refusals: int = 0
    drops: bool = False
    """Whether restores are given up as soon as they have begun."""
    calls: list[tuple[str, str]] = field(default_factory=list)

    @property
    def meta(self) -> SimpleNamespace:
        return SimpleNamespace(region_name="eu-central-1")

    def named(self, call: str) -> list[str]:
        return [table for name, table in self.calls if name == call]

    def describe_table(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803 - AWS's name
        if TableName not in self.tables:
            raise client_error("ResourceNotFoundException")
        table = self.tables[TableName]
        status = "CREATING" if table.looks > 0 else "ACTIVE"
        table.looks -= 1
        summary = {"RestoreSummary": {"RestoreDateTime": table.restored_to}} if table.restored_to else {}
        found = {"TableName": TableName, "TableArn": ARN + TableName, "TableStatus": status, **summary}
        return {"Table": found | table.schema | {"DeletionProtectionEnabled": table.is_protected}}

    def list_tables(self) -> dict[str, Any]:
        return {"TableNames": sorted(self.tables)}

    def describe_continuous_backups(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803
        table = self.tables[TableName]
        first, last = table.window
        window = {"EarliestRestorableDateTime": first, "LatestRestorableDateTime": last}
        status = {"PointInTimeRecoveryStatus": "ENABLED" if table.recovery else "DISABLED"}
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": status | window}}

    def restore_table_to_point_in_time(
        self,
        *,
        SourceTableName: str,  # noqa: N803
        TargetTableName: str,  # noqa: N803
        RestoreDateTime: datetime,  # noqa: N803
    ) -> None:
        assert SourceTableName in self.tables
        assert TargetTableName not in self.tables
        if sum(table.looks > 0 for table in self.tables.values()) >= self.limit:
            raise client_error("LimitExceededException")
        self.calls.append(("restore", TargetTableName))
        if self.drops:
            return
        self.tables[TargetTableName] = Table(
            recovery=False,
            restored_to=RestoreDateTime,
            looks=self.looks,
            refusals=self.refusals,
            schema=self.tables[SourceTableName].schema,
        )

    def describe_time_to_live(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803
        return {"TimeToLiveDescription": {"TimeToLiveStatus": self.tables[TableName].expiry}}

    def update_time_to_live(self, *, TableName: str, TimeToLiveSpecification: dict[str, Any]) -> None:  # noqa: N803
        assert self.tables[TableName].expiry == "DISABLED", "DynamoDB refuses it if it is enabled"
        assert TimeToLiveSpecification["Enabled"]
        self.calls.append(("expiry", TableName))
        self.tables[TableName].expiry = "ENABLING"

    def update_continuous_backups(
        self,
        *,
        TableName: str,  # noqa: N803
        PointInTimeRecoverySpecification: dict[str, Any],  # noqa: N803
    ) -> None:
        table = self.tables[TableName]
        if table.refusals > 0:
            table.refusals -= 1
            raise client_error("ContinuousBackupsUnavailableException")
        assert PointInTimeRecoverySpecification["PointInTimeRecoveryEnabled"]
        self.calls.append(("recovery", TableName))
        table.recovery = True

    def update_table(self, *, TableName: str, DeletionProtectionEnabled: bool) -> None:  # noqa: N803
        self.calls.append(("protection", TableName))
        self.tables[TableName].is_protected = DeletionProtectionEnabled

    def tag_resource(self, *, ResourceArn: str, Tags: list[dict[str, str]]) -> None:  # noqa: N803
        name = ResourceArn.removeprefix(ARN)
        self.calls.append(("tags", name))
        self.tables[name].tags |= {tag["Key"]: tag["Value"] for tag in Tags}

    def get_waiter(self, _name: str) -> Any:
        return type("Waiter", (), {"wait": staticmethod(lambda **_arguments: None)})()

    def list_tags_of_resource(self, *, ResourceArn: str) -> dict[str, Any]:  # noqa: N803
        tags = self.tables[ResourceArn.removeprefix(ARN)].tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def get_paginator(self, name: str) -> "_Pages":
        return _Pages(getattr(self, name))


@dataclass
class _Pages:
    """One page."""

    call: Callable[..., dict[str, Any]]

    def paginate(self, **arguments: Any) -> list[dict[str, Any]]:
        return [self.call(**arguments)]
