"""low_stock: adds stock to the products that are low, by the GraphQL mutation that an operator has too."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.jobs.job import Execute, Preview, StepContext, StepResult, ask

NAME = "low_stock"
SELECT = """
query LowStock($after: String) {
  lowStockProducts(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}"""
RESTOCK = """
mutation Restock($slot: DateTime, $ids: [ID!], $token: String) {
  updateLowStockProducts(slot: $slot, ids: $ids, token: $token) { restocked { stock product { name } } }
}"""
SHOW = """{
  lowStockProducts(first: 100) { edges { node { name stock } } pageInfo { hasNextPage } }
}"""


def step(work: StepContext) -> StepResult:
    chosen = work.state.get("ids")
    return _select(work) if chosen is None else _restock(work, chosen)


def preview(execute: Execute, _now: datetime, _arguments: Mapping[str, Any]) -> Preview:
    page = ask(execute, SHOW)["lowStockProducts"]
    low = [edge["node"] for edge in page["edges"]]
    more = page["pageInfo"]["hasNextPage"]
    lines = tuple(f"Product: {product['name']}, Stock: {product['stock']}" for product in low)
    return Preview(f"{'At least ' * more}{len(low)} products would be restocked", lines, more)


def _select(work: StepContext) -> StepResult:
    """Products that are restocked are low no longer, so which ones it will be is kept before any of them is."""
    page = work.ask(SELECT, after=work.state.get("after"))["lowStockProducts"]
    ids = [edge["node"]["id"] for edge in page["edges"]]
    after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    if not ids and after is None:
        return StepResult(None)
    return StepResult({"ids": ids, "after": after})


def _restock(work: StepContext, ids: list[str]) -> StepResult:
    # A token a page: one that is low again behind the cursor had its restock, and its line, in an earlier page.
    token = f"{work.slot}.{work.pages}"
    done = work.ask(RESTOCK, slot=work.slot, ids=ids, token=token)["updateLowStockProducts"]["restocked"]
    now = f"{clock.now():%d/%m/%Y-%H:%M:%S}"
    lines = tuple(f"[{now}] Product: {entry['product']['name']}, New Stock: {entry['stock']}" for entry in done)
    after = work.state["after"]
    return StepResult({"after": after} if after else None, lines, {"restocked": len(lines)})
