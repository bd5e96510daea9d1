"""Commands to show weekly reports, and to create one again."""

from decimal import Decimal
from typing import Any

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import CommandError, json_option, limit_option, print_if_more, with_client
from crmctl.run_command import follow, wait_options
from crmctl.tables import Column, Row, time_column
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL, format_time

WEEK = "{ newCustomers orders revenue averageOrder }"
SUMMARY = f"period revision from to madeAt timeZone currency revenueChange week {WEEK} before {WEEK} totals {{ customers orders revenue }}"
REPORTS = f"""query Reports($first: Int, $after: String) {{
  list: reports(first: $first, after: $after) {{
    edges {{ node {{ {SUMMARY} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
REPORT = f"""query Report($period: String!, $revision: Int) {{
  report(period: $period, revision: $revision) {{
    {SUMMARY} topCustomers {{ id name revenue count }} topProducts {{ id name revenue count }}
  }}
}}"""
REMAKE = "mutation Remake($period: String!) { remakeReport(period: $period) { run { job slot status } } }"


def format_money(amount: str | None) -> str:
    return EMPTY_CELL if amount is None else f"{Decimal(amount):,}"


def format_change(report: Row) -> str:
    percent = report["revenueChange"]
    return EMPTY_CELL if percent is None else f"{Decimal(percent):+,} %"


COLUMNS = (
    Column("period", lambda report: report["period"], no_wrap=True),
    Column("revision", lambda report: str(report["revision"]), align_right=True, rank=1),
    time_column("created", lambda report: report["madeAt"], rank=4),
    Column("new customers", lambda report: f"{report['week']['newCustomers']:,}", align_right=True, rank=3),
    Column("orders", lambda report: f"{report['week']['orders']:,}", align_right=True),
    Column("revenue", lambda report: format_money(report["week"]["revenue"]), align_right=True),
    Column("change", format_change, align_right=True, rank=2),
)
FIGURES = (
    Column("", lambda figure: figure["what"]),
    Column("week", lambda figure: figure["week"], align_right=True),
    Column("week before", lambda figure: figure["before"], align_right=True),
    Column("total", lambda figure: figure["all"], align_right=True),
)


@click.command()
@limit_option(20)
@json_option
@with_client
def reports(client: Client, limit: int, *, as_json: bool) -> None:
    """List weekly reports, the latest first.

    The list includes all revisions. Revenue and counts are those of the week.
    """
    listed = paging.read(client, REPORTS, limit)
    tables.print_rows(listed.rows, COLUMNS, as_json=as_json, empty="There are no reports.")
    print_if_more(listed)


@click.command()
@click.argument("period")
@click.option("--revision", metavar="N", type=click.IntRange(1), help="Show revision N.  [default: the latest]")
@json_option
@with_client
def report(client: Client, period: str, revision: int | None, *, as_json: bool) -> None:
    """Show the report for PERIOD.

    PERIOD is an ISO week such as 2026-W47.
    """
    found = client.execute(REPORT, {"period": period, "revision": revision})["report"]
    if found is None:
        which = f", revision {revision}" if revision else ""
        raise CommandError(f"There is no report for {period}{which}. List all reports: crmctl reports")
    if as_json:
        tables.print_json(found)
    else:
        _print_report(found)


@click.command()
@click.argument("period")
@wait_options
@with_client
def remake_report(client: Client, period: str, timeout: float, *, wait: bool) -> None:
    """Create the report for PERIOD again, as a new revision.

    PERIOD is an ISO week such as 2026-W47. --wait, --timeout and the exit status work as with `crmctl run`.
    """
    started = client.execute_once(REMAKE, {"period": period})["remakeReport"]["run"]
    follow(client, started, wait=wait, timeout=timeout)


def _print_report(report: dict[str, Any]) -> None:
    zone = "" if report["timeZone"] == "UTC" else f" in {report['timeZone']}"
    days = f"{report['from']} to {report['to']}{zone}"
    amounts = "" if report["currency"] == "USD" else f", amounts in {report['currency']}"
    made = f"revision {report['revision']}, created {format_time(report['madeAt'])}"
    print_text(f"{report['period']}, {days}, {made}{amounts}")
    click.echo()
    tables.print_rows(_figure_rows(report), FIGURES, as_json=False, empty="")
    click.echo()
    print_text(f"Revenue change from the week before: {format_change(report)}")
    for title, entries, counted in (
        ("customer", report["topCustomers"], "orders"),
        ("product", report["topProducts"], "pieces"),
    ):
        click.echo()
        columns = (
            Column(f"top {title}s", lambda entry: entry["name"] or f"({entry['id']}, deleted)"),
            Column("revenue", lambda entry: format_money(entry["revenue"]), align_right=True),
            Column(counted, lambda entry: f"{entry['count']:,}", align_right=True),
        )
        tables.print_rows(entries, columns, as_json=False, empty=f"No {title}s.")


def _figure_rows(report: dict[str, Any]) -> list[Row]:
    week, before, total = report["week"], report["before"], report["totals"]
    rows = [
        ("new customers", week["newCustomers"], before["newCustomers"], None),
        ("customers", None, None, total["customers"]),
        ("orders", week["orders"], before["orders"], total["orders"]),
        ("revenue", week["revenue"], before["revenue"], total["revenue"]),
        ("average order", week["averageOrder"], before["averageOrder"], None),
    ]
    return [
        {"what": what, "week": format_money(now), "before": format_money(then), "all": format_money(all_)}
        for what, now, then, all_ in rows
    ]
