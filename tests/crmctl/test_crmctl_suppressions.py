"""Suppressed addresses in the lists of crmctl, and `crmctl lift-suppression`, against the real API."""

from chalicelib import clock
from chalicelib.crm import email_suppressions, orders
from chalicelib.crm.email_suppressions import Reason
from tests.builders import a_customer, a_product, time_is
from tests.crmctl.api_server import ApiServer


def test_lists_show_why_an_address_gets_no_emails(crm: ApiServer) -> None:
    with time_is("2020-01-02T03:04:05"):
        customer = a_customer("Ann", "ann@example.com")
    with time_is("2026-11-22T12:00:00"):
        email_suppressions.suppress("ann@example.com", Reason.UNSUBSCRIBE, clock.now())
        assert "unsubscribe 2026-11-22 12:00" in crm.crmctl("inactive-customers").stdout
        orders.place(customer.id, {a_product().id: 1})
        assert "unsubscribe 2026-11-22 12:00" in crm.crmctl("due-reminders").stdout


def test_a_suppression_is_lifted_by_address(crm: ApiServer) -> None:
    a_customer("Ann", "ann@example.com")
    with time_is("2026-11-22T12:00:00"):
        email_suppressions.suppress("ann@example.com", Reason.BOUNCE, clock.now())
    lifted = crm.crmctl("lift-suppression", "ANN@example.com", "--reason", "mailbox was full")
    assert (lifted.exit_code, lifted.stdout) == (
        0,
        "ann@example.com gets e-mails again. It was suppressed: bounce 2026-11-22 12:00 UTC\n",
    )
    assert email_suppressions.find("ann@example.com") is None
    again = crm.crmctl("lift-suppression", "ann@example.com", "--reason", "x")
    assert (again.exit_code, again.stderr) == (2, "Error: The e-mail address of this customer is not suppressed\n")
    unknown = crm.crmctl("lift-suppression", "bob@example.com", "--reason", "x")
    assert unknown.stderr == "Error: There is no customer with the e-mail address 'bob@example.com'.\n"
