"""Commands for inactive and deleted customers, and to restore one."""

import click

from crmctl import paging, tables
from crmctl.client import Client
from crmctl.commands import json_option, limit_option, print_if_more, print_message, with_client
from crmctl.suppressions import suppression_text
from crmctl.tables import Column, time_column
from crmctl.terminal import print_text
from crmctl.text import counted
from crmctl.time_arguments import Day, Timestamp

INACTIVE = """query Inactive($before: Date, $first: Int, $after: String) {
  list: inactiveCustomers(activeBefore: $before, first: $first, after: $after) {
    edges { node { id name email createdAt lastOrderAt emailSuppression { reason since } } }
    pageInfo { hasNextPage endCursor }
  }
}"""
INACTIVE_COUNT = "query InactiveCount($before: Date) { inactiveCustomerCount(activeBefore: $before) }"
DELETED = """query Deleted($first: Int, $after: String) {
  list: deletedCustomers(first: $first, after: $after) {
    edges { node { id name email phone createdAt deletedAt } }
    pageInfo { hasNextPage endCursor }
  }
}"""
RESTORE = "mutation Restore($id: ID!) { restoreCustomer(id: $id) { customer { id name email } } }"
RESTORE_RUN = """mutation RestoreRun($slot: DateTime!, $after: String) {
  restoreCustomers(slot: $slot, after: $after) {
    results { id customer { name email } error { message } }
    after
  }
}"""
COMMON_COLUMNS = (
    Column("id", lambda customer: customer["id"], no_wrap=True),
    Column("name", lambda customer: customer["name"], rank=4),
    Column("email", lambda customer: customer["email"]),
    time_column("created", lambda customer: customer["createdAt"], rank=3),
)
LAST_ORDER_COLUMN = time_column("last order", lambda customer: customer["lastOrderAt"], rank=2)
SUPPRESSED_COLUMN = Column("suppressed", suppression_text, rank=1)
DELETED_AT_COLUMN = time_column("deleted", lambda customer: customer["deletedAt"], rank=1)


@click.command()
@click.option(
    "--active-before",
    type=Day(),
    help="Only customers last active before this day.  [default: the clean-up's cut-off]",
)
@limit_option(100)
@json_option
@with_client
def inactive_customers(client: Client, active_before: str | None, limit: int, *, as_json: bool) -> None:
    """Show the customers that the clean-up would delete."""
    listed = paging.read(client, INACTIVE, limit, before=active_before)
    tables.print_rows(
        listed.rows,
        (*COMMON_COLUMNS, LAST_ORDER_COLUMN, SUPPRESSED_COLUMN),
        as_json=as_json,
        empty="There are no inactive customers.",
    )
    print_if_more(listed)
    if listed.rows and not as_json:
        count = client.execute(INACTIVE_COUNT, {"before": active_before})["inactiveCustomerCount"]
        click.echo()
        print_text(f"Total inactive: {count:,}")


@click.command()
@limit_option(100)
@json_option
@with_client
def deleted_customers(client: Client, limit: int, *, as_json: bool) -> None:
    """Show deleted customers that can be restored.

    The most recently created customers come first.
    """
    listed = paging.read(client, DELETED, limit)
    tables.print_rows(
        listed.rows, (*COMMON_COLUMNS, DELETED_AT_COLUMN), as_json=as_json, empty="There are no deleted customers."
    )
    print_if_more(listed)


@click.command()
@click.argument("customer_id")
@with_client
def restore(client: Client, customer_id: str) -> None:
    """Restore a deleted customer.

    The e-mail address and the orders are restored too. The next clean-up does not delete the customer again.
    """
    restored = client.execute_once(RESTORE, {"id": customer_id})["restoreCustomer"]["customer"]
    print_text(f"{restored['name']} <{restored['email']}> restored: {restored['id']}")


@click.command()
@click.argument("slot", type=Timestamp())
@with_client
def restore_run(client: Client, slot: str) -> None:
    """Restore all customers that one run of the clean-up deleted.

    SLOT is the run's slot, as `crmctl runs customer_cleanup` shows it. You can repeat the command.

    Exit status: 0 all were restored, 1 some could not be restored, 2 wrong usage or no connection.
    """
    restored = failed = 0
    after: str | None = None
    while True:
        page = client.execute_once(RESTORE_RUN, {"slot": slot, "after": after})["restoreCustomers"]
        for result in page["results"]:
            if result["error"]:
                failed += 1
                print_message(f"{result['id']}: {result['error']['message']}")
            else:
                restored += 1
        after = page["after"]
        if after is None:
            break
    print_text(f"Restored {counted(restored, 'customer')}" + (f", {failed:,} could not be restored" if failed else ""))
    if failed:
        raise click.exceptions.Exit(1)
