"""Limits on how many products an order has and how many pieces of each, and the check of orders, edits and refunds."""

from collections.abc import Mapping

from chalicelib.errors import InvalidInput, NoLines, TooManyLines

MAX_LINES = 96
"""A transaction takes 100 actions: the order, its customer, the day's counters, its mark, and one product per line."""
MAX_QUANTITY = 10**6


def check(quantity: int) -> None:
    if not 1 <= quantity <= MAX_QUANTITY:
        raise InvalidInput(f"Quantity must be from 1 to {MAX_QUANTITY}", field="quantity")


def check_all(quantities: Mapping[str, int]) -> None:
    if not quantities:
        raise NoLines(field="lines")
    if len(quantities) > MAX_LINES:
        raise TooManyLines(f"An order has at most {MAX_LINES} lines, not {len(quantities)}", field="lines")
    for quantity in quantities.values():
        check(quantity)
