"""Search: what is found by which text, and in which order."""

from typing import Any

import pytest

from chalicelib.crm import customers, deleted_customers, imported_orders, products, search
from chalicelib.errors import CrmError, DuplicateEmail, InvalidCursor, InvalidInput
from chalicelib.store import read_budget
from chalicelib.store.read_budget import ReadBudget
from tests.builders import a_customer, a_past_order, a_product
from tests.crm.search_looks import ALL, ids_of, index_rows

pytestmark = [pytest.mark.no_database, pytest.mark.usefixtures("environment")]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Evans", "evans"),
        ("Jean-Luc O\u2019Neil", "neil jean"),
        ("Jean-Luc O\u2019Neil", "jean-luc o'n"),
        ("Zoë Müller", "muller zoe"),
        ("Ærø Łódź", "lodz aero"),
        ("Дмитрий Ёлкин", "елкин ДМИ"),
        ("Νίκος Παπαδόπουλος", "παπαδοπουλοσ"),
        ("محمد علي", "علي"),
        ("שרה כהן", "כהן"),
        ("山田太郎", "太郎"),
        ("山田太郎", "山田"),
        ("김철수", "철수"),
        ("山田 タロウ", "タロ"),
        ("\uff46\uff55\uff4c\uff4c width", "full"),
        ('(Old) "Smith", Ltd.', "smith old ltd"),
        ("🎉 Party", "🎉"),
        ("Ann\u00ad Lee", "ann lee"),
    ],
)
def test_a_name_is_found_by_the_beginnings_of_its_words(name: str, typed: str) -> None:
    wanted = a_customer(name)
    a_customer("Somebody Else")
    assert ids_of(typed) == [wanted.id]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Evans", "vans"),
        ("Ann Lee", "lee ben"),
        ("Ann Lee", "annlee"),
        ("タロウ", "ロウ"),
        ("Ann", "!!!"),
        ("Ann", "  "),
    ],
)
def test_what_begins_no_word_is_not_found(name: str, typed: str) -> None:
    a_customer(name)
    assert ids_of(typed) == []


@pytest.mark.parametrize("stored", ["+49 30 123456", "0049 (0)30/123-456", "+49 (0)30 123456"])
@pytest.mark.parametrize(
    "typed",
    [
        "030 123456",
        "30123",
        "+49 30 12",
        "0049 30 123 456",
        "4930123456",
        "(030) 12-34",
        "+49",
        "ann 030 123",
        "030 1 ann",
    ],
)
def test_a_phone_number_is_found_with_and_without_its_country(stored: str, typed: str) -> None:
    wanted = a_customer("Ann Lee", phone=stored)
    a_customer("Ann Lee", phone="+44 20 99999999")
    assert ids_of(typed) == [wanted.id]


def test_a_number_without_a_country_is_found_by_one_with_it() -> None:
    wanted = a_customer(phone="030 123456")
    a_customer(phone="+44 30 123456")
    assert ids_of("+49 30 1234") == [wanted.id]


def test_digits_are_words_as_well() -> None:
    studio, called = a_customer("Studio 54"), a_customer("Ann Lee", phone="+1 540 555 0100")
    lamp = a_product("Lamp", sku="54-W")
    assert ids_of("54") == [called.id, lamp.id, studio.id]
    assert ids_of("studio 54") == [studio.id]


def test_digits_after_a_plus_are_a_phone_number_only() -> None:
    called, lamp = a_customer("Studio 54", phone="+49 30 123456"), a_product("Lamp 49 30 12", sku="49-30")
    a_customer("49 30 12 Ltd")
    assert ids_of("+49 30 12") == ids_of("studio 54 +49 30 12") == [called.id]
    assert lamp.id in ids_of("49 30 12")
    with read_budget.spend(ReadBudget(rows=10**6, calls=3)):
        assert len(search.find("+49 30 1", ALL).edges) == 1, "claims, phone numbers, and the customer"


def test_exact_values_come_first_then_names_that_begin_with_the_text() -> None:
    lamp, lamps = a_product("Zebra", sku="LAMP"), a_product("Lamp shade")
    desk, light = a_product("Desk lamp"), a_customer("Lamp Light")
    order, _ = imported_orders.record(a_past_order(light, (lamp, 1, "1"), reference="lamp"))
    exact = sorted([lamp.id, order.id])
    assert ids_of("lamp") == [*exact, light.id, lamps.id, desk.id]
    assert ids_of("Lamp") == [lamp.id, order.id, light.id, lamps.id, desk.id], "references are exact as written"


