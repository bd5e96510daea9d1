"""What clerks do with customers: create, change, merge, delete, restore and import them."""

from typing import Any

from tests.soak.clerk import Clerk, Merge
from tests.soak.shop import SharedCustomer, a_customer

CREATE = """mutation ($input: CreateCustomerInput!) {
  createCustomer(input: $input) { customer { id name email createdAt } message } }"""
READ = "query ($id: ID!) { customer(id: $id) { id name updatedAt } }"
CHANGE = """mutation ($id: ID!, $input: UpdateCustomerInput!, $expected: DateTime) {
  updateCustomer(id: $id, input: $input, expectedUpdatedAt: $expected) { customer { id name } } }"""
DELETE = "mutation ($id: ID!) { deleteCustomer(id: $id) { customer { id } } }"
RESTORE = "mutation ($id: ID!) { restoreCustomer(id: $id) { customer { id name email createdAt } } }"
MERGE = """mutation ($keep: ID!, $absorb: ID!) {
  mergeCustomers(keep: $keep, absorb: $absorb) { customer { id } merge { status moved } } }"""
UNDO = "mutation ($absorbed: ID!) { undoCustomerMerge(absorbed: $absorbed) { merge { status returned } } }"
GONE = frozenset({"NOT_FOUND"})
"""The clean-up has deleted the customer."""
MAX_STEPS = 40
IMPORTED_ROWS = 4


def create_customer(clerk: Clerk) -> None:
    data = clerk.client.change("create customer", CREATE, input=a_customer(clerk.dice, clerk.mark()))
    if data:
        customer = data["createCustomer"]["customer"]
        clerk.journal.add_customer(customer)
        clerk.shop.customers.append(SharedCustomer(customer["id"], customer["email"]))


def import_customers(clerk: Clerk) -> None:
    rows = [a_customer(clerk.dice, clerk.mark()) for _ in range(IMPORTED_ROWS)]
    clerk.shop.import_customers(clerk.client, clerk.journal, rows)


def change_customer(clerk: Clerk) -> None:
    """Change a customer of its own or of the shop, half of the times as somebody who has read the row before."""
    own = list(clerk.journal.customers)
    customer_id = clerk.dice.choice(
        own if own and clerk.dice.random() < 0.5 else [one.id for one in clerk.shop.customers]
    )
    read = clerk.client.read("read customer", READ, id=customer_id).get("customer")
    if not read or read["id"] != customer_id:  # deleted or merged
        return
    expected = read["updatedAt"] if clerk.dice.random() < 0.5 else None
    name = f"{read['name'].partition(' (')[0]} ({clerk.mark()})"
    data = clerk.client.change("change customer", CHANGE, GONE, id=customer_id, input={"name": name}, expected=expected)
    if data and customer_id in clerk.journal.customers:
        clerk.journal.customers[customer_id] = name


def delete_customer(clerk: Clerk) -> None:
    kept = {merge.kept for merge in clerk.merges}
    own = [key for key in clerk.journal.customers if key not in kept]
    if not own:
        return
    customer_id = clerk.dice.choice(own)
    if clerk.client.change("delete customer", DELETE, GONE, id=customer_id):
        del clerk.journal.customers[customer_id]
        clerk.deleted.append(customer_id)


def restore_customer(clerk: Clerk) -> None:
    if not clerk.deleted:
        return
    customer_id = clerk.deleted.pop()
    data = clerk.client.change("restore customer", RESTORE, id=customer_id)
    if data:
        clerk.journal.add_customer(data["restoreCustomer"]["customer"])
    else:
        clerk.deleted.append(customer_id)


def merge_customers(clerk: Clerk) -> None:
    """Merge two customers of its own, while the other clerks place orders for them."""
    own = list(clerk.journal.customers)
    if len(own) < 3:
        return
    kept, absorbed = clerk.dice.sample(own, 2)
    merge = Merge(kept, absorbed, clerk.journal.customers[absorbed])
    if _take_steps(clerk, "merge customers", MERGE, {"keep": kept, "absorb": absorbed}):
        del clerk.journal.customers[absorbed]
        clerk.merges.append(merge)


def undo_merge(clerk: Clerk) -> None:
    """Undo the latest merge, since an earlier one may have its customers in a later one."""
    if not clerk.merges:
        return
    merge = clerk.merges.pop()
    if _take_steps(clerk, "undo merge", UNDO, {"absorbed": merge.absorbed}):
        clerk.journal.customers[merge.absorbed] = merge.name


def _take_steps(clerk: Clerk, kind: str, document: str, variables: dict[str, Any]) -> bool:
    """Send the mutation until the merge is done or undone. Return False if a customer of it is gone."""
    for _ in range(MAX_STEPS):
        before = clerk.client.codes[f"{kind}: NOT_FOUND"]
        data = clerk.client.change(kind, document, GONE, **variables)
        if data:
            ((payload),) = data.values()
            if payload["merge"]["status"] in {"DONE", "UNDONE"}:
                return True
        elif clerk.client.codes[f"{kind}: NOT_FOUND"] > before:
            return False
    raise AssertionError(f"{kind} does not end: {variables}")
