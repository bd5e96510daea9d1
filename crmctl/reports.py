"""What do the weekly reports say?"""

from decimal import Decimal
from typing import Any

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import Failure, json_option, limit_option, say_if_more, with_client
from crmctl.run_command import follow, wait_options
from crmctl.tables import Column, Row
from crmctl.time_arguments import NOTHING, to_minute

WEEK = "{ newCustomers orders revenue averageOrder }"
SUMMARY = (
    f"period revision from to madeAt revenueChange week {WEEK} before {WEEK} totals {{ customers orders revenue }}"
)
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


def money(amount: str | None) -> str:
    return NOTHING if amount is None else f"{Decimal(amount):,}"


def change(report: Row) -> str:
    percent = report["revenueChange"]
    return NOTHING if percent is None else f"{Decimal(percent):+,} %"


COLUMNS = (
    Column("period", lambda report: report["period"], whole=True),
    Column("revision", lambda report: str(report["revision"]), right=True),
    Column("made", lambda report: to_minute(report["madeAt"])),
    Column("new customers", lambda report: f"{report['week']['newCustomers']:,}", right=True),
    Column("orders", lambda report: f"{report['week']['orders']:,}", right=True),
    Column("revenue", lambda report: money(report["week"]["revenue"]), right=True),
    Column("change", change, right=True),
)
FIGURES = (
    Column("", lambda figure: figure["what"]),
    Column("week", lambda figure: figure["week"], right=True),
    Column("week before", lambda figure: figure["before"], right=True),
    Column("in all", lambda figure: figure["all"], right=True),
)


@click.command()
@limit_option(20)
@json_option
@with_client
def reports(client: Client, limit: int, *, as_json: bool) -> None:
    """Show the weekly reports.

    In all their revisions, the latest first. The figures are those of the week.
    """
    listed = paging.read(client, REPORTS, limit)
    tables.show(listed.rows, COLUMNS, as_json=as_json, none="There are no reports.")
    say_if_more(listed)


@click.command()
@click.argument("period")
@click.option("--revision", metavar="N", type=click.IntRange(1), help="Which one.  [default: the latest]")
@json_option
@with_client
def report(client: Client, period: str, revision: int | None, *, as_json: bool) -> None:
    """Show the report of a week.

    PERIOD is an ISO week such as 2026-W47.
    """
    found = client.execute(REPORT, {"period": period, "revision": revision})["report"]
    if found is None:
        which = f" in revision {revision}" if revision else ""
        raise Failure(f"There is no report of {period}{which}. There may be others: crmctl reports")
    if as_json:
        tables.show_json(found)
    else:
        _show(found)


@click.command()
@click.argument("period")
@wait_options
@with_client
def remake_report(client: Client, period: str, timeout: float, *, wait: bool) -> None:
    """Make the report of a week again.

    It becomes a further revision. PERIOD is an ISO week such as 2026-W47. --wait, --timeout and the exit status are as
    with `crmctl run`.
    """
    # Sent twice because an answer was lost, it makes two revisions that say the same.
    asked = client.execute(REMAKE, {"period": period})["remakeReport"]["run"]
    follow(client, asked, wait=wait, timeout=timeout)


def _show(report: dict[str, Any]) -> None:
    days = f"{report['from']} to {report['to']}"
    click.echo(f"{report['period']}, {days}, revision {report['revision']}, made {to_minute(report['madeAt'])}\n")
    tables.show(_figures(report), FIGURES, as_json=False, none="")
    click.echo(f"\nRevenue against the week before: {change(report)}")
    for title, entries, counted in (
        ("customer", report["topCustomers"], "orders"),
        ("product", report["topProducts"], "pieces"),
    ):
        click.echo()
        columns = (
            Column(f"top {title}s", lambda entry: entry["name"] or f"({entry['id']}, deleted)"),
            Column("revenue", lambda entry: money(entry["revenue"]), right=True),
            Column(counted, lambda entry: f"{entry['count']:,}", right=True),
        )
        tables.show(entries, columns, as_json=False, none=f"No {title}s.")


def _figures(report: dict[str, Any]) -> list[Row]:
    week, before, total = report["week"], report["before"], report["totals"]
    rows = [
        ("new customers", week["newCustomers"], before["newCustomers"], None),
        ("customers", None, None, total["customers"]),
        ("orders", week["orders"], before["orders"], total["orders"]),
        ("revenue", week["revenue"], before["revenue"], total["revenue"]),
        ("average order", week["averageOrder"], before["averageOrder"], None),
    ]
    return [
        {"what": what, "week": money(now), "before": money(then), "all": money(all_)} for what, now, then, all_ in rows
    ]
