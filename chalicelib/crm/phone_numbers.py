"""Phone numbers: compare a number that is written nationally with one that is written internationally.

Two numbers are compared by their digits without country code and leading zeros, so `030 123456`, `(030) 123456`,
`+49 30 123456`, `0049 30 123456` and `+49 (0)30 123456` are one. If both have a country code, it must be the same, too.
"""

from typing import NamedTuple

from chalicelib.store.index_scan import end_of_prefix

_SHORT_CODES = ("1", "7")
_CODES_OF_TWO_DIGITS = frozenset(
    [
        "20",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "36",
        "39",
        "40",
        "41",
        "43",
        "44",
        "45",
        "46",
        "47",
        "48",
        "49",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "81",
        "82",
        "84",
        "86",
        "90",
        "91",
        "92",
        "93",
        "94",
        "95",
        "98",
    ]
)
"""Country codes are prefix-free (ITU-T E.164): one digit, one of these, or three digits."""
_DIGITS = frozenset("0123456789")


class PhoneNumber(NamedTuple):
    """`country` is None if the number has no country code. In the beginning of a number it may be incomplete.

    `digits` are the others, without leading zeros: the zero for calls from within the country is often kept or left out.
    """

    country: str | None
    digits: str

    def matches(self, beginning: "PhoneNumber") -> bool:
        """Return whether this number begins in that way."""
        if beginning.country is None or (self.country is None and beginning.digits):
            return self.digits.startswith(beginning.digits)
        if self.country is None:
            return False
        if not beginning.digits:
            return self.country.startswith(beginning.country)
        return self.country == beginning.country and self.digits.startswith(beginning.digits)

    @property
    def key(self) -> str:
        """The value that numbers are sorted by."""
        return (self.digits or "0") + ("" if self.country is None else f"+{self.country}")


def parse(text: str) -> PhoneNumber:
    """Return the number, or the beginning of a number, that the text has."""
    digits = "".join(character for character in text if character in _DIGITS)
    is_international = "+" in text
    if not is_international and digits.startswith("00"):
        is_international, digits = True, digits[2:]
    if not is_international:
        return PhoneNumber(None, digits.lstrip("0"))
    length = 1 if digits.startswith(_SHORT_CODES) else 2 if digits[:2] in _CODES_OF_TWO_DIGITS else 3
    return PhoneNumber(digits[:length], digits[length:].lstrip("0"))


def sort_value(phone: str | None) -> str:
    """Return the value that customers are sorted by: an empty text without a phone number."""
    return parse(phone).key if phone else ""


def is_match(phone: str | None, beginning: PhoneNumber) -> bool:
    return phone is not None and parse(phone).matches(beginning)


def bounds(beginning: PhoneNumber) -> tuple[str, str]:
    """Return the range of sort values that has all numbers with this beginning, and perhaps some of other countries."""
    return beginning.digits or "0", end_of_prefix(beginning.digits or "9")
