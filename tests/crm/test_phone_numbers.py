"""A phone number is found in its national and in its international form."""

import pytest

from chalicelib.crm import customers, phone_numbers
from chalicelib.crm.list_filters import CustomerFilter
from chalicelib.crm.list_queries import list_customers
from tests.builders import a_customer
from tests.crm.crm_data import follow, ids_of, rows_of

BERLIN = ("+49 30 123456", "0049 30 123456", "+49 (0)30 123456", "030 123456", "(030) 12-34-56")
RENO = ("+1 775 555-0100", "001 775 555 0100", "(775) 555-0100")


@pytest.mark.no_database
@pytest.mark.parametrize("numbers", [BERLIN, RENO, ("+39 06 6982", "06 6982"), ("+353 1 6781", "(01) 6781")])
def test_all_forms_of_a_number_match_each_other(numbers: tuple[str, ...]) -> None:
    for stored in numbers:
        for typed in numbers:
            assert phone_numbers.is_match(stored, phone_numbers.parse(typed)), (stored, typed)


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("stored", "beginning", "is_match"),
    [
        ("+49 711 284", "0711 2", True),
        ("+49 711 284", "711 284", True),
        ("+49 711 284", "+49 711 2", True),
        ("+49 711 284", "+4", True),
        ("+49 711 284", "+", True),
        ("+49 711 284", "0", True),
        ("+49 711 284", "+1 711", False),
        ("+49 711 284", "+48", False),
        ("+49 711 284", "11 284", False),
        ("0711 284", "+49 711", True),
        ("0711 284", "+49", False),
        ("0711 284", "+", False),
        ("+1 301 555 0100", "+49 30", False),
        ("+1 301 555 0100", "030", True),
        ("0000000", "0", True),
        (None, "0", False),
        (None, "+", False),
    ],
)
def test_the_beginning_of_a_number_is_enough(stored: str | None, beginning: str, is_match: bool) -> None:  # noqa: FBT001
    assert phone_numbers.is_match(stored, phone_numbers.parse(beginning)) == is_match


@pytest.mark.no_database
@pytest.mark.parametrize(
    ("number", "country", "digits"),
    [("+1 775 5", "1", "7755"), ("+7 495", "7", "495"), ("+20 2", "20", "2"), ("+358 9", "358", "9"), ("+4", "4", "")],
)
def test_country_codes_have_one_two_or_three_digits(number: str, country: str, digits: str) -> None:
    assert phone_numbers.parse(number) == (country, digits)


def test_customers_are_listed_by_either_form() -> None:
    made = {number: a_customer(phone=number).id for number in (*BERLIN, *RENO, "+1 301 234 5678")}
    a_customer()
    berlin, reno = ({made[number] for number in numbers} for numbers in (BERLIN, RENO))
    for typed in ("+49 30", "0049 30 12", "+49 (0)30 123456"):
        assert found(typed) == berlin, typed
    for typed in ("030 12", "(030)", "30 123456"):
        assert found(typed) - {made["+1 301 234 5678"]} == berlin, typed
    for typed in RENO:
        assert found(typed) == reno, typed
    assert found("+49") == {made[number] for number in BERLIN[:3]}
    assert found("0") == set(made.values())


def test_a_changed_number_is_found_by_its_new_form_only() -> None:
    customer = a_customer(phone="030 123456")
    customers.update(customer.id, {"phone": "+49 40 654321"})
    assert (found("030"), found("040 65")) == (set(), {customer.id})


def found(typed: str) -> set[str]:
    return set(ids_of(rows_of(follow(list_customers(CustomerFilter(phone_prefix=typed)), 2))))