@pytest.mark.parametrize("change", [str, str.lower, str.upper, lambda each: f"  {each} "])
def test_ids_and_addresses_are_found_however_they_are_written(change: Any) -> None:
    ann, lamp = a_customer("Ann", "Ann.Lee@Example.com"), a_product("Lamp")
    order, _ = imported_orders.record(a_past_order(ann, (lamp, 1, "1")))
    for row in (ann, lamp, order):
        assert ids_of(change(row.id)) == [row.id]
    assert ids_of(change(ann.email)) == [ann.id]
    assert ids_of("ann.l") == [ann.id]
    assert ids_of("lee@") == []


def test_only_the_wanted_kinds_are_found() -> None:
    ann, lamp = a_customer("Lamp Lee", "lamp@example.com"), a_product("Lamp", sku="lamp@example.com")
    assert ids_of("lamp@example.com", "cus") == [ann.id]
    assert ids_of("lamp", "prd") == [lamp.id]
    assert ids_of(ann.id, "prd", "ord") == []
    assert search.find("lamp", []).edges == []


def test_an_archived_product_is_found_by_its_id_only() -> None:
    ann, lamp = a_customer("Ann"), a_product("Lamp", sku="L1")
    imported_orders.record(a_past_order(ann, (lamp, 1, "1")))
    products.delete(lamp.id)
    assert ids_of("lamp") == ids_of("L1") == []
    assert ids_of(lamp.id) == [lamp.id]


def test_a_restored_customer_is_found_again_and_by_the_new_name_only() -> None:
    ann = a_customer("Ann Lee", phone="030 123456")
    deleted_customers.delete(ann.id)
    assert ids_of("ann") == ids_of("030 1234") == ids_of(ann.id) == []
    assert index_rows() == {}
    deleted_customers.restore(ann.id)
    assert ids_of("ann") == ids_of("030 1234") == [ann.id]
    customers.update(ann.id, {"name": "Bea Lee"})
    assert (ids_of("ann"), ids_of("bea lee"), ids_of("lee bea")) == ([], [ann.id], [ann.id])


def test_a_refused_customer_leaves_no_index_rows() -> None:
    a_customer("Ann", "ann@example.com")
    before = index_rows()
    with pytest.raises(DuplicateEmail):
        customers.create("Bea", "ann@example.com")
    assert index_rows() == before


def test_an_import_under_a_used_reference_leaves_no_index_rows() -> None:
    ann, lamp = a_customer("Ann"), a_product("Lamp")
    imported_orders.record(a_past_order(ann, (lamp, 1, "1"), reference="INV-7"))
    before = index_rows()
    with pytest.raises(CrmError):
        imported_orders.record(a_past_order(ann, (lamp, 2, "1"), reference="INV-7"))
    assert index_rows() == before
    assert len(ids_of("inv 7")) == 1


@pytest.mark.parametrize("typed", ["a" * 301, "x " * 300, "é" * 1_000_000])
def test_a_text_that_is_too_long_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        search.find(typed, ALL)
    assert refused.value.field == "text"


@pytest.mark.parametrize(
    "typed",
    [
        "", "'", "---", "\u0301" * 300, "e" + "\u0301" * 299, "\u202eevil", "\ud800", "\x00", "\x1f", "a\x1fb", "ﷺ" * 300,
        "+", "00", "0", "()0", "+0", "🏳️‍🌈" * 50, "_", "cus_", "cus_" + "Z" * 26, "0 " * 150, "@", "a@b", "%", "*", "ㅤ",
    ],
)  # fmt: skip
def test_hostile_texts_find_nothing_and_break_nothing(typed: str) -> None:
    a_customer("Quite Normal", phone="+7 916 123 45 67")
    assert ids_of(typed) == []


def test_a_cursor_belongs_to_its_text_and_kinds() -> None:
    for _ in range(3):
        a_customer("Ann Lee")
    cursor = search.find("ann", ALL, first=1).end_cursor
    assert len(search.find("ann", ALL, after=cursor).edges) == 2
    for typed, kinds in (("ann l", ALL), ("ann", ("cus",))):
        with pytest.raises(InvalidCursor):
            search.find(typed, kinds, after=cursor)
    with pytest.raises(InvalidInput):
        search.find("ann", ALL, first=101)
