"""A restore takes all tables to one instant, goes on where it was stopped, and sets again what DynamoDB does not restore."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import boto3
import pytest

from deploy import restore
from deploy.restore import Restore
from deploy.stack_states import DeployError
from tests.deploy.fake_tables import FIRST, LAST, FakeTables, Table

pytestmark = pytest.mark.no_database
MOMENT = datetime(2026, 11, 27, 10, tzinfo=UTC)
RECOVERY = {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
EXPIRY = {"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}}
WANTED = Restore(
    "prod",
    MOMENT,
    source=1,
    target=2,
    tables={"crm-prod-orders": RECOVERY, "crm-prod-ops": RECOVERY | EXPIRY},
    is_protected=True,
)
TARGETS = ["crm-prod-2-orders", "crm-prod-2-ops"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTables:
    tags = {"owner": "sales", "aws:cloudformation:stack-name": "crm-prod"}
    found = FakeTables({"crm-prod-orders": Table(tags=tags), "crm-prod-ops": Table(expiry="ENABLED")})
    monkeypatch.setattr(boto3, "client", lambda _name: found)
    return found


def run(wanted: Restore = WANTED) -> list[str]:
    said: list[str] = []
    restore.check_window(wanted)
    restore.restore_tables(wanted, said.append, 0)
    restore.configure(wanted, said.append, 0)
    return said


def test_rows_come_first_and_then_the_settings_that_dynamodb_does_not_restore(fake: FakeTables) -> None:
    fake.refusals = 2
    said = run()
    for name in TARGETS:
        table = fake.tables[name]
        assert (table.restored_to, table.recovery, table.is_protected) == (MOMENT, True, True)
    assert fake.tables["crm-prod-2-orders"].tags == {"owner": "sales"}
    assert fake.named("tags") == ["crm-prod-2-orders"]
    assert fake.named("expiry") == ["crm-prod-2-ops"]
    assert "crm-prod-2-ops: expiry of rows, point-in-time recovery, protection" in said


def test_repeated_it_does_nothing_more(fake: FakeTables) -> None:
    run()
    calls = list(fake.calls)
    assert run() == []
    assert fake.calls == calls


@pytest.mark.parametrize("done", [0, 1])
def test_it_goes_on_where_it_was_stopped(fake: FakeTables, done: int) -> None:
    """In the middle of the restores, and between the settings of two tables."""
    for name in TARGETS[: done + 1]:
        fake.tables[name] = Table(recovery=bool(done), restored_to=MOMENT, looks=3, is_protected=bool(done))
    run()
    assert fake.named("restore") == TARGETS[done + 1 :]
    assert all(fake.tables[name].recovery and fake.tables[name].is_protected for name in TARGETS)


def test_the_window_counts_only_for_tables_that_are_still_to_be_restored(fake: FakeTables) -> None:
    fake.tables["crm-prod-orders"].window = (LAST, LAST)
    with pytest.raises(DeployError):
        restore.check_window(WANTED)
    fake.tables[TARGETS[0]] = Table(restored_to=MOMENT)
    restore.check_window(WANTED)


def test_as_many_restores_as_dynamodb_allows_run_at_a_time(fake: FakeTables) -> None:
    fake.limit, fake.looks = 1, 2
    run()
    assert fake.named("restore") == TARGETS


def test_a_restore_that_dynamodb_gives_up_is_not_begun_again_and_again(
    fake: FakeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so if the caller may not write to the new table."""
    fake.drops = True
    monkeypatch.setattr(restore, "_APPEAR_SECONDS", 0)
    with pytest.raises(DeployError, match="given up to restore crm-prod-orders"):
        run()
    assert fake.named("restore") == TARGETS


@pytest.mark.parametrize("moment", [FIRST - timedelta(seconds=1), LAST + timedelta(seconds=1)])
def test_an_instant_outside_the_window_of_any_table_is_refused_with_the_one_of_all(
    fake: FakeTables, moment: datetime
) -> None:
    fake.tables["crm-prod-ops"].window = (FIRST + timedelta(days=3), LAST + timedelta(days=3))
    with pytest.raises(DeployError, match="from 2026-11-04T00:00:00Z to 2026-11-27T12:00:00Z") as refused:
        restore.check_window(replace(WANTED, moment=moment))
    assert "Nothing was changed" in str(refused.value)
    assert fake.calls == []


@pytest.mark.parametrize("moment", [FIRST, LAST])
def test_the_window_includes_its_ends(fake: FakeTables, moment: datetime) -> None:
    restore.check_window(replace(WANTED, moment=moment))
    assert fake.calls == []


def test_a_table_without_point_in_time_recovery_is_named(fake: FakeTables) -> None:
    fake.tables["crm-prod-ops"].recovery = False
    with pytest.raises(DeployError, match="crm-prod-ops has no point-in-time recovery"):
        restore.check_window(WANTED)


def test_dev_is_restored_without_protection(fake: FakeTables) -> None:
    run(replace(WANTED, is_protected=False))
    assert fake.named("protection") == []


def chosen(current: int = 1, existing: tuple[int, ...] = (1,)) -> int:
    prefix = "crm-prod-" if current == 1 else f"crm-prod-{current}-"
    wanted: dict[str, dict[str, str]] = {f"{prefix}{name}": {} for name in ("orders", "ops")}
    return restore.choose_generation("prod", current, list(existing), wanted, MOMENT)


def test_a_new_generation_comes_after_all_that_exist(fake: FakeTables) -> None:
    assert chosen() == 2
    for name in TARGETS:
        fake.tables[name] = Table(restored_to=MOMENT + timedelta(seconds=1))
    assert chosen(existing=(1, 2)) == 3


def test_a_restore_to_the_same_instant_that_has_begun_is_continued(fake: FakeTables) -> None:
    fake.tables[TARGETS[0]] = Table(restored_to=MOMENT)
    assert chosen(existing=(1, 2)) == 2


def test_a_stage_that_runs_on_that_restore_already_is_recognised(fake: FakeTables) -> None:
    for name in TARGETS:
        fake.tables[name] = Table(restored_to=MOMENT)
    assert chosen(current=2, existing=(1, 2)) == 2


def test_an_instant_is_utc_unless_it_has_a_zone_and_in_whole_seconds() -> None:
    for text in ("2026-11-27T10:00:00Z", "2026-11-27 10:00", "2026-11-27T12:00+02:00", "2026-11-27T10:00:00.9Z"):
        assert restore.parse_moment(text) == MOMENT
    for text in ("yesterday", "", "2026-13-01"):
        with pytest.raises(DeployError, match="is not a date and time"):
            restore.parse_moment(text)
