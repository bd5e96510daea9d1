"""Numbers, dates and phone numbers as people write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from chalicelib.crm import text as server_text
from crmctl.import_rows import Converter
from crmctl.imports.date_format import AmbiguousDate, DateEvidence, parse_moment
from crmctl.imports.formats import FormatEvidence, Formats, combine
from crmctl.imports.number_format import DecimalEvidence, NumberFormat
from crmctl.imports.phone_text import MAX_NOTE_LENGTH, read_phone
from crmctl.imports.workspace import StoredRow
from crmctl.order_rows import OrderOptions
from crmctl.row_values import InvalidValue, parse_date, parse_decimal, parse_integer

pytestmark = pytest.mark.no_database
GERMAN = NumberFormat(",", ".", "€ EUR", is_decimal_stated=True)
US = NumberFormat(".", ",", "$", is_decimal_stated=True)


@pytest.mark.parametrize(
    ("numbers", "text", "plain"),
    [
        (GERMAN, "1.234,50 €", "1234.50"),
        (GERMAN, "EUR 1.000", "1000"),
        (GERMAN, "\u2212 3,5", None),
        (GERMAN, "\u22123,5", "-3.5"),
        (GERMAN, "12.50", None),
        (US, "$1,299.00", "1299.00"),
        (US, "-$1,299", "-1299"),
        (US, "1,2,3", None),
        (US, "12,50", None),
        (NumberFormat(",", " "), "1\u202f234\u00a0567,50", "1234567.50"),
        (NumberFormat(".", "'"), "1'234.50", "1234.50"),
        (NumberFormat(","), "12,5", "12.5"),
    ],
)
def test_a_number_is_read_in_the_stated_format_or_refused(numbers: NumberFormat, text: str, plain: str | None) -> None:
    if plain is not None:
        assert parse_decimal("price", text, numbers) == plain
        return
    with pytest.raises(InvalidValue, match="is not a number"):
        parse_decimal("price", text, numbers)


def test_a_stated_mark_makes_three_decimals_unambiguous() -> None:
    assert parse_integer("stock", "1.000", NumberFormat(".", is_decimal_stated=True)) == 1
    assert parse_integer("stock", "1.000", GERMAN) == 1000
    with pytest.raises(InvalidValue, match="ambiguous"):
        parse_integer("stock", "1,000", NumberFormat(","))


@pytest.mark.parametrize(
    ("texts", "decimal"),
    [
        (["12,50", "3", "1,000"], ","),
        (["12,50", "3.25"], "."),
        (["12.50"], "."),
        (["1,000", "1.000"], "."),
        (["€ 12,5"], ","),
        ([], "."),
    ],
)
def test_the_decimal_mark_is_what_all_numbers_show(texts: list[str], decimal: str) -> None:
    evidence = DecimalEvidence()
    for text in texts:
        evidence.note(text)
    assert evidence.decimal == decimal


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("12,50", "--decimal ,"),
        ("1,299.00", "--thousands and --decimal"),
        ("$49.95", "--currency '$'"),
        ("many", "digits like 1234.50"),
    ],
)
def test_a_refused_number_names_the_option(text: str, hint: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        parse_decimal("price", text, NumberFormat())
    assert str(refused.value).endswith(hint) or hint in str(refused.value)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-09-10 09:00:00 UTC", None, datetime(2026, 9, 10, 9, tzinfo=UTC)),
        ("2026-09-10 09:00:00 -0400", None, datetime(2026, 9, 10, 9, tzinfo=timezone(-timedelta(hours=4)))),
        ("2026-09-10T09:00:00.5+05:30", None, datetime(2026, 9, 10, 9, 0, 0, 500000, timezone(timedelta(hours=5.5)))),
        ("2026/9/3", None, date(2026, 9, 3)),
        ("2024-03-12 09:14", None, datetime(2024, 3, 12, 9, 14)),  # noqa: DTZ001 - as written
        ("10.09.2026", "dmy", date(2026, 9, 10)),
        ("3/15/2024 2:30 PM", "mdy", datetime(2024, 3, 15, 14, 30, tzinfo=UTC)),
        ("3/15/2024, 12:05:07 a.m.", "mdy", datetime(2024, 3, 15, 0, 5, 7, tzinfo=UTC)),
        ("4/4/2024", None, date(2024, 4, 4)),
    ],
)
def test_dates_of_shops_are_read(text: str, order: str | None, expected: datetime | date) -> None:
    assert parse_moment(text, order) == expected


@pytest.mark.parametrize(
    "text", ["3/15/2024", "31.31.2024", "2024-02-30", "3/4/24", "13:00", "1/2/2024 13:00 PM", "x", ""]
)
def test_no_date_is_guessed(text: str) -> None:
    with pytest.raises(InvalidValue, match="is not a date"):
        parse_date("order_date", text, "dmy")


def test_an_ambiguous_date_is_refused_with_the_remedy() -> None:
    with pytest.raises(AmbiguousDate):
        parse_moment("3/4/2024", None)
    with pytest.raises(InvalidValue, match=r"two meanings; set --dates dmy .*, or --dates mdy") as refused:
        parse_date("order_date", "10.09.2026")
    assert refused.value.code == "AMBIGUOUS_DATE"


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["3/4/2024", "3/15/2024"], "mdy"),
        (["31.1.2024"], "dmy"),
        (["3/15/2024", "15/3/2024"], None),
        (["13/13/2024"], None),
    ],
)
def test_another_date_of_the_column_may_show_the_order(texts: list[str], order: str | None) -> None:
    evidence = DateEvidence()
    for text in texts:
        evidence.note(text)
    assert evidence.order == order


def test_what_the_user_says_comes_before_what_the_table_shows() -> None:
    evidence = FormatEvidence("products")
    evidence.note({"price": "12,50", "sku": "1,5", "name": "3/15/2024"})
    assert evidence.formats({}).numbers.decimal == ","
    assert str(evidence.formats({})) == "decimal comma"
    assert evidence.formats({"decimal": "."}).numbers.decimal == "."
    assert evidence.formats({"dates": "mdy"}).dates == "mdy"


@pytest.mark.parametrize(
    ("text", "phone", "kept"),
    [
        ("+1 555 123 4567", "+1 555 123 4567", ""),
        ("'+31612345678", "+31612345678", ""),
        ("+49\u00a0711\u202f2842222", "+49 711 2842222", ""),
        ("\u202a+49 711 2842222\u202c", "+49 711 2842222", ""),
        ("0711\u20132842222", "0711-2842222", ""),
        ("tel: (775) 555-0154", "(775) 555-0154", ""),
        ("+1 775-555-0155 ext. 12", "+1 775-555-0155", "+1 775-555-0155 ext. 12"),
        ("(775) 555-0155 x12", "(775) 555-0155", "(775) 555-0155 x12"),
        ("0711/2842222; 0171 1234567", "0711/2842222", "0711/2842222; 0171 1234567"),
        ("n/a", None, "n/a"),
        ("tel: ask\u2028Anna\x00", None, "tel: ask Anna"),
        ("12", None, "12"),
        ("1" * 41, None, "1" * 41),
        ("x" * 200, None, "x" * 99 + "\u2026"),
        ("-", None, ""),
        ("\u3164", None, ""),
        ("  ", None, ""),
        ("", None, ""),
    ],
)
def test_a_phone_number_never_costs_a_customer_and_nothing_of_it_is_lost(
    text: str, phone: str | None, kept: str
) -> None:
    found = read_phone(text)
    assert (found.number, found.note or "") == (phone, kept)
    assert bool(found.warning) is bool(kept)
    assert server_text.checked_phone(found.number) == found.number
    assert server_text.checked_phone_note(found.note) == found.note


def test_a_note_of_the_file_stays_as_it_is() -> None:
    assert (
        read_phone("+1 555 123 4567", "\u00bd, ask \U0001f468\u200d\U0001f469").note
        == "\u00bd, ask \U0001f468\u200d\U0001f469"
    )
    assert read_phone("later", "ask Anna").note == "ask Anna; later"
    assert read_phone("later", "later").note == "later"
    long = read_phone("", "a\u202eb" + "\ufdfa" * MAX_NOTE_LENGTH)
    assert server_text.checked_phone_note(long.note) == long.note
    assert long.warning == "the phone note is long; only the first 100 characters are kept"


@pytest.mark.parametrize(("text", "rounded"), [("1.5", 2), ("0.2", 1), ("-1.5", -2), ("-0.1", -1), ("2.0", 2)])
def test_fractional_quantities_are_rounded_on_request_only(text: str, rounded: int) -> None:
    values = {"order_ref": "A", "customer_email": "a@example.com", "order_date": "2024-01-01"}
    rows = [StoredRow(2, {**values, "sku": "TEA", "quantity": text, "unit_price": "1"})]
    options = OrderOptions(rounds_quantities=True)
    (record,) = Converter(Formats(), options).to_records("orders", rows)
    assert record.input["lines"][0]["quantity"] == rounded
    assert bool(record.warnings) is (text != "2.0")
    if record.warnings:
        with pytest.raises(InvalidValue, match="use --round-quantities"):
            Converter(Formats()).to_records("orders", rows)


def test_a_mark_between_thousands_is_no_decimal_mark() -> None:
    evidence = FormatEvidence("products")
    evidence.note({"price": "1.000"})
    assert parse_decimal("price", "1.000", evidence.formats({"thousands": "."}).numbers) == "1000"
    assert parse_decimal("price", "1,000", evidence.formats({"thousands": ","}).numbers) == "1000"
    preset = {"decimal": ".", "thousands": ",", "currency": "$"}
    swapped = combine(preset, {"thousands": "."})
    assert parse_decimal("price", "$1.000,5", evidence.formats(swapped).numbers) == "1000.5"
    assert combine(preset, {"decimal": ","}) == {"decimal": ",", "currency": "$"}
    assert combine(preset, {"dates": "dmy"}) == {**preset, "dates": "dmy"}
    evidence.note({"price": "4.50"})
    assert parse_decimal("price", "4.50", evidence.formats({"thousands": "."}).numbers) == "4.50"
    with pytest.raises(InvalidValue, match="ambiguous"):
        parse_decimal("price", "1.000", evidence.formats({"thousands": "."}).numbers)
