"""Resolvers of suppressed e-mail addresses."""

from chalicelib.access.roles import Role
from chalicelib.api.graphql.loaders import Info, context_of
from chalicelib.api.resolvers.customers import CustomerPayload
from chalicelib.crm import email_suppressions
from chalicelib.crm.customers import Customer
from chalicelib.crm.email_suppressions import Reason, Suppression


def email_suppression(customer: Customer, info: Info) -> Suppression | None:
    context = context_of(info)
    if not context.suppressions.has(customer.email):
        # Read those of all customers of the list together.
        context.suppressions.expect(row.email for row in context.customers.rows())
    return context.suppressions.get(customer.email)


def lift_email_suppression(_root: object, info: Info, customerId: str, reason: str) -> CustomerPayload:
    may_lift = frozenset(Reason) if context_of(info).caller.role >= Role.OPERATOR else {Reason.BOUNCE}
    return CustomerPayload(email_suppressions.lift(customerId, reason, may_lift))
