"""The time zone is stored with the data once, and another one is refused afterwards."""

import zoneinfo

import pytest

from chalicelib import time_zones
from chalicelib.crm import customers, deleted_customers, stored_time_zone
from chalicelib.crm.stored_time_zone import OtherTimeZone
from chalicelib.store import tables
from tests.builders import a_customer, business_zone, rows_of

ROW = (stored_time_zone.PARTITION, stored_time_zone.SORT_KEY)


def test_empty_tables_take_the_time_zone_that_is_set_and_keep_it() -> None:
    with business_zone("Europe/Berlin"):
        assert stored_time_zone.confirm() == "Europe/Berlin"
        before = rows_of(tables.AuxRow)[ROW]
        a_customer()
        assert stored_time_zone.confirm() == "Europe/Berlin"
        assert rows_of(tables.AuxRow)[ROW] == before


@pytest.mark.parametrize("other", ["UTC", "Europe/Vienna"])
def test_another_time_zone_is_refused_with_what_to_do(other: str) -> None:
    with business_zone("Europe/Berlin"):
        stored_time_zone.confirm()
    for _ in range(2):
        with business_zone(other), pytest.raises(OtherTimeZone) as refused:
            stored_time_zone.confirm()
        assert str(refused.value) == (
            f"CRM_TIME_ZONE is {other}, but the days of the stored data are those of Europe/Berlin. Totals and reports are kept"
            " by day, so the time zone of existing data cannot be changed. Set CRM_TIME_ZONE to Europe/Berlin, or begin with"
            " empty tables"
        )


def test_another_name_of_the_same_zone_is_accepted() -> None:
    with business_zone("Europe/Kiev"):
        stored_time_zone.confirm()
    with business_zone("Europe/Kyiv"):
        assert stored_time_zone.confirm() == "Europe/Kiev"
    with business_zone("Europe/Berlin"), pytest.raises(OtherTimeZone):
        stored_time_zone.confirm()


@pytest.mark.parametrize("paths", [zoneinfo.TZPATH, ()])
def test_aliases_are_recognised_wherever_the_database_comes_from(
    paths: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoneinfo, "TZPATH", paths)
    for one, other in (("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata"), ("UTC", "Etc/UTC")):
        assert time_zones.is_same(one, other)
    for one, other in (("Europe/Berlin", "Europe/Vienna"), ("UTC", "Europe/London")):
        assert not time_zones.is_same(one, other)
    with pytest.raises(time_zones.UnknownTimeZone):
        time_zones.is_same("UTC", "Mars/Olympus")


def test_data_that_is_older_than_the_setting_was_counted_in_utc() -> None:
    a_customer()
    with business_zone("Asia/Kolkata"), pytest.raises(OtherTimeZone, match="those of UTC"):
        stored_time_zone.confirm()
    assert stored_time_zone.confirm() == "UTC"


def test_a_company_whose_customers_are_all_gone_has_totals_nevertheless() -> None:
    deleted_customers.delete(a_customer().id)
    assert customers.find_all([]) == {}
    with business_zone("Asia/Kolkata"), pytest.raises(OtherTimeZone, match="those of UTC"):
        stored_time_zone.confirm()


def test_whoever_is_first_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the write, somebody else stores another time zone."""
    look = stored_time_zone._find

    def look_too_early() -> str | None:
        found = look()
        with business_zone("Europe/Paris"):
            stored_time_zone._store("Europe/Paris")
        return found

    monkeypatch.setattr(stored_time_zone, "_find", look_too_early)
    with business_zone("Europe/Berlin"), pytest.raises(OtherTimeZone, match="those of Europe/Paris"):
        stored_time_zone.confirm()
