"""Find a customer by id or by e-mail address."""

from crmctl.client import Client
from crmctl.commands import CommandError
from crmctl.tables import Row

FIND = """query FindCustomer($key: String!, $id: ID!) {
  byId: customer(id: $id) { id name } byEmail: customer(email: $key) { id name }
}"""


def find_customer(client: Client, document: str, key: str) -> Row:
    """Return what the document selects of the customer. Raises CommandError."""
    data = client.execute(document, {"key": key, "id": key})
    found: Row | None = data["byId"] or data["byEmail"]
    if found is None:
        raise CommandError(f"There is no customer {key!r}. Look for one: crmctl customers find NAME")
    return found
