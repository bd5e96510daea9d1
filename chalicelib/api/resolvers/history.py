"""Resolver of the history of customers, products and orders."""

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import row_history
from chalicelib.crm.row_history import HistoryPage, Row


def history(row: Row, _info: Info, first: int | None = None, after: str | None = None) -> HistoryPage:
    return row_history.read_page(row, first, after)
