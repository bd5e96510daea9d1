"""Reports: revisions are stored once each."""

import pytest
from botocore.exceptions import ClientError

from chalicelib.crm import reports
from chalicelib.crm.reports import Report
from chalicelib.store import tables
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import time_is

KIND = "weekly"


def saved(period: str = "2026-W47", token: str | None = None, *, again: bool = False, **content: int) -> Report:
    return reports.save(KIND, period, content, token or "t1", again=again)


def test_a_report_comes_back_as_it_was_stored() -> None:
    with time_is("2026-11-23T06:00:00"):
        report = saved(cents=5)
    assert report == Report(
        kind=KIND,
        period="2026-W47",
        revision=1,
        made_at="2026-11-23T06:00:00.000000Z",
        content={"cents": 5},
        token="t1",
    )
    assert reports.find(KIND, "2026-W47") == report
    assert reports.find(KIND, "2026-W47", 1) == report


def test_an_unknown_report_is_not_found() -> None:
    saved()
    assert reports.find(KIND, "2026-W46") is None
    assert reports.find(KIND, "2026-W47", 2) is None
    assert reports.find("monthly", "2026-W47") is None
    assert reports.find(KIND, "2026-W4") is None


def test_the_first_report_stays_unless_another_is_requested() -> None:
    first = saved(cents=1)
    assert saved(token="t2", cents=2) == first
    second = saved(token="t2", again=True, cents=2)
    assert (second.revision, second.content) == (2, {"cents": 2})
    assert reports.find(KIND, "2026-W47") == second
    assert reports.find(KIND, "2026-W47", 1) == first


def test_repeating_a_report_writes_nothing() -> None:
    first = saved(cents=1)
    assert saved(again=True, cents=9) == first
    second = saved(token="t2", again=True, cents=2)
    assert saved(token="t2", again=True, cents=9) == second


def test_a_revision_beyond_the_ninth_is_still_the_latest() -> None:
    for number in range(1, 13):
        assert saved(token=f"t{number}", again=True).revision == number
    latest = reports.find(KIND, "2026-W47")
    assert latest
    assert latest.revision == 12


def test_two_concurrentrevisions_are_both_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    saved()
    look = reports.revisions

    def look_then_lose(kind: str, period: str) -> list[Report]:
        monkeypatch.setattr(reports, "revisions", look)
        found = look(kind, period)
        saved(token="faster", again=True)
        return found

    monkeypatch.setattr(reports, "revisions", look_then_lose)
    mine = saved(token="slower", again=True)
    assert (mine.revision, mine.token) == (3, "slower")
    second = reports.find(KIND, "2026-W47", 2)
    assert second
    assert second.token == "faster"


def test_the_slower_of_two_first_reports_returns_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    look = reports.revisions

    def look_then_lose(kind: str, period: str) -> list[Report]:
        monkeypatch.setattr(reports, "revisions", look)
        found = look(kind, period)
        saved(token="faster", cents=1)
        return found

    monkeypatch.setattr(reports, "revisions", look_then_lose)
    assert saved(token="slower", cents=2).token == "faster"


def test_allrevisions_are_listed_the_latest_first() -> None:
    for period in ("2026-W46", "2026-W47", "2025-W52"):
        saved(period)
    saved("2026-W46", "t2", again=True)
    listed = read_page(reports.list_reports(KIND), PageArgs(first=3))
    assert [(edge.node.period, edge.node.revision) for edge in listed.edges] == [
        ("2026-W47", 1),
        ("2026-W46", 2),
        ("2026-W46", 1),
    ]
    rest = read_page(reports.list_reports(KIND), PageArgs(after=listed.end_cursor))
    assert [edge.node.period for edge in rest.edges] == ["2025-W52"]
    assert not rest.has_next


@pytest.mark.moto
def test_a_report_too_large_for_the_database_raises_its_error() -> None:
    with pytest.raises(ClientError):
        reports.save(KIND, "2026-W47", {"text": "x" * 500_000}, "t1")
    assert reports.find(KIND, "2026-W47") is None
    assert tables.Report.exists()
