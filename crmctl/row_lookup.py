"""Find a customer, a product or an order by its id, or by what else names it."""

from crmctl.client import Client
from crmctl.commands import CommandError
from crmctl.tables import Row

CUSTOMER = """query FindCustomer($key: String!, $id: ID!) {
  byId: customer(id: $id) { id name updatedAt } byEmail: customer(email: $key) { id name updatedAt }
}"""
PRODUCT = """query FindProduct($key: String!, $id: ID!) {
  byId: product(id: $id) { id updatedAt } bySku: product(sku: $key) { id updatedAt }
}"""


def find_row(client: Client, document: str, kind: str, key: str) -> Row:
    """Return the row that one of the document's fields has found, each of which looks the key up in another way.

    Raises CommandError.
    """
    found: Row | None = next(filter(None, client.execute(document, {"key": key, "id": key}).values()), None)
    if found is None:
        raise CommandError(f"There is no {kind} {key!r}. Look for one: crmctl {kind}s find NAME")
    return found
