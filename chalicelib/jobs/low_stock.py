"""low_stock: adds stock to products that have little, through the same GraphQL mutation that operators use."""

from typing import TypedDict

from chalicelib import clock
from chalicelib.crm import stock
from chalicelib.jobs.job import Preview, StepContext, StepResult
from chalicelib.jobs.log_escaping import escape_phrases
from chalicelib.jobs.operations import Connection, SavedOperation, next_cursor, nodes
from chalicelib.jobs.run_arguments import Argument
from chalicelib.plurals import counted
from chalicelib.settings import settings


class SelectState(TypedDict, total=False):
    """The next step selects products."""

    after: str


class RestockState(TypedDict):
    """The next step restocks these products. The step after it selects the next page, if `after` has its cursor."""

    ids: list[str]
    after: str | None


class Product(TypedDict):
    id: str
    name: str
    stock: int


class LowStockAnswer(TypedDict):
    lowStockProducts: Connection[Product]


class RestockedProduct(TypedDict):
    stock: int
    product: Product


class RestockResult(TypedDict):
    restocked: list[RestockedProduct]


class RestockAnswer(TypedDict):
    updateLowStockProducts: RestockResult


NAME = "low_stock"
ARGUMENTS = (
    Argument(
        name="threshold",
        help="Restock products with less than this in stock.",
        default=settings.low_stock_threshold,
        minimum=1,
        maximum=stock.MAX_RESTOCK,
    ),
    Argument(
        name="amount",
        help="How much to add to each of them.",
        default=settings.restock_amount,
        minimum=1,
        maximum=stock.MAX_RESTOCK,
    ),
)
SELECT = SavedOperation(
    """
query LowStock($threshold: Int, $after: String) {
  lowStockProducts(threshold: $threshold, first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } }
}""",
    LowStockAnswer,
)
RESTOCK = SavedOperation(
    """
mutation Restock($slot: DateTime, $ids: [ID!], $token: String, $threshold: Int, $amount: Int) {
  updateLowStockProducts(slot: $slot, ids: $ids, token: $token, threshold: $threshold, amount: $amount) {
    restocked { stock product { name } }
  }
}""",
    RestockAnswer,
)
PREVIEW = SavedOperation(
    """
query Preview($threshold: Int) {
  lowStockProducts(threshold: $threshold, first: 100) { edges { node { name stock } } pageInfo { hasNextPage } }
}""",
    LowStockAnswer,
)


def step(context: StepContext) -> StepResult:
    if "ids" in context.state:
        return _restock(context, context.state_as(RestockState))
    return _select(context, context.state_as(SelectState))


def preview(context: StepContext) -> Preview:
    page = context.ask(PREVIEW, threshold=context.arguments.get("threshold"))["lowStockProducts"]
    more = page["pageInfo"]["hasNextPage"]
    lines = tuple(f"Product: {escape_phrases(product['name'])}, Stock: {product['stock']}" for product in nodes(page))
    return Preview(f"{'At least ' * more}{counted(len(lines), 'product')} would be restocked", lines, more)


def _select(context: StepContext, state: SelectState) -> StepResult:
    """Save which products are restocked before any of them is: afterwards they are no longer low."""
    page = context.ask(SELECT, threshold=context.arguments.get("threshold"), after=state.get("after"))[
        "lowStockProducts"
    ]
    ids, after = [product["id"] for product in nodes(page)], next_cursor(page)
    if not ids and after is None:
        return StepResult(None)
    return StepResult(RestockState(ids=ids, after=after))


def _restock(context: StepContext, state: RestockState) -> StepResult:
    # Use one token per page. A product that drops low again after its page was done is not restocked twice in one run.
    token = f"{context.slot}.{context.pages}"
    threshold, amount = context.arguments.get("threshold"), context.arguments.get("amount")
    answer = context.ask(
        RESTOCK, slot=context.instant, ids=state["ids"], token=token, threshold=threshold, amount=amount
    )
    done = answer["updateLowStockProducts"]["restocked"]
    now = f"{clock.now():%d/%m/%Y-%H:%M:%S}"
    lines = tuple(
        f"[{now}] Product: {escape_phrases(entry['product']['name'])}, New Stock: {entry['stock']}" for entry in done
    )
    after = state["after"]
    return StepResult(SelectState(after=after) if after else None, lines, {"restocked": len(lines)})
