"""What is asked of a retailer's CRM: searches, lists, and the pages of an export."""

from collections import Counter

from benchmarks.retailer import Retailer
from crmctl.export_rows import ORDERS

_PAGE = "pageInfo { hasNextPage endCursor }"
_ORDER = "id reference orderDate totalAmount status"
_PEOPLE = "edges { node { name email phone } }"
SEARCH = """query ($text: String!) { search(text: $text) { edges { node {
  ... on Customer { id name email phone } ... on Product { id name sku } ... on Order { id reference totalAmount } } }
  pageInfo { hasNextPage endCursor } } }"""
LISTS = {
    "the latest 100 orders, with customers": f"""{{ allOrders(first: 100, orderBy: ["-orderDate"]) {{
        edges {{ node {{ {_ORDER} customer {{ name email }} }} }} {_PAGE} }} }}""",
    "100 orders with lines and products": f"""{{ allOrders(first: 100) {{
        edges {{ node {{ {_ORDER} lines {{ name quantity unitPrice product {{ sku }} }} }} }} {_PAGE} }} }}""",
    "100 customers by name": f"""{{ allCustomers(first: 100, orderBy: ["name"]) {{ {_PEOPLE} {_PAGE} }} }}""",
    "100 customers by e-mail": f"""{{ allCustomers(first: 100, orderBy: ["email"]) {{ {_PEOPLE} {_PAGE} }} }}""",
    "100 products by price": f"""{{ allProducts(first: 100, orderBy: ["-price"]) {{
        edges {{ node {{ name price stock }} }} {_PAGE} }} }}""",
    "20 orders of the best customer": f"""query ($customer: ID!) {{ customer(id: $customer) {{ orders(first: 20) {{
        edges {{ node {{ {_ORDER} }} }} {_PAGE} }} }} }}""",
    "100 orders of the best-selling product": f"""query ($product: ID!) {{ allOrders(first: 100, productId: $product) {{
        edges {{ node {{ {_ORDER} }} }} {_PAGE} }} }}""",
}
EXPORT = ORDERS
ENDS = f'query ($first: Int, $after: String) {{ list: allOrders(first: $first, after: $after, orderBy: ["orderDate"]) {{ {_PAGE} }} }}'
"""The same list, for the end of each page only."""


def search_texts(retailer: Retailer) -> dict[str, str]:
    """Return what people type: words that many have, and what only one has."""
    surnames = Counter(each.name.split()[-1] for each in retailer.people)
    words = Counter(word for each in retailer.articles for word in each.name.split())
    one, article = retailer.people[-1], retailer.articles[len(retailer.articles) // 2]
    with_phone = next(each for each in reversed(retailer.people) if each.phone)
    return {
        "the most frequent surname": surnames.most_common(1)[0][0],
        "a full name": one.name,
        "an e-mail address": one.email,
        "a phone number": with_phone.phone,
        "the most frequent word of products": words.most_common(1)[0][0],
        "two words of a product": " ".join(article.name.split()[-2:]),
        "an SKU": article.sku,
        "an invoice": str(retailer.first_invoice + retailer.size.orders // 3),
        "the beginning of an invoice": str(retailer.first_invoice)[:2],
        "one letter": "s",
    }
