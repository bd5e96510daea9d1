"""Resolver of the history of customers, products and orders."""

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import row_history
from chalicelib.crm.history_entries import HistoryEntry
from chalicelib.crm.row_history import Row
from chalicelib.store.result_page import ResultPage


def history(row: Row, _info: Info, first: int | None = None, after: str | None = None) -> ResultPage[HistoryEntry]:
    return row_history.read_page(row, first, after)
