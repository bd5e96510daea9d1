"""What a customer is looked for by: names, addresses and numbers of now and before, within a bound."""

import json

from chalicelib.crm import customers, deleted_customers, orders, text
from chalicelib.privacy import erased_people, people
from chalicelib.store import change_marks, ids, reads, tables
from chalicelib.store.index_keys import SEPARATOR
from tests.builders import a_customer, a_product, time_is
from tests.store.largest_customer import CUSTOMER, EMAIL, ID, NAME
from tests.store.test_item_sizes import DYNAMODB_LIMIT, size_of


def test_former_names_addresses_and_numbers_are_known() -> None:
    with change_marks.made_by("test"):
        ann = a_customer("Ann Lee", "ann@example.com", phone="+1 555 0100")
        customers.update(ann.id, {"name": "Ann Stone", "email": "stone@example.com", "phone": None})
        customers.update(ann.id, {"name": "Ann Lee"})
    known = people.find(ann.id)
    assert known
    assert known.person.names == ("Ann Lee", "Ann Stone")
    assert known.person.emails == ("stone@example.com", "ann@example.com")
    assert known.person.phones == ("+1 555 0100",)


def test_a_customer_who_is_no_longer_in_the_archive_is_known_by_the_changes() -> None:
    with time_is("2026-01-01T12:00:00"), change_marks.made_by("test"):
        ann = a_customer("Ann Lee", "ann@example.com")
        assert people.find_id("ANN@example.com") == ann.id
        deleted_customers.delete(ann.id)
        assert people.find_id("ann@example.com") == ann.id
        tables.AuxRow(pk=deleted_customers.PARTITION, sk=ann.id).delete()
    known = people.find(ann.id)
    assert known
    assert (known.row, known.person.names) == (None, ("Ann Lee",))


def test_a_customer_of_whom_only_orders_are_left_has_no_name() -> None:
    ann = a_customer("Ann Lee", "ann@example.com")
    orders.place(ann.id, {a_product().id: 1})
    customers.key(ann.id).delete()
    known = people.find(ann.id)
    assert known
    assert known.person.is_nameless
    assert people.find("cus_00000000000000000000000000") is None
    assert people.find("no id") is None


def test_what_an_erasure_keeps_has_a_bound_in_bytes() -> None:
    """Of a customer with as many changes as are looked through, each of which gave them another long name and address."""
    items: list[reads.Item] = []
    for number in range(people.MAX_CHANGES):
        values = {"name": f"{number}{NAME}"[: text.NAME_LIMIT], "email": f"{number}{EMAIL}"}
        content = json.dumps({"before": values, "after": values})
        items.append({"sk": {"S": f"{number}{SEPARATOR}{ids.new_id(ids.CUSTOMER)}"}, "content": {"S": content}})
    person = people._person(ID, CUSTOMER, items)
    assert len(person.names) > 20, "the latest are kept"
    assert len(person.given_back_ids) == people.MAX_GIVEN_BACK
    size = size_of(erased_people.to_row(person))
    assert people.MAX_BYTES * 0.9 < size <= people.MAX_BYTES + 1000 < DYNAMODB_LIMIT
