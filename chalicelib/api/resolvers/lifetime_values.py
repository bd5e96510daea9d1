"""The resolver of what a customer has ordered in all."""

from chalicelib.api.graphql.loaders import Info
from chalicelib.crm import lifetime_values
from chalicelib.crm.customers import Customer
from chalicelib.crm.lifetime_values import LifetimeValue


def lifetime_value(row: Customer, _info: Info) -> LifetimeValue:
    return lifetime_values.find(row.id)
