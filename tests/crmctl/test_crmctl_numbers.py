"""Numbers that mean one thing in English and another in German."""

import pytest

from crmctl.imports.number_format import NumberFormat
from crmctl.row_values import InvalidValue, parse_decimal, parse_integer

pytestmark = pytest.mark.no_database
UNSTATED = NumberFormat()


@pytest.mark.parametrize("text", ["1.000", "12.500", "-999.999", "+1.234"])
def test_three_decimals_are_refused_as_ambiguous(text: str) -> None:
    for parse in (parse_decimal, parse_integer):
        with pytest.raises(InvalidValue, match="is ambiguous; write") as refused:
            parse("price", text, UNSTATED)
        assert refused.value.code == "INVALID_NUMBER"


@pytest.mark.parametrize("text", ["1", "1.0", "1.00", "0.500", "1.0000", "1234.000", ".125"])
def test_other_decimals_have_one_meaning(text: str) -> None:
    assert parse_decimal("price", text, UNSTATED) == text


@pytest.mark.parametrize(("text", "number"), [("39.0", 39), ("39.00", 39), ("1234.000", 1234)])
def test_whole_numbers_of_spreadsheets_are_taken(text: str, number: int) -> None:
    assert parse_integer("stock", text, UNSTATED) == number
