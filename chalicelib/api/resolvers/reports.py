"""Resolvers of weekly reports. Their content is stored as JSON, with amounts in cents."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Unpack

from chalicelib.api.graphql.loaders import Info
from chalicelib.api.resolvers.arguments import PageArguments, page_args
from chalicelib.crm import money, reports
from chalicelib.crm.reports import Report
from chalicelib.jobs import weekly_report
from chalicelib.store.pagination import Page, read_page


def all_reports(_root: object, _info: Info, **page: Unpack[PageArguments]) -> Page[Report]:
    return read_page(reports.list_reports(weekly_report.KIND), page_args(page))


def report(_root: object, _info: Info, period: str, revision: int | None = None) -> Report | None:
    return reports.find(weekly_report.KIND, period, revision) if weekly_report.monday_of(period) else None


def content(name: str) -> Callable[[Report, Info], object]:
    """Return a resolver that reads this part of a report's content."""
    return lambda row, _info: row.content[name]


def revenue(row: Mapping[str, int], _info: Info) -> Decimal:
    return money.from_cents(row["cents"])


def average_order(row: Mapping[str, int], _info: Info) -> Decimal | None:
    return (money.from_cents(row["cents"]) / row["orders"]).quantize(Decimal("0.01")) if row["orders"] else None


def new_customers(row: Mapping[str, int], _info: Info) -> int:
    return row["new_customers"]


def revenue_change(row: Report, _info: Info) -> Decimal | None:
    now, before = row.content["week"]["cents"], row.content["before"]["cents"]
    return (Decimal(now - before) * 100 / before).quantize(Decimal("0.1")) if before > 0 else None
