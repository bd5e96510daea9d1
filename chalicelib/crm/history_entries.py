"""Convert change rows and orders to entries of a history: one for each changed field, and for each movement of stock."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.crm.customers import Customer
from chalicelib.crm.orders import CANCELLED, Order
from chalicelib.crm.products import Product
from chalicelib.store import ids
from chalicelib.store.change_log import Change

CREATION = ""
"""The key of the creation: it sorts before all times, so it comes last."""
_QUANTITIES = "quantities"
_FIELDS = {_QUANTITIES: "quantity", "refunded": "refunded"}
"""What has a number for each product, and the name of the field in the entry of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """`before` and `after` are texts. `delta` is by how much the stock moved, and `order_id` the order that moved it."""

    at: str
    actor: str | None
    action: str
    field: str | None = None
    before: str | None = None
    after: str | None = None
    delta: int | None = None
    order_id: str | None = None
    product_id: str | None = None
    reason: str | None = None
    request_id: str | None = None


def of_change(change: Change, row_id: str, orders_by_id: Mapping[str, Order]) -> list[HistoryEntry]:
    """Return the entries of a change of the row, or of another one that concerns it.

    Such are a change of an order that moved the stock of the row, and a merge that moved orders from or to it.
    """
    if "movedOrders" in (change.after or {}):
        return [_of_move(change, row_id)]
    if change.subject != row_id and "mergedInto" in (change.after or {}):
        return [_of_merge(change)]
    if change.subject != row_id:
        delta = _movement(change, row_id, orders_by_id.get(change.subject))
        return [_entry(change, field="stock", delta=delta, order_id=change.subject)] if delta else []
    before, after = change.before, change.after
    if before is None or after is None:
        return [_entry(change)]
    entries = []
    for name in {**before, **after}:
        if name in _FIELDS:
            entries += _of_products(change, _FIELDS[name], before.get(name, {}), after.get(name, {}))
        elif before.get(name) != after.get(name):
            moved = after[name] - before[name] if name == "stock" else None
            texts = {"before": _text(before.get(name)), "after": _text(after.get(name))}
            entries.append(_entry(change, field=name, delta=moved, **texts))
    return entries


def of_placement(order: Order, product_id: str, edits: Collection[Change]) -> list[HistoryEntry]:
    """Return what the order took when it was placed, or the credit note put back. `edits` are the changes of its lines since."""
    delta = -sum(line.quantity for line in order.lines if line.product_id == product_id)
    delta -= sum(_movement(change, product_id, order) for change in edits if _QUANTITIES in (change.before or {}))
    if not delta:
        return []  # the product came into the order later
    action = _origin(order)
    moved = delta if order.takes_stock else None
    return [
        HistoryEntry(
            at=order.date, actor=order.created_by, action=action, field="stock", delta=moved, order_id=order.id
        )
    ]


def of_creation(row: Customer | Product | Order, stock: int | None) -> HistoryEntry:
    at = row.added_at if isinstance(row, Customer) else None
    actions = {ids.CUSTOMER: "createCustomer", ids.PRODUCT: "createProduct", ids.ORDER: "createOrder"}
    action = actions[ids.kind_of(row.id) or ""]
    if isinstance(row, Order):
        action = _origin(row)
    return HistoryEntry(
        at=at or ids.created_at(row.id),
        actor=row.created_by,
        action=action,
        field=None if stock is None else "stock",
        after=_text(stock),
        delta=stock,
    )


def _origin(order: Order) -> str:
    if order.refund_of:
        return "refundOrder"
    return "createOrder" if order.takes_stock else "bulkCreateOrders"


def _movement(change: Change, product_id: str, order: Order | None) -> int:
    """Return by how much the change of an order moved the stock of the product."""
    before, after = change.before or {}, change.after or {}
    if _QUANTITIES in before:
        moved: int = before[_QUANTITIES].get(product_id, 0) - after[_QUANTITIES].get(product_id, 0)
        return moved
    if order and order.takes_stock and after.get("status") == CANCELLED:
        return sum(line.quantity for line in order.lines if line.product_id == product_id)
    return 0


def _of_move(change: Change, row_id: str) -> HistoryEntry:
    """Return the entry of an order that went to another customer, or that of the customer who gave or got orders."""
    before, after = change.before or {}, change.after or {}
    if ids.kind_of(row_id) == ids.ORDER:
        return _entry(change, field="customer", before=before["customer"], after=after["customer"])
    return _entry(change, field="movedOrders", after=_text(after["movedOrders"]))


def _of_merge(change: Change) -> HistoryEntry:
    """Return the entry of the customer who absorbed another one, or gave it back."""
    has_begun = (change.after or {})["mergedInto"] is not None
    merged = {"after": change.subject} if has_begun else {"before": change.subject}
    return _entry(change, field="absorbed", **merged)


def _of_products(change: Change, field: str, before: Mapping[str, int], after: Mapping[str, int]) -> list[HistoryEntry]:
    return [
        _entry(change, field=field, before=_text(before.get(key, 0)), after=_text(after.get(key, 0)), product_id=key)
        for key in {**before, **after}
    ]


def _entry(change: Change, **more: Any) -> HistoryEntry:
    return HistoryEntry(
        at=change.at,
        actor=change.actor,
        action=change.action,
        reason=change.reason,
        request_id=change.request_id,
        **more,
    )


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
