"""Resolver of the CRM's totals over days."""

from datetime import date

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import counters
from chalicelib.crm.counters import Stats


def crm_stats(_root: object, _info: Info, **days: date | None) -> Stats:
    # `from` is a keyword of Python, so it can be no parameter.
    return counters.stats(days.get("from"), days.get("to"))
