"""Suppressed e-mail addresses: how lists show them, and the command that lifts a suppression."""

import click

from crmctl.client import Client
from crmctl.commands import CommandError, with_client
from crmctl.tables import Row
from crmctl.terminal import print_text
from crmctl.time_arguments import EMPTY_CELL, format_time

BY_EMAIL = """query ByEmail($email: String) {
  customer(email: $email) { id email emailSuppression { reason since } }
}"""
LIFT = """mutation Lift($id: ID!, $reason: String!) {
  liftEmailSuppression(customerId: $id, reason: $reason) { customer { email } }
}"""


def suppression_text(customer: Row) -> str:
    """Return why and since when the customer's address gets no e-mails."""
    found = customer["emailSuppression"]
    return f"{found['reason'].lower()} {format_time(found['since'])}" if found else EMPTY_CELL


@click.command()
@click.argument("email")
@click.option("--reason", required=True, help="Why. It is kept with your name.")
@with_client
def lift_suppression(client: Client, email: str, reason: str) -> None:
    """Let the customer with this e-mail address get e-mails again.

    Lifting a complaint, or a suppression by the recipient, requires the role OPERATOR.
    """
    customer = client.execute(BY_EMAIL, {"email": email})["customer"]
    if customer is None:
        raise CommandError(f"There is no customer with the e-mail address {email!r}.")
    before = suppression_text(customer)
    lifted = client.execute_once(LIFT, {"id": customer["id"], "reason": reason})["liftEmailSuppression"]["customer"]
    print_text(f"{lifted['email']} gets e-mails again. It was suppressed: {before}")
