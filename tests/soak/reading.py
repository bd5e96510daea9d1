"""What clerks read: lists, searches, single rows with their history, totals and jobs."""

from decimal import Decimal

from tests.soak.clerk import Clerk
from tests.soak.shop import FIRST_NAMES, LAST_NAMES, THINGS

LISTS = {
    "list orders": """query ($after: String) { page: allOrders(first: 25, after: $after, orderBy: ["-orderDate"]) {
      edges { node { id totalAmount customer { name email } products { name } } } pageInfo { hasNextPage endCursor } } }""",
    "list expensive orders": """query ($after: String) {
      page: allOrders(first: 10, after: $after, orderBy: ["-totalAmount"], totalAmountGte: "50") {
        edges { node { id totalAmount lines { name quantity } } } pageInfo { hasNextPage endCursor } } }""",
    "list customers": """query ($after: String) { page: allCustomers(first: 50, after: $after, orderBy: ["name"]) {
      edges { node { id name email phone } } pageInfo { hasNextPage endCursor } } }""",
    "list changed customers": """query ($after: String) {
      page: allCustomers(first: 20, after: $after, orderBy: ["-updatedAt"]) {
        edges { node { id updatedAt } } pageInfo { hasNextPage endCursor } } }""",
    "list products": """query ($after: String) { page: allProducts(first: 50, after: $after, orderBy: ["price"]) {
      edges { node { id sku price stock } } pageInfo { hasNextPage endCursor } } }""",
    "list low stock": """query ($after: String) { page: lowStockProducts(first: 20, after: $after) {
      edges { node { id stock } } pageInfo { hasNextPage endCursor } } }""",
}
SEARCH = """query ($text: String!) { search(text: $text, first: 10) { edges { node {
  ... on Customer { id name } ... on Product { id sku } ... on Order { id reference } } } } }"""
CUSTOMER = """query ($email: String) { customer(email: $email) { id name lifetimeValue { orders revenue }
  orders(first: 5, orderBy: ["-orderDate"]) { edges { node { id totalAmount } } }
  history(first: 5) { edges { node { at action field } } } } }"""
ORDER = "query ($id: ID!) { order(id: $id) { id totalAmount status history(first: 5) { edges { node { action } } } } }"
TOTALS = "{ crmStats { customers orders revenue } }"
JOBS = "{ jobs { name state } status { count } runs(first: 20) { edges { node { job slot status } } } }"
FOLLOWED = 0.4
"""How often the next page of a list is read, too."""


def read_list(clerk: Clerk) -> None:
    kind = clerk.dice.choice(list(LISTS))
    page = clerk.client.read(kind, LISTS[kind], after=None).get("page")
    if page and page["pageInfo"]["hasNextPage"] and clerk.dice.random() < FOLLOWED:
        clerk.client.read(kind, LISTS[kind], after=page["pageInfo"]["endCursor"])


def search(clerk: Clerk) -> None:
    dice = clerk.dice
    words = (
        dice.choice(FIRST_NAMES)[:3],
        dice.choice(LAST_NAMES),
        f"SOAK-shop{dice.randrange(60)}",
        dice.choice(THINGS),
    )
    clerk.client.read("search", SEARCH, text=dice.choice([*words, f"{words[0]} {words[1][:2]}"]))


def read_customer(clerk: Clerk) -> None:
    clerk.client.read("read customer by e-mail", CUSTOMER, email=clerk.dice.choice(clerk.shop.customers).email)


def read_order(clerk: Clerk) -> None:
    """Read an order that only this clerk changes: it must be as the clerk was told."""
    if not clerk.journal.orders:
        return
    order_id = clerk.dice.choice(list(clerk.journal.orders))
    told = clerk.journal.orders[order_id]
    order = clerk.client.read("read order", ORDER, id=order_id).get("order")
    if order and (Decimal(order["totalAmount"]), order["status"]) != (told.total, told.status):
        clerk.client.faults.append(f"{order} instead of {told}")


def read_totals(clerk: Clerk) -> None:
    clerk.client.read("read totals", TOTALS)


def read_jobs(clerk: Clerk) -> None:
    clerk.client.read("read jobs", JOBS)
