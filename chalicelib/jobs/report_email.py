"""The weekly report as an e-mail for managers, as text and as HTML."""

from collections.abc import Sequence
from html import escape
from typing import cast

from chalicelib.crm import calendar_days, money
from chalicelib.crm.reports import Report
from chalicelib.jobs.email import Email
from chalicelib.jobs.report_content import ReportContent, TopEntry, WeekFigures
from chalicelib.plurals import counted
from chalicelib.settings import settings

_Rows = Sequence[tuple[str, str, str]]
_STYLE = "font:16px/1.5 system-ui,sans-serif;color:#1c2330"
_CELL = "padding:4px 16px 4px 0;text-align:left;border-bottom:1px solid #d7dce4"


def write(report: Report) -> Email:
    content = cast("ReportContent", report.content)
    zone = "" if calendar_days.is_utc() else f", in the time zone {calendar_days.time_zone()}"
    heading = f"Week {report.period}: {content['from']} to {content['to']}{zone}"
    totals = content["totals"]
    figures = counted(totals["customers"], "customer"), counted(totals["orders"], "order"), _amount(totals["cents"])
    summary = f"At the end of the week: {', '.join(figures)} revenue."
    tables = [
        (("", "This week", "Week before"), _week(content["week"], content["before"])),
        (("Top customers", "Revenue", "Orders"), _top(content["top_customers"])),
        (("Top products", "Revenue", "Pieces"), _top(content["top_products"])),
    ]
    text = "\n\n".join([heading, summary, *(_as_text(titles, rows) for titles, rows in tables)])
    html = "".join(_as_html(titles, rows) for titles, rows in tables)
    return Email(
        to=tuple(address.strip() for address in settings.report_recipients.split(",") if address.strip()),
        subject=f"CRM report, week {report.period}" + (f", revision {report.revision}" if report.revision > 1 else ""),
        text=text + "\n",
        html=f'<div style="{_STYLE}"><h1 style="font-size:20px">{escape(heading)}</h1><p>{escape(summary)}</p>{html}</div>',
    )


def _week(week: WeekFigures, before: WeekFigures) -> _Rows:
    return [
        ("Revenue", _amount(week["cents"]), _amount(before["cents"])),
        ("Orders", str(week["orders"]), str(before["orders"])),
        ("New customers", str(week["new_customers"]), str(before["new_customers"])),
    ]


def _top(entries: list[TopEntry]) -> _Rows:
    return [
        (entry["name"] or f"deleted ({entry['id']})", _amount(entry["cents"]), str(entry["count"])) for entry in entries
    ]


def _amount(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{money.currency_mark()}{abs(money.from_cents(cents)):,.2f}"


def _as_text(titles: tuple[str, str, str], rows: _Rows) -> str:
    return "\n".join(f"{first:<40} {second:>16} {third:>16}" for first, second, third in [titles, *rows])


def _as_html(titles: tuple[str, str, str], rows: _Rows) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{escape(title)}</th>' for title in titles)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_CELL}">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return f'<table style="border-collapse:collapse;margin:16px 0"><tr>{head}</tr>{body}</table>'
