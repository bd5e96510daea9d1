"""What is kept about a person: `crmctl export person` writes it, `crmctl erase` erases it."""

import re
from collections.abc import Iterator
from typing import Any

import click

from crmctl.client import Client
from crmctl.commands import CommandError, print_message, with_client
from crmctl.confirmation import confirm
from crmctl.paging import read_pages
from crmctl.run_command import follow, print_preview, wait_options

PERSON = """query Person($id: ID, $email: String) {
  personalData(customerId: $id, email: $email) {
    customerId names emails phones notes references orderCount
    customer { id name email phone phoneNote createdAt createdBy lastOrderAt inactiveFrom }
    deletedCustomer { id name email phone createdAt deletedAt keptUntil }
    suppressedAddresses { email reason since }
  }
}"""
ORDERS = """query PersonOrders($id: ID, $first: Int!, $after: String) {
  personalData(customerId: $id) {
    orders(first: $first, after: $after) {
      edges { node {
        id orderDate status totalAmount reference refundOf createdBy updatedAt
        lines { productId name quantity unitPrice lineTotal }
        adjustments { kind amount }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""
TRACES = """query PersonTraces($id: ID, $after: String) {
  personalData(customerId: $id) { traces(after: $after) { nodes { kind text } after } }
}"""
ERASE = """mutation EraseCustomer($id: ID!, $reason: String!, $dryRun: Boolean!) {
  eraseCustomer(id: $id, reason: $reason, dryRun: $dryRun) {
    run { job slot schedule status }
    preview { summary lines more }
  }
}"""
_ID = re.compile(r"cus_[0-9A-Z]{26}")


def read(client: Client, who: str) -> dict[str, Any]:
    """Return everything that is kept about the customer with this e-mail address or id. Raises CommandError."""
    person = _find(client, who)
    customer_id = person["customerId"]
    return {**person, "orders": list(_orders(client, customer_id)), "traces": list(_traces(client, customer_id))}


def _orders(client: Client, customer_id: str) -> Iterator[dict[str, Any]]:
    for data in read_pages(client, ORDERS, lambda data: data["personalData"]["orders"]["pageInfo"], id=customer_id):
        yield from (edge["node"] for edge in data["personalData"]["orders"]["edges"])


def _traces(client: Client, customer_id: str) -> Iterator[dict[str, str]]:
    after: str | None = None
    while True:
        page = client.execute(TRACES, {"id": customer_id, "after": after})["personalData"]["traces"]
        yield from page["nodes"]
        after = page["after"]
        if after is None:
            return


@click.command()
@click.argument("who", metavar="EMAIL|ID")
@click.option("--reason", required=True, help="Why. It is kept with your name, so it must not name the person.")
@click.option("--dry-run", is_flag=True, help="Show what would be erased. Writes nothing.")
@click.option("-y", "--yes", is_flag=True, help="Erase without a question.")
@wait_options
@with_client
def erase(  # noqa: PLR0913 - one for each option
    client: Client, /, who: str, reason: str, timeout: float, *, dry_run: bool, yes: bool, wait: bool
) -> None:
    """Erase the customer with this e-mail address or id for good, and all that names them.

    Shows first what would be erased, and asks. Orders and totals stay, without the person. There is no undo. See
    docs/privacy.md for what stays elsewhere, and for how long.

    Exit status: 0 erased (with --no-wait: started), 1 failed, 2 wrong usage or connection, or not confirmed, 3 not
    finished in time, 130 Ctrl-C.
    """
    customer_id = _find(client, who)["customerId"]
    variables = {"id": customer_id, "reason": reason}
    print_preview(client.execute_once(ERASE, {**variables, "dryRun": True})["eraseCustomer"]["preview"])
    if dry_run:
        return
    if not yes:
        confirm("Erase this person for good?", "Nothing was erased.")
    started = client.execute_once(ERASE, {**variables, "dryRun": False})["eraseCustomer"]["run"]
    print_message(f"If it fails, continue it with: crmctl run {started['job']} --slot {started['slot']}")
    follow(client, started, wait=wait, timeout=timeout)


def _find(client: Client, who: str) -> dict[str, Any]:
    which = {"id": who} if _ID.fullmatch(who) else {"email": who}
    found: dict[str, Any] | None = client.execute(PERSON, which)["personalData"]
    if found is None:
        raise CommandError(f"Nothing is kept about {who!r}.")
    return found
