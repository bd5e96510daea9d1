"""Resolvers of the CRM's totals over days, and of what they count in."""

from dataclasses import dataclass
from datetime import date

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import calendar_days, counters, money
from chalicelib.crm.counters import Stats


@dataclass(frozen=True, slots=True)
class Settings:
    time_zone: str
    currency: str


def crm_stats(_root: object, _info: Info, **days: date | None) -> Stats:
    # `from` is a keyword of Python, so it can be no parameter.
    return counters.stats(days.get("from"), days.get("to"))


def settings(_root: object, _info: Info) -> Settings:
    return Settings(calendar_days.time_zone(), money.currency())
