"""Convert a customer to its row, with the keys of its indexes. `customers` reads the row back."""

from typing import TYPE_CHECKING, Any

from pynamodb.expressions.update import Action

from chalicelib.crm import change_times, phone_numbers, text
from chalicelib.settings import settings
from chalicelib.store import index_keys, tables

if TYPE_CHECKING:
    from chalicelib.crm.customers import Customer


def to_row(customer: "Customer") -> tables.Customer:
    return tables.Customer(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        phone=customer.phone,
        phone_note=customer.phone_note,
        created_at=customer.created_at,
        list_shard=index_keys.shard("l", customer.id, settings.list_shards),
        created_key=index_keys.sort_key(customer.created_at, customer.id),
        activity_shard=index_keys.shard("a", customer.id, settings.activity_shards),
        activity_key=index_keys.sort_key(customer.active_on, customer.id),
        last_order=customer.last_order,
        orders=customer.orders,
        restored_at=customer.restored_at,
        added_at=customer.added_at,
        created_by=customer.created_by,
        search_mark=customer.search_mark,
        references=list(customer.references) or None,
        merge_id=customer.merge_id,
        absorbed=customer.absorbed or None,
        token=customer.token,
        **_keys(customer),
        **change_times.attributes(customer, customer.created_at),
    )


def _keys(customer: "Customer") -> dict[str, Any]:
    return {
        "normalized_email": text.normalize_email(customer.email),
        "name_key": index_keys.sort_key(text.search_key(customer.name), customer.id),
        "phone_key": index_keys.sort_key(phone_numbers.sort_value(customer.phone), customer.id),
    }


def update_actions(customer: "Customer") -> list[Action]:
    row = tables.Customer
    values = _keys(customer) | {"name": customer.name, "email": customer.email, "token": customer.token}
    actions: list[Action] = [getattr(row, name).set(value) for name, value in values.items()]
    actions.append(row.phone.set(customer.phone) if customer.phone else row.phone.remove())
    actions.append(row.phone_note.set(customer.phone_note) if customer.phone_note else row.phone_note.remove())
    actions += change_times.actions(row, customer)
    if customer.search_mark:
        actions.append(row.search_mark.set(customer.search_mark))
    return actions
