"""Resolver of the CRM's totals over days."""

from datetime import date
from typing import Any

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import counters
from chalicelib.crm.counters import Stats


def crm_stats(_root: Any, _info: Info, **days: date) -> Stats:
    return counters.stats(days.get("from"), days.get("to"))
