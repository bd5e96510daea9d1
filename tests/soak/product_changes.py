"""What clerks do with products: adjust their stock, change and import them."""

from decimal import Decimal

from tests.soak.clerk import Clerk
from tests.soak.shop import a_product

ADJUST = """mutation ($id: ID!, $delta: Int!) {
  adjustStock(productId: $id, delta: $delta, reason: "delivery") { product { id stock } } }"""
READ = "query ($id: ID!) { product(id: $id) { id price updatedAt } }"
CHANGE = """mutation ($id: ID!, $input: UpdateProductInput!, $expected: DateTime) {
  updateProduct(id: $id, input: $input, expectedUpdatedAt: $expected) { product { id price } } }"""
MAX_PRODUCTS = 400
"""No more are imported: the catalog of a shop does not grow as its orders do."""


def adjust_stock(clerk: Clerk) -> None:
    product_id, delta = clerk.dice.choice(clerk.shop.products), clerk.dice.randint(20, 60)
    if clerk.client.change("adjust stock", ADJUST, id=product_id, delta=delta):
        clerk.journal.stock[product_id] += delta


def change_price(clerk: Clerk) -> None:
    product_id = clerk.dice.choice(clerk.shop.products)
    product = clerk.client.read("read product", READ, id=product_id)["product"]
    price = str(Decimal(clerk.dice.randrange(100, 20_000)) / 100)
    expected = product["updatedAt"] if clerk.dice.random() < 0.5 else None
    clerk.client.change("change product", CHANGE, id=product_id, input={"price": price}, expected=expected)


def import_products(clerk: Clerk) -> None:
    if len(clerk.shop.products) < MAX_PRODUCTS:
        clerk.shop.import_products(clerk.client, clerk.journal, [a_product(clerk.dice, clerk.mark())])
