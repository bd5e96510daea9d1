"""What is found and sorted beside what, and which e-mail addresses are one."""

import pytest

from chalicelib.crm import customers, orders, text
from chalicelib.crm.list_filters import CustomerFilter, OrderFilter
from chalicelib.crm.list_queries import list_customers, list_orders
from chalicelib.errors import DuplicateEmail, InvalidCursor, InvalidInput
from chalicelib.store.pagination import PageArgs, read_page
from tests.builders import a_customer, a_product


def names(wanted: CustomerFilter | None = None, order: list[str] | None = None) -> list[str]:
    page = read_page(list_customers(wanted or CustomerFilter(), order), PageArgs())
    return [edge.node.name for edge in page.edges]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Muller", "Jörg Müller"),
        ("jorg", "Jörg Müller"),
        ("MÜLLER", "Jorg Muller"),
        ("strasse", "Anna Straße"),
        ("soren", "Søren Łukasz"),
        ("lukasz", "Søren Łukasz"),
        ("Anna Z", "A\u200bnna Zero"),
        ("Андрей", "Андрей"),
    ],
)
def test_a_name_is_found_without_its_accents(typed: str, stored: str) -> None:
    a_customer("Someone Else", "else@example.com")
    a_customer(stored)
    assert names(CustomerFilter(name=typed)) == [stored]


def test_marks_that_make_another_letter_are_kept() -> None:
    assert text.search_key("が") != text.search_key("か")
    assert text.search_key("की") != text.search_key("का")


def test_letters_with_accents_are_sorted_beside_the_plain_ones() -> None:
    for number, name in enumerate(("Zebra", "Äpfel", "Anton", "ångström", "Éclair", "Ende", "öl", "Otto")):
        a_customer(name, f"c{number}@example.com")
    assert names(order=["name"]) == ["ångström", "Anton", "Äpfel", "Éclair", "Ende", "öl", "Otto", "Zebra"]


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u2060\ufeff", "\u115f\u1160", "\uffa0 \u2800"])
def test_a_name_that_nobody_can_see_is_blank(name: str) -> None:
    with pytest.raises(InvalidInput, match="Name cannot be blank"):
        a_customer(name)
    with pytest.raises(InvalidInput, match="Reason must have"):
        text.checked_line(name, "reason")


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("post@bücher2.example", "post@xn--bcher2-3ya.example"),
        ("post@bücher2.example", "Post@BÜCHER2.example"),
        ("post@xn--bcher2-3ya.example", "post@XN--BCHER2-3YA.example"),
        ("straße@example.com", "STRA\u1e9eE@example.com"),
    ],
)
def test_an_address_is_one_in_each_spelling(one: str, same: str) -> None:
    ann = a_customer(email=one)
    with pytest.raises(DuplicateEmail):
        a_customer(email=same)
    assert customers.find_by_email(same) == ann


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("info@straße.example.de", "info@strasse.example.de"),
        ("straße@example.de", "strasse@example.de"),
        ("info@xn--strae-oqa.example.de", "info@strasse.example.de"),
        ("müller@example.de", "muller@example.de"),
        ("info@xn--\u00e9.example", "info@xn--e.example"),
    ],
)
def test_addresses_that_only_look_alike_are_two(one: str, other: str) -> None:
    first, second = a_customer(email=one), a_customer(email=other)
    assert customers.find_by_email(one) == first
    assert customers.find_by_email(other) == second


def test_a_cursor_belongs_to_what_a_filter_means() -> None:
    """Clients that spell names in camel case or snake case, or type a name in another case, go on with the same cursor."""
    ann, lamp = a_customer("Zoë Zxx"), a_product()
    placed = [orders.place(ann.id, {lamp.id: 1}).order.id for _ in range(3)]
    first = read_page(list_orders(OrderFilter(customer_name="ZXX"), ["-order_date"]), PageArgs(first=1))
    same = list_orders(OrderFilter(customer_name="zxx", status=None, product_name=""), ["-orderDate", "orderDate"])
    rest = read_page(same, PageArgs(after=first.end_cursor))
    assert {edge.node.id for edge in (*first.edges, *rest.edges)} == set(placed)
    assert len(rest.edges) == 2
    for other in (
        list_orders(OrderFilter(customer_name="zx"), ["-orderDate"]),
        list_orders(OrderFilter(customer_name="zxx"), ["orderDate"]),
        list_orders(OrderFilter(customer_name="zxx", status="PLACED"), ["-orderDate"]),
    ):
        with pytest.raises(InvalidCursor):
            read_page(other, PageArgs(after=first.end_cursor))
